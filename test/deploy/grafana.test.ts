import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type AdminScene, startAdminScene } from '../admin/scene.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { json } from '../support/engine-answers.ts'

const read = (name: string) => readFileSync(new URL(`../../deploy/grafana/${name}`, import.meta.url), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}
interface Target {
  readonly expr: string
  readonly datasource: { readonly uid: string }
}
interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly w: number }
  readonly targets?: readonly Target[]
}

const { groups } = parse(read('alerts.yaml')) as { groups: { name: string; rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(read('dashboard.json')) as {
  schemaVersion: number
  title: string
  uid: string
  panels: Panel[]
  templating: { list: { name: string; type: string; query: unknown }[] }
}
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

/** Made by Prometheus itself for whatever it scrapes. */
const OF_PROMETHEUS = 'up'
const LABELS_OF_PROMETHEUS = new Set(['job', 'instance'])
const WORDS = new Set(['and', 'or', 'unless', 'by', 'on', 'without', 'ignoring', 'bool', 'offset'])

/** Metric name, then label, then its values, as a gate shows them that has carried a request. */
const shown = new Map<string, Map<string, Set<string>>>()
let scene: AdminScene

beforeAll(async () => {
  const ca = makeTestCertificate({ subject: [{ CN: 'ca' }], ca: true })
  scene = await startAdminScene({ issuers: '  staff: { certificate: { authorities: ca.crt } }' }, (write) =>
    write('ca.crt', ca.certificate),
  )
  scene.engine.answer(json(200, {}))
  const connection = await scene.open()
  await connection.write(await scene.request('GET', '/info'))
  await connection.answer()
  connection.destroy()
  await scene.records(1)
  for (const line of (await scene.ask('GET', '/metrics')).text().split('\n')) {
    const [, name, labels = ''] = /^([a-z]\w*)(?:\{(.*)\})? /.exec(line) ?? []
    if (name === undefined) continue
    const found = shown.get(name) ?? new Map<string, Set<string>>()
    shown.set(name, found)
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      found.set(label, (found.get(label) ?? new Set()).add(value))
    }
  }
})
afterAll(() => scene.close())

/** The metrics of an expression with their matchers, and the labels that it groups by. */
function partsOf(expr: string) {
  const bare = expr.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[[^\]]*\]/g, '')
  const grouped = [...bare.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(/\s*,\s*/),
  )
  const plain = bare.replaceAll(/\b(?:by|on|without|ignoring)\s*\([^)]*\)/g, '').replaceAll(/\{[^}]*\}/g, '')
  const names = new Set(
    [...plain.matchAll(/\b([a-z]\w*)\b(?!\s*\()/g)].map(([, name = '']) => name).filter((name) => !WORDS.has(name)),
  )
  const selectors = [...expr.matchAll(/\b([a-z]\w*)(?:\{([^}]*)\})?/g)]
    .map(([, name = '', matchers = '']) => ({ name, matchers }))
    .filter(({ name }) => names.has(name))
  return { selectors, grouped }
}

/** What of an expression no gate shows. */
function unknownIn(expr: string): string[] {
  const { selectors, grouped } = partsOf(expr)
  const unknown: string[] = selectors.length === 0 ? [`no metric in ${expr}`] : []
  const labels = new Set<string>(LABELS_OF_PROMETHEUS)
  for (const { name, matchers } of selectors) {
    if (name === OF_PROMETHEUS) continue
    const known = shown.get(name)
    if (known === undefined) unknown.push(name)
    for (const label of known?.keys() ?? []) labels.add(label)
    for (const [, label = '', operator, value = ''] of matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)) {
      if (LABELS_OF_PROMETHEUS.has(label)) continue
      const values = known?.get(label)
      if (values === undefined) unknown.push(`${name}{${label}}`)
      else if (operator === '=' && !values.has(value)) unknown.push(`${name}{${label}="${value}"}`)
      else if (operator === '=~' && ![...values].some((one) => new RegExp(`^(?:${value})$`).test(one)))
        unknown.push(`${name}{${label}=~"${value}"}`)
    }
  }
  return [...unknown, ...grouped.filter((label) => !labels.has(label)).map((label) => `by (${label})`)]
}

describe('deploy/grafana/alerts.yaml', () => {
  it('has rules with a name of their own, a severity and a text each', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Dockgate[A-Z]\w+$/)
      expect(['warning', 'critical']).toContain(labels.severity)
      expect(annotations.summary).toContain('{{ $labels.instance }}')
      expect(annotations.description).not.toBe('')
    }
  })

  it.each(rules.map(({ alert, expr }) => [alert, expr]))('asks in %s only for what a gate shows', (_, expr) => {
    expect(unknownIn(expr)).toEqual([])
  })
})

describe('deploy/grafana/dashboard.json', () => {
  it('has what Grafana asks for: a schema version, panels within 24 columns, and where their data is from', () => {
    expect(dashboard).toMatchObject({ schemaVersion: 39, title: 'dockgate', uid: 'dockgate' })
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ])
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { gridPos, title, targets = [] } of panels) {
      expect(title).not.toBe('')
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      expect(targets).not.toEqual([])
      for (const { datasource } of targets) expect(datasource.uid).toBe('${datasource}')
    }
  })

  it.each(panels.map(({ title, targets = [] }) => [title, targets.map(({ expr }) => expr)] as const))(
    'asks in "%s" only for what a gate shows',
    (_, exprs) => {
      expect(exprs.flatMap((expr) => unknownIn(expr.replaceAll('$__rate_interval', '5m')))).toEqual([])
    },
  )

  it('shows every metric of the gate', () => {
    const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join(' ')
    const missing = [...shown.keys()].filter(
      (name) =>
        name.startsWith('dockgate_') && !name.endsWith('_sum') && !name.endsWith('_count') && !asked.includes(name),
    )
    expect(missing).toEqual(['dockgate_issuer_keys_failing', 'dockgate_config_timestamp_seconds'])
  })
})

it('finds what no gate shows, wherever it stands in an expression', () => {
  expect(unknownIn('sum by (decision) (rate(dockgate_requests_total{access="read"}[5m])) > 0')).toEqual([])
  expect(unknownIn('rate(dockgate_request_total[5m]) and dockgate_ready')).toEqual(['dockgate_request_total'])
  expect(unknownIn('dockgate_requests_total{reason="x"}')).toEqual(['dockgate_requests_total{reason}'])
  expect(unknownIn('dockgate_requests_total{decision="denied"}')).toEqual([
    'dockgate_requests_total{decision="denied"}',
  ])
  expect(unknownIn('sum by (subject) (dockgate_ready)')).toEqual(['by (subject)'])
})
