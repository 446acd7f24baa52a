import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { METRICS } from '../src/admin/metric-table.ts'
import { ADMIN_PAGES } from '../src/config/admin-schema.ts'
import { checkPieces } from '../src/config/check.ts'
import { createFindings } from '../src/config/findings.ts'
import { includedSchema } from '../src/config/include.ts'
import { ISSUER_PRESETS, issuerPreset } from '../src/config/issuer-presets.ts'
import { piecesOf } from '../src/config/pieces.ts'
import { configSchema, roleSchema } from '../src/config/schema.ts'
import { FINDING_IDS } from '../src/doctor/types.ts'
import { createCounters } from '../src/gate/counters.ts'
import { compile } from '../src/policy/compile.ts'
import { PRESETS } from '../src/policy/profile/presets.ts'
import { compileRole } from '../src/policy/role.ts'
import { REASONS } from '../src/reasons.ts'
import { roleKeys } from './support/role-keys.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

it('lists every reason code with its status and cause in docs/reasons.md', () => {
  const rows = read('docs/reasons.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows).toEqual(
    Object.entries(REASONS).map(([code, { status, summary }]) => `| \`${code}\` | ${status} | ${summary} |`),
  )
})

it('lists every metric of the gate with its type, labels and meaning, in the order of the source, in docs/metrics.md', () => {
  const rows = read('docs/metrics.md')
    .split('\n')
    .filter((line) => line.startsWith('| `dockgate_'))
  const { gateTime, engineTime } = createCounters({ list: () => [] })
  const all = [
    ...METRICS,
    ...[gateTime, engineTime].map(({ name, help }) => ({ name, help, type: 'histogram', labels: ['access'] })),
  ]
  const cell = (text: string) => (text === '' ? ' ' : ` ${text} `)
  expect(rows).toEqual(
    all.map(({ name, type, labels, help }) => {
      const names = labels.map((label) => `\`${label}\``).join(', ')
      return `| \`${name}\` | ${type} |${cell(names)}| ${help} |`
    }),
  )
})

it('lists every page of the admin listener in docs/operations.md', () => {
  const [, table = ''] = read('docs/operations.md').split('| page | what it gives |')
  const rows = (table.split('\n\n')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'))
  expect(rows.map((row) => /^\| `([a-z-]+)` \|/.exec(row)?.[1])).toEqual([...ADMIN_PAGES])
})

it('lists every finding of the doctor, in the order of the source, in docs/doctor.md', () => {
  const [, table = ''] = read('docs/doctor.md').split('## Findings')
  expect([...table.matchAll(/^\| `([^`]+)` \| (?:danger|warning|note) \| /gm)].map(([, id]) => id)).toEqual(FINDING_IDS)
})

it("has every key of a role's parts with its meaning, and every preset, in docs/roles.md", () => {
  const rows = read('docs/roles.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const presets = Object.entries(PRESETS).map(([name, { meaning }]) => `| \`${name}\` | ${meaning} |`)
  const keys = [...roleKeys().values()].flat().map(([path, meaning]) => `| \`${path}\` | ${meaning} |`)
  expect(rows).toEqual([...presets, ...keys])
})

it('shows only roles in docs/roles.md that dockgate would take', () => {
  const blocks = [...read('docs/roles.md').matchAll(/```yaml\n(roles:[^`]*)```/g)].map(([, yaml]) => yaml ?? '')
  expect(blocks).toHaveLength(1)
  for (const yaml of blocks) {
    const findings = createFindings()
    for (const [name, role] of Object.entries(parse(yaml).roles)) compileRole(name, roleSchema.parse(role), findings)
    expect([...findings.problems, ...findings.warnings]).toEqual([])
  }
})

it.each(['README.md', 'docs/certificates.md', 'docs/owners.md'])(
  'shows only configurations in %s that dockgate would take',
  (page) => {
    const blocks = [...read(page).matchAll(/```yaml\n(listeners:[^`]*)```/g)].map(([, yaml]) => yaml ?? '')
    expect(blocks).toHaveLength(1)
    for (const yaml of blocks) {
      const findings = createFindings()
      expect(configSchema.safeParse(parse(yaml)).error).toBeUndefined()
      checkPieces(piecesOf(parse(yaml)), findings)
      compile(piecesOf(parse(yaml)), findings)
      expect([findings.problems, findings.warnings]).toEqual([[], []])
    }
  },
)

it("has the owner template of each issuer's preset in docs/owners.md", () => {
  const rows = read('docs/owners.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => {
      const [, names = '', template = ''] = line.split('|')
      const owner = /^ `(.*)` $/.exec(template)?.[1] ?? null
      return [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, owner])
    })
  expect(rows).toEqual(ISSUER_PRESETS.map((name) => [name, issuerPreset(name).owner]))
})

it('shows only issuers and bindings in docs/issuers.md that dockgate would take, one block for each preset', () => {
  const blocks = [...read('docs/issuers.md').matchAll(/```yaml\n(issuers:[^`]*)```/g)].map(([, yaml]) => yaml ?? '')
  const presets = blocks.map((yaml) => {
    const block: { issuers: object } = parse(yaml)
    const config = {
      ...block,
      listeners: [{ address: '127.0.0.1:2375' }],
      engine: 'unix:///run/docker.sock',
      roles: { ci: { allow: ['read'] } },
    }
    const findings = createFindings()
    checkPieces(piecesOf(config), findings)
    compile(piecesOf(config), findings)
    expect([findings.problems, findings.warnings]).toEqual([[], []])
    return Object.values(configSchema.parse(config).issuers).map(({ jwt }) => jwt?.preset)
  })
  expect(presets.flat()).toEqual([...ISSUER_PRESETS])
})

it('shows only included files in docs/configuration.md that dockgate would take', () => {
  const blocks = [...read('docs/configuration.md').matchAll(/```yaml\n(#[^`]*\nroles:[^`]*)```/g)].map(
    ([, yaml]) => yaml ?? '',
  )
  expect(blocks).toHaveLength(1)
  for (const yaml of blocks) expect(includedSchema.safeParse(parse(yaml)).error).toBeUndefined()
})
