import { afterAll, describe, expect, it } from 'vitest'
import { loadPolicy } from '../../src/config/load.ts'
import { diffPolicies } from '../../src/policy/diff.ts'
import { createWorkspace } from '../config/workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

interface Text {
  readonly roles?: string
  readonly bindings?: readonly string[]
  readonly more?: string
  readonly audience?: string
}
const load = (name: string, { roles = '{}', bindings = [], more = '', audience = 'docker' }: Text) =>
  loadPolicy(
    workspace.write(
      name,
      `listeners: [{address: "127.0.0.1:2375"}]
ledger: {file: ledger.sqlite}
issuers:
  gitlab: {jwt: {preset: gitlab-ci, host: git.acme.io, audience: ${audience}}}
  staff: {certificate: {authorities: not-here.pem}}
roles: ${roles}
bindings: [${bindings.join(', ')}]
${more}`,
    ),
  )
const diff = (before: Text, after: Text) => diffPolicies(load('old.yaml', before), load('new.yaml', after))

const EVERYBODY = '{role: ci, issuer: gitlab}'
const SHOP = `{role: ci, issuer: gitlab, when: 'claims.project_path == "acme/shop"'}`
const roleDiff = (before: string, after: string) => {
  const { changes } = diff(
    { roles: `{ci: ${before}}`, bindings: [EVERYBODY] },
    { roles: `{ci: ${after}}`, bindings: [EVERYBODY] },
  )
  expect(changes.length).toBeLessThan(2)
  return changes[0]
}
const keysOf = (before: string, after: string) =>
  roleDiff(before, after)?.keys.map(
    ({ key, direction, added, removed }) =>
      `${direction} ${key}${added.map((one) => ` +${one}`).join('')}${removed.map((one) => ` -${one}`).join('')}`,
  ) ?? []

describe('who gains and who loses which operations', () => {
  it('nobody, between a configuration and the same in other words', () => {
    expect(
      diff(
        { roles: '{ci: {allow: [ContainerList, ContainerInspect]}}', bindings: [SHOP] },
        {
          roles: '{ci: {allow: [ContainerInspect, ContainerList]}, spare: {allow: [read]}}',
          bindings: [SHOP.replaceAll(' == ', '==')],
        },
      ),
    ).toEqual({ same: true, changes: [], issuers: [], reordered: [], others: [] })
  })

  it('those of a role that allows more or less', () => {
    expect(
      roleDiff('{allow: [ContainerList, ContainerTop]}', '{allow: [ContainerTop, ContainerAttach]}'),
    ).toMatchObject({
      who: [{ issuer: 'gitlab', when: null, owner: null }],
      before: 'ci',
      after: 'ci',
      gains: ['ContainerAttach', 'ContainerAttach with standard input'],
      losses: ['ContainerList'],
    })
  })

  it('those whom a binding speaks of that is new, or gone', () => {
    const roles = '{ci: {allow: [ContainerList]}}'
    const change = { gains: ['ContainerList'], losses: [], keys: [], root: null }
    expect(diff({ roles }, { roles, bindings: [SHOP] }).changes).toEqual([
      {
        who: [{ issuer: 'gitlab', when: 'claims.project_path == "acme/shop"', owner: null }],
        before: null,
        after: 'ci',
        ...change,
      },
    ])
    expect(diff({ roles, bindings: [SHOP] }, { roles }).changes).toMatchObject([
      { before: 'ci', after: null, gains: [], losses: ['ContainerList'] },
    ])
  })

  it('those who fall to another binding when theirs goes', () => {
    const roles = '{ci: {allow: [ContainerList, ContainerTop]}, all: {allow: [ContainerList]}}'
    const all = '{role: all, issuer: gitlab}'
    expect(diff({ roles, bindings: [SHOP, all] }, { roles, bindings: [all] }).changes).toMatchObject([
      { who: [{ when: 'claims.project_path == "acme/shop"' }], before: 'ci', after: 'all', losses: ['ContainerTop'] },
    ])
  })

  it('those whose binding is behind another one now', () => {
    const roles = '{ci: {allow: [ContainerList, ContainerTop]}, all: {allow: [ContainerList]}}'
    const all = '{role: all, issuer: gitlab}'
    const { changes, reordered } = diff({ roles, bindings: [SHOP, all] }, { roles, bindings: [all, SHOP] })
    expect(changes).toMatchObject([{ before: 'ci', after: 'all', gains: [], losses: ['ContainerTop'] }])
    expect(reordered).toEqual(['gitlab'])
  })

  it('together, where the same holds for several', () => {
    const bindings = [SHOP, '{role: ci, issuer: staff}']
    const { changes } = diff(
      { roles: '{ci: {allow: [ContainerList]}}', bindings },
      { roles: '{ci: {allow: [read]}}', bindings },
    )
    expect(changes.map(({ who }) => who.map(({ issuer }) => issuer))).toEqual([['gitlab', 'staff']])
  })

  it('those who become root on the host', () => {
    expect(roleDiff('{extends: ci-run}', '{extends: admin}')?.root).toMatch(/ContainerCreate with workload.privileged/)
    expect(roleDiff('{extends: operator}', '{extends: operator, allow: [read]}')?.root).toBeNull()
  })

  it('those who are another owner', () => {
    const roles = '{ci: {allow: [read], objects: own}}'
    const owner = (text: string) => [EVERYBODY.replace('}', `, owner: "${text}"}`)]
    const { changes } = diff(
      { roles, bindings: owner('${issuer}:${claims.project_id}') },
      { roles, bindings: owner('${issuer}:${claims.namespace_id}') },
    )
    expect(changes).toMatchObject([
      {
        who: [{ owner: { before: '${issuer}:${claims.project_id}', after: '${issuer}:${claims.namespace_id}' } }],
        gains: [],
        losses: [],
        keys: [],
      },
    ])
  })
})

describe('what a role may be asked for', () => {
  const role = (workload: string) => `{allow: [run], workload: ${workload}}`

  it.each([
    ['networks: [a]', 'networks: [a, b]', ['wider workload.networks +b']],
    ['networks: [a, b]', 'networks: [b]', ['narrower workload.networks -a']],
    ['networks: [a]', 'networks: [b]', ['other workload.networks +b -a']],
    ['networks: [a, b]', 'networks: [b, a]', []],
    ['privileged: false', 'privileged: true', ['wider workload.privileged']],
    ['privileged: false', '', []],
    ['', 'volumes: []', ['wider workload.volumes']],
    ['limits: {memory: 1GiB}', 'limits: {memory: 2GiB}', ['wider workload.limits.memory']],
    ['limits: {memory: unlimited}', 'limits: {memory: 2GiB}', ['narrower workload.limits.memory']],
    ['', 'limits: {memory: 2GiB}', ['other workload.limits.memory']],
    ['', 'limits: {shmSize: 2GiB}', ['wider workload.limits.shmSize']],
    ['limits: {ulimits: {nofile: 5}}', 'limits: {ulimits: {nofile: 4}}', ['narrower workload.limits.ulimits.nofile']],
    ['defaults: {memory: 1MiB}', 'defaults: {memory: 2MiB}', ['other workload.defaults.memory']],
    ['labels: {reserved: [a]}', 'labels: {reserved: [a, b]}', ['narrower workload.labels.reserved +b']],
    ['labels: {required: {a: b}}', 'labels: {required: {a: c}}', ['other workload.labels.required']],
    ['user: nonRoot', 'user: any', ['wider workload.user']],
    ['user: nonRoot', '', ['other workload.user']],
    ['', 'gpus: {}', ['wider workload.gpus']],
  ])('workload {%s} to {%s}', (before, after, keys) => {
    expect(keysOf(role(`{${before}}`), role(`{${after}}`))).toEqual(keys)
  })

  it.each([
    ['{allow: [run]}', '{allow: [run], workload: {}}', ['wider workload']],
    ['{allow: [exec], exec: {commands: [[ls]]}}', '{allow: [exec], exec: {commands: any}}', ['wider exec.commands']],
    ['{allow: [read]}', '{allow: [read], objects: own}', ['narrower objects']],
    ['{allow: [read], objects: own}', '{allow: [read], objects: {own: prefixed}}', ['other objects']],
    [
      '{allow: [read], objects: own}',
      '{allow: [read], objects: own, quotas: {containers: 5}}',
      ['narrower quotas.containers'],
    ],
    ['{allow: [read], objects: own, lifetime: 1h}', '{allow: [read], objects: own}', ['wider lifetime']],
    ['{allow: [read], objects: own, lifetime: 1h}', '{allow: [read], objects: own, lifetime: 2h}', ['wider lifetime']],
    ['{allow: [read], objects: own, endsWith: token}', '{allow: [read], objects: own}', ['wider endsWith']],
    ['{allow: [read]}', '{allow: [read], grace: {sessions: 1m}}', ['wider grace.sessions']],
    ['{allow: [read]}', '{allow: [read], grace: {}}', []],
  ])('%s to %s', (before, after, keys) => {
    expect(keysOf(before, after)).toEqual(keys)
  })

  it('has the keys of presets, and values as somebody would write them', () => {
    const [change] =
      roleDiff('{extends: ci-run}', '{extends: ci-run, workload: {limits: {memory: 1GiB, cpus: 1}}}')?.keys.filter(
        ({ key }) => key === 'workload.limits.memory',
      ) ?? []
    expect(change?.after).toBe('1024MiB')
    expect(change?.before).toMatch(/iB$|^unlimited$/)
  })
})

describe('all else', () => {
  const rest: Text = { roles: '{ci: {allow: [read]}}', bindings: [EVERYBODY] }

  it('names the keys of issuers that are others', () => {
    expect(diff(rest, { ...rest, audience: 'other' })).toEqual({
      same: false,
      changes: [],
      issuers: [{ issuer: 'gitlab', keys: ['jwt.audience'] }],
      reordered: [],
      others: [],
    })
  })

  it('names other parts', () => {
    expect(diff(rest, { ...rest, more: 'records: {file: a}' })).toMatchObject({ same: false, others: ['records'] })
  })

  it('survives JSON, unlimited values too', () => {
    const made = diff(
      { roles: '{ci: {extends: ci-run}}', bindings: [EVERYBODY] },
      { roles: '{ci: {extends: admin}}', bindings: [EVERYBODY] },
    )
    expect(JSON.parse(JSON.stringify(made))).toEqual(made)
  })
})
