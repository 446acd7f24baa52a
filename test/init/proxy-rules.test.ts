import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { OPERATIONS, type OperationId } from '../../src/engine/operations.ts'
import { proxyRole } from '../../src/init/proxy-role.ts'
import { PROXY_KINDS, type ProxyKind, proxyOperations, proxyVariables } from '../../src/init/proxy-rules.ts'

const folder = mkdtempSync(join(tmpdir(), 'dockgate-proxy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * What each variable lets through, by the words of the proxies' READMEs: the operations that read, then those that need
 * POST as well. Written by hand, so that a slip in the rules shows.
 */
const SECTIONS: Readonly<Record<string, readonly [reading: string, writing: string]>> = {
  AUTH: ['', 'SystemAuth'],
  BUILD: ['', 'ImageBuild BuildPrune BuildCancel'],
  COMMIT: ['', 'ImageCommit'],
  CONFIGS: ['ConfigList ConfigInspect', 'ConfigCreate ConfigDelete ConfigUpdate'],
  CONTAINERS: [
    'ContainerList ContainerInspect ContainerTop ContainerLogs ContainerChanges ContainerExport ContainerStats ' +
      'ContainerAttachWebsocket ContainerArchive ContainerArchiveInfo CheckpointList',
    'ContainerCreate ContainerResize ContainerStart ContainerStop ContainerRestart ContainerKill ContainerUpdate ' +
      'ContainerRename ContainerPause ContainerUnpause ContainerAttach ContainerWait ContainerDelete ContainerCopy ' +
      'PutContainerArchive ContainerPrune CheckpointCreate CheckpointDelete ContainerExec',
  ],
  DISTRIBUTION: ['DistributionInspect', ''],
  EVENTS: ['SystemEvents', ''],
  EXEC: ['ExecInspect', 'ExecStart ExecResize'],
  GRPC: ['', 'Grpc'],
  IMAGES: [
    'ImageList ImageInspect ImageHistory ImageSearch ImageGet ImageGetAll ImageAttestations',
    'ImageCreate ImagePush ImageTag ImageDelete ImagePrune ImageLoad',
  ],
  INFO: ['SystemInfo', ''],
  NETWORKS: [
    'NetworkList NetworkListSlash NetworkInspect',
    'NetworkDelete NetworkCreate NetworkConnect NetworkDisconnect NetworkPrune',
  ],
  NODES: ['NodeList NodeInspect', 'NodeDelete NodeUpdate'],
  PING: ['SystemPing SystemPingHead', ''],
  PLUGINS: [
    'PluginList GetPluginPrivileges PluginInspect PluginInspectLegacy',
    'PluginPull PluginDelete PluginEnable PluginDisable PluginUpgrade PluginCreate PluginPush PluginSet',
  ],
  SECRETS: ['SecretList SecretInspect', 'SecretCreate SecretDelete SecretUpdate'],
  SERVICES: ['ServiceList ServiceInspect ServiceLogs', 'ServiceCreate ServiceDelete ServiceUpdate'],
  SESSION: ['', 'Session'],
  SWARM: ['SwarmInspect SwarmUnlockkey', 'SwarmInit SwarmJoin SwarmLeave SwarmUpdate SwarmUnlock'],
  SYSTEM: ['SystemDataUsage', ''],
  TASKS: ['TaskList TaskInspect TaskLogs', ''],
  VERSION: ['SystemVersion', ''],
  VOLUMES: ['VolumeList VolumeInspect', 'VolumeCreate VolumeUpdate VolumeDelete VolumePrune'],
}

const ACTIONS: Readonly<Record<string, string>> = {
  ALLOW_START: 'ContainerStart',
  ALLOW_STOP: 'ContainerStop',
  ALLOW_RESTARTS: 'ContainerStop ContainerRestart ContainerKill',
}
const PAUSES = { ALLOW_PAUSE: 'ContainerPause', ALLOW_UNPAUSE: 'ContainerUnpause' }
/** What CONTAINERS does not give without them in tecnativa-methods. */
const CLOSED: Readonly<Record<string, string>> = {
  ALLOW_EXEC: 'ContainerExec',
  ALLOW_KILL: 'ContainerKill',
  ALLOW_ATTACH: 'ContainerAttach ContainerAttachWebsocket',
  ALLOW_ARCHIVE: 'ContainerArchive ContainerArchiveInfo PutContainerArchive',
  ALLOW_EXPORT: 'ContainerExport',
  ALLOW_LOGS: 'ContainerLogs',
}

const names = (text: string) => text.split(' ').filter((one) => one !== '')
const both = ([reading, writing]: readonly [string, string]) => [...names(reading), ...names(writing)].sort()
const section = (name: string) => SECTIONS[name] ?? ['', '']
const given = (kind: ProxyKind, ...on: string[]) => [...proxyOperations(kind, new Set(on))].sort()
const methodOf = (id: string) => OPERATIONS.find((spec) => spec.id === id)?.method

describe.each(['tecnativa', 'linuxserver'] as const)('%s', (kind) => {
  it.each(Object.keys(SECTIONS))('reads what %s lets through without POST, and what more with it', (variable) => {
    expect(given(kind, variable)).toEqual(names(section(variable)[0]).sort())
    expect(given(kind, variable, 'POST')).toEqual(both(section(variable)))
  })

  it('lets nothing through by POST alone, and nothing by no variable', () => {
    expect(given(kind, 'POST')).toEqual([])
    expect(given(kind)).toEqual([])
  })

  it('adds the variables up', () => {
    expect(given(kind, 'CONTAINERS', 'INFO', 'PING')).toEqual(
      [...names(section('CONTAINERS')[0]), 'SystemInfo', 'SystemPing', 'SystemPingHead'].sort(),
    )
  })
})

it.each(Object.entries(ACTIONS))('takes %s of tecnativa for nothing without POST', (variable, operations) => {
  expect(given('tecnativa', variable)).toEqual([])
  expect(given('tecnativa', variable, 'POST')).toEqual(names(operations).sort())
})

it.each(Object.entries({ ...ACTIONS, ...PAUSES }))(
  'takes %s of linuxserver as it is, without POST',
  (variable, operations) => {
    expect(given('linuxserver', variable)).toEqual(names(operations).sort())
  },
)

describe('tecnativa-methods', () => {
  const closed = Object.values(CLOSED).flatMap(names)

  it.each(Object.keys(SECTIONS))('reads what %s lets through, each method by a variable of its own', (variable) => {
    const operations = both(section(variable)).filter((id) => !closed.includes(id))
    const of = (...methods: string[]) => operations.filter((id) => methods.includes(methodOf(id) ?? ''))
    expect(given('tecnativa-methods', variable)).toEqual(of('GET', 'HEAD'))
    expect(given('tecnativa-methods', variable, 'POST')).toEqual(of('GET', 'HEAD', 'POST'))
    expect(given('tecnativa-methods', variable, 'DELETE')).toEqual(of('GET', 'HEAD', 'DELETE'))
    expect(given('tecnativa-methods', variable, 'PUT')).toEqual(of('GET', 'HEAD', 'PUT'))
  })

  it.each(Object.entries(CLOSED))('keeps back what %s names, which gives nothing by itself', (variable, operations) => {
    const all = ['CONTAINERS', 'POST', 'PUT', 'DELETE']
    const without = given('tecnativa-methods', ...all)
    expect(without.filter((id) => names(operations).includes(id))).toEqual([])
    expect(given('tecnativa-methods', ...all, variable)).toEqual([...without, ...names(operations)].sort())
    expect(given('tecnativa-methods', variable, 'POST', 'PUT')).toEqual([])
  })

  it.each(Object.entries({ ...ACTIONS, ...PAUSES }))(
    'takes %s with POST, and kill not by ALLOW_RESTARTS alone',
    (variable, operations) => {
      expect(given('tecnativa-methods', variable)).toEqual([])
      const open = names(operations).filter((id) => id !== 'ContainerKill')
      expect(given('tecnativa-methods', variable, 'POST')).toEqual(open.sort())
    },
  )
})

it('has an expectation here for every variable', () => {
  const known = { ...SECTIONS, ...ACTIONS, ...PAUSES, ...CLOSED, POST: '', DELETE: '', PUT: '', PATCH: '' }
  for (const kind of PROXY_KINDS) expect(Object.keys(known)).toEqual(expect.arrayContaining([...proxyVariables(kind)]))
})

/** The operations of the role as a gate would have them. */
function roleOf(kind: ProxyKind, on: readonly string[]): readonly OperationId[] {
  const file = join(folder, 'dockgate.yaml')
  writeFileSync(
    file,
    `listeners: [{ address: '127.0.0.1:2375' }]
issuers: { ci: { jwt: { preset: buildkite, audience: a } } }
bindings: [{ role: proxied, issuer: ci, when: 'claims.organization_slug == "acme"' }]
roles:
${proxyRole('proxied', kind, new Set(on)).lines.join('\n')}
`,
  )
  return [...(loadConfig(file).policy.roles.get('proxied')?.operations ?? [])].sort()
}

it.each(PROXY_KINDS)('writes a role that a gate takes, with exactly the operations that %s lets through', (kind) => {
  for (const variable of proxyVariables(kind)) {
    for (const on of [
      [variable, 'PING'],
      [variable, 'PING', 'POST'],
    ]) {
      expect(roleOf(kind, on), on.join(' ')).toEqual(given(kind, ...on))
    }
  }
})

it('says which operations are root on the host, and why', () => {
  const { lines, unbounded } = proxyRole('p', 'tecnativa', new Set(['CONTAINERS', 'POST']))
  expect(unbounded).toBe(true)
  expect(lines).toContain('      - ContainerCreate # root on the host: a privileged container is root on the host')
  expect(lines).toContain('      - ContainerLogs')
  expect(proxyRole('p', 'tecnativa', new Set(['CONTAINERS'])).unbounded).toBe(false)
})

it('says that _ping and version stay open when their variables are off', () => {
  expect(proxyRole('p', 'tecnativa', new Set(['INFO', 'PING'])).notes.at(-1)).toContain('wider: VERSION=0')
  expect(proxyRole('p', 'tecnativa', new Set(['INFO', 'PING', 'VERSION'])).notes.join()).not.toContain('wider')
})

it('writes no role for variables that let nothing through', () => {
  expect(() => proxyRole('p', 'tecnativa', new Set(['POST']))).toThrow('let nothing through')
})
