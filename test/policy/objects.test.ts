import { afterAll, describe, expect, it } from 'vitest'
import { createFindings } from '../../src/config/findings.ts'
import { roleSchema } from '../../src/config/schema.ts'
import { OPERATIONS } from '../../src/engine/operations.ts'
import { neverWorks } from '../../src/policy/objects.ts'
import { compileRole } from '../../src/policy/role.ts'
import { createWorkspace } from '../config/workspace.ts'
import { principalWith } from './fixtures.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

const compiled = (config: object) => {
  const findings = createFindings()
  const role = compileRole('ci', roleSchema.parse({ allow: ['read'], ...config }), findings)
  return { role, problems: findings.problems.map(({ path, message }) => `${path.join('.')}: ${message}`) }
}
const rule = (config: object) => {
  const { role, problems } = compiled(config)
  expect(problems).toEqual([])
  return role.objects
}
const ANY = Number.POSITIVE_INFINITY

describe('whose objects a role is for', () => {
  it.each([{}, { objects: 'all' }, { extends: 'operator', allow: undefined }])('is everybody for %j', (config) => {
    expect(rule(config)).toBeNull()
  })

  it('is the caller, without bounds, where it says no more than own', () => {
    expect(rule({ objects: 'own' })).toEqual({
      names: 'plain',
      sharedImages: [],
      quotas: { containers: ANY, running: ANY, volumes: ANY, networks: ANY, images: ANY, memory: ANY, nanoCpus: ANY },
      lifetime: ANY,
      endsWithToken: false,
    })
  })

  it('has shared images, quotas and an end, in the units of the Engine API', () => {
    const own = rule({
      objects: { own: 'prefixed' },
      images: { shared: ['docker.io/library/*', 'registry.acme.io/${claims.team}/**'] },
      quotas: { containers: 8, running: 0, volumes: 4, networks: 2, images: 10, memory: '8GiB', cpus: 1.5 },
      lifetime: '2h',
      endsWith: 'token',
    })
    expect(own).toMatchObject({
      names: 'prefixed',
      quotas: { containers: 8, running: 0, volumes: 4, networks: 2, images: 10, memory: 2 ** 33, nanoCpus: 1.5e9 },
      lifetime: 7_200_000,
      endsWithToken: true,
    })
    const shared = (image: string) =>
      own?.sharedImages.some((pattern) => pattern.matches(image, principalWith({ claims: { team: 'web' } })))
    expect(shared('docker.io/library/alpine:3.20')).toBe(true)
    expect(shared('registry.acme.io/web/app:1')).toBe(true)
    expect(shared('registry.acme.io/shop/app:1')).toBe(false)
  })

  it('is the same on a preset', () => {
    expect(rule({ extends: 'ci-run', allow: undefined, objects: 'own', lifetime: '2h' })).toMatchObject({
      lifetime: 7_200_000,
    })
  })

  it.each([
    ['images', { images: { shared: [] } }, '; which images may be run is workload.images'],
    ['quotas', { quotas: { containers: 1 } }, ''],
    ['lifetime', { lifetime: '2h' }, ''],
    ['endsWith', { endsWith: 'token' }, ''],
  ])('gives %s a meaning: without own it is a problem', (key, config, more) => {
    for (const objects of [undefined, 'all']) {
      expect(compiled({ ...config, objects }).problems).toEqual([
        `roles.ci.${key}: is for roles with objects: own only: add that, or remove this${more}`,
      ])
    }
  })

  it.each(['buildkit', 'Session', 'Grpc', '*'])('cannot be told with %s, even where the role is root', (item) => {
    const { problems } = compiled({ extends: 'admin', allow: ['read', item], objects: 'own' })
    expect(problems).toEqual([
      expect.stringMatching(/^roles\.ci\.objects: BuildKit's tunnels .* whose .*DOCKER_BUILDKIT=0 .* objects: all$/),
    ])
  })
})

describe('T130 what a role says wrongly about objects', () => {
  const problems = (more: string) => workspace.problemsWith({ 6: `  observer: {allow: [read], ${more}}` }).join('\n')

  it.each([
    ['objects: onw', '6:38: roles.observer.objects: wants all, own or {own: prefixed}, not "onw"'],
    ['objects: true', '6:38: roles.observer.objects: wants all, own or {own: prefixed}, not the boolean true'],
    ['objects: {own: true}', '6:38: roles.observer.objects: wants all, own or {own: prefixed}, not a mapping'],
    ['objects: prefixed', 'wants all, own or {own: prefixed}, not "prefixed"'],
    ['images: ["docker.io/**"]', '6:37: roles.observer.images: wants a mapping, not a list'],
    ['images: {share: []}', 'unknown key "share"; did you mean "shared"?'],
    ['objects: own, images: {shared: [alpine]}', 'roles.observer.images.shared[0]: "alpine" is short for "docker.io/'],
    ['quotas: {container: 1}', 'unknown key "container"; did you mean "containers"?'],
    ['quotas: {containers: -1}', 'roles.observer.quotas.containers: must be at least 0'],
    ['quotas: {containers: 1.5}', 'roles.observer.quotas.containers: wants a whole number'],
    ['quotas: {memory: 4GB}', 'roles.observer.quotas.memory: wants a size such as 512MiB or 4GiB'],
    ['lifetime: 2', 'roles.observer.lifetime: wants a duration with its unit'],
    ['lifetime: 721h', 'roles.observer.lifetime: must be from 1s to 720h'],
    ['lifetime: 0s', 'roles.observer.lifetime: must be from 1s to 720h'],
    ['endsWith: tokens', '"tokens" is not one of token; did you mean "token"?'],
  ])('is told at its place: {%s}', (more, message) => {
    expect(problems(more)).toContain(message)
  })
})

describe('the ledger', () => {
  const OWN = { 6: '  observer: {allow: [read], objects: own}', 8: '  - {role: observer, issuer: local, owner: x}' }
  const withLedger = (file: string, more = {}) => ({ ...OWN, 1: `ledger: {file: ${file}}\nlisteners:`, ...more })

  it('is asked for where a role is for own objects, with the line to add, once', () => {
    const twice = { ...OWN, 6: `${OWN[6]}\n  second: {allow: [read], objects: {own: prefixed}}` }
    expect(workspace.problemsWith(twice)).toEqual([
      'dockgate.yaml:6:29: roles.observer.objects: whose images and unnamed volumes are whose must be written down: add ledger: {file: ledger.sqlite} beside "roles"',
    ])
    expect(workspace.problemsWith(withLedger('ledger.sqlite'))).toEqual([])
  })

  it('is not asked for where objects are all', () => {
    expect(workspace.problemsWith({ 6: '  observer: {allow: [read], objects: all}' })).toEqual([])
  })

  it('may be new in a directory that exists, and is a file of its own', () => {
    workspace.write('file', '')
    expect(workspace.problemsWith(withLedger('nowhere/ledger.sqlite'))).toEqual([
      expect.stringMatching(/^dockgate\.yaml:1:16: ledger\.file: the directory nowhere does not exist: mkdir it$/),
    ])
    expect(workspace.problemsWith(withLedger('.'))).toEqual([expect.stringContaining('is a directory')])
    const records = { 1: 'records: {file: ./a.jsonl}\nledger: {file: a.jsonl}\nlisteners:' }
    expect(workspace.problemsWith({ ...OWN, ...records })).toEqual([
      'dockgate.yaml:2:16: ledger.file: a.jsonl is records.file already: the ledger wants a file of its own',
    ])
  })

  it('is worth a word where nothing is written down', () => {
    expect(workspace.warningsWith({ 1: 'ledger: {file: a.sqlite}\nlisteners:' })).toEqual([
      '1:1: ledger: not used: no role has objects: own',
    ])
  })
})

describe('the warnings about own objects', () => {
  const warnings = (role: string) =>
    workspace
      .warningsWith({
        1: 'ledger: {file: ledger.sqlite}\nlisteners:',
        6: `  observer: {objects: own, ${role}}`,
        8: '  - {role: observer, issuer: local, owner: x}',
      })
      .map((line) => line.replace(/^\d+:\d+: /, ''))

  it('tell of a role that is root on the host all the same', () => {
    expect(warnings('allow: [ContainerCreate], workload: {privileged: true}')).toEqual([
      'roles.observer.objects: own objects keep nobody from the others\' here: the role is as good as root on the host (ContainerCreate with workload.privileged); "dockgate check" lists every way',
    ])
  })

  it('tell of operations that are about nothing that has an owner', () => {
    expect(warnings('allow: [read, "*Prune", NodeDelete]')).toEqual([
      'roles.observer.allow: BuildPrune, NodeDelete never work for own objects: what they are about has no owner; leave them to another role',
    ])
  })

  it.each([
    ['a limit', 'limits: {memory: 1GiB, cpus: 1}', []],
    ['no limit', 'images: []', ['memory', 'cpus']],
    ['an unlimited one', 'limits: {memory: unlimited, cpus: 1}', ['memory']],
  ])('tell of a quota of what containers need not state: with %s', (_what, workload, keys) => {
    expect(warnings(`allow: [read], quotas: {memory: 4GiB, cpus: 2}, workload: {${workload}}`)).toEqual(
      keys.map((key) => expect.stringContaining(`quotas.${key}: a container that states no ${key} counts for nothing`)),
    )
  })

  it('say nothing of a bounded role', () => {
    expect(warnings('extends: ci-run, quotas: {containers: 5, memory: 4GiB, cpus: 2}')).toEqual([])
  })
})

it('knows of every administrative operation whether an owner has a part in it', () => {
  const all = compiled({ extends: 'admin', allow: ['admin'] }).role
  const role = { ...all, objects: compiled({ objects: 'own' }).role.objects }
  const works = OPERATIONS.filter(({ id, access }) => access === 'admin' && !neverWorks(role).includes(id))
  expect(works.map(({ id }) => id).sort()).toEqual([
    'ContainerPrune',
    'ImagePrune',
    'NetworkPrune',
    'SystemAuth',
    'VolumePrune',
  ])
  expect(neverWorks(all)).toEqual([])
})
