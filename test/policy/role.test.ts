import { describe, expect, it } from 'vitest'
import { createFindings } from '../../src/config/findings.ts'
import { type RoleConfig, roleSchema } from '../../src/config/schema.ts'
import { ACCESS_CLASSES, type AccessClass } from '../../src/engine/access.ts'
import { OPERATION_BY_ID, OPERATIONS, type OperationId } from '../../src/engine/operations.ts'
import { GROUPS } from '../../src/policy/groups.ts'
import { compileRole } from '../../src/policy/role.ts'

const role = (...allow: string[]) => compiled({ extends: 'admin', allow })
const compiled = (config: RoleConfig) => {
  const findings = createFindings()
  const compiled = compileRole('ci', config, findings)
  expect(findings.problems).toEqual([])
  return compiled
}
const problem = (item: string) => {
  const findings = createFindings()
  compileRole('ci', { allow: ['read', item] }, findings)
  return findings.problems[0]
}
const carried = OPERATIONS.filter((spec) => spec.carried)

describe('a role', () => {
  it.each(Object.keys(ACCESS_CLASSES) as AccessClass[])(
    'that allows the class %s allows its operations and no other',
    (access) => {
      const wanted = carried.filter((spec) => spec.access === access).map(({ id }) => id)
      expect(wanted.length).toBeGreaterThan(0)
      expect([...role(access).operations]).toEqual(wanted)
    },
  )

  it('that allows an operation by its id allows that one only', () => {
    expect([...role('ContainerList').operations]).toEqual(['ContainerList'])
  })

  it('that allows a glob allows the operations that match it', () => {
    const ids = [...role('Image*').operations]
    expect(ids).toContain('ImagePush')
    expect(ids.every((id) => id.startsWith('Image'))).toBe(true)
  })

  it('that allows * allows every operation that the gate can carry, in both forms', () => {
    expect(role('*').operations.size).toBe(carried.length)
    expect([...role('*').elevated]).toEqual(carried.filter((spec) => spec.elevated).map(({ id }) => id))
  })

  it('never allows what the gate cannot carry', () => {
    const never = OPERATIONS.filter((spec) => !spec.carried).map(({ id }) => id)
    expect(never.length).toBeGreaterThan(0)
    expect(never.filter((id) => role('*', 'buildkit', 'read-sensitive').operations.has(id))).toEqual([])
  })

  it('that allows run may run containers, and neither prune, nor exec, nor look', () => {
    const { operations } = role('run')
    for (const id of ['ContainerCreate', 'ContainerStart', 'ContainerAttach', 'ImageCreate', 'VolumeDelete'] as const) {
      expect(operations.has(id)).toBe(true)
    }
    const classes = new Set([...operations].map((id) => OPERATION_BY_ID.get(id)?.access))
    expect([...classes].sort()).toEqual(['create', 'delete', 'lifecycle', 'read-sensitive', 'transfer'])
  })

  it.each([
    ['exec', true],
    ['ContainerAttach', true],
    ['Container*', true],
    ['*', true],
    ['read-sensitive', false],
    ['run', false],
    ['create', false],
  ])('that allows %s may attach standard input: %s', (item, allowed) => {
    expect(role(item).elevated.has('ContainerAttach')).toBe(allowed)
  })

  it('that allows exec alone may attach with standard input, not without: that is another class', () => {
    expect(role('exec').operations.has('ContainerAttach')).toBe(false)
  })

  it('groups name operations of the table, each once', () => {
    for (const { operations } of Object.values(GROUPS)) {
      expect(new Set<OperationId>(operations).size).toBe(operations.length)
      expect(operations.every((id) => OPERATION_BY_ID.get(id)?.carried)).toBe(true)
    }
  })
})

describe('an item of allow that can never match', () => {
  it.each([
    ['raed', '"raed" is no access class, group or operation; did you mean "read"?'],
    ['Read', '"Read" is no access class, group or operation; did you mean "read"?'],
    ['RUN', '"RUN" is no access class, group or operation; did you mean "run"?'],
    ['containercreate', '"containercreate" is no access class, group or operation; did you mean "ContainerCreate"?'],
    ['ContainerCrate', '"ContainerCrate" is no access class, group or operation; did you mean "ContainerCreate"?'],
    ['Contaner*', '"Contaner*" matches no operation; did you mean "Container*"?'],
    ['container*', '"container*" matches no operation; did you mean "Container*"?'],
    ['GET /containers/json', '"GET /containers/json" is no access class, group or operation'],
    ['/v1.41/containers/*', '"/v1.41/containers/*" matches no operation'],
    ['read ', '"read " is no access class, group or operation; did you mean "read"?'],
    ['toString', '"toString" is no access class, group or operation'],
    ['__proto__', '"__proto__" is no access class, group or operation'],
    ['Container?reate', '"Container?reate" is no access class, group or operation; did you mean "ContainerCreate"?'],
    [
      'GrpcBuildkitControl',
      "GrpcBuildkitControl needs HTTP/2 on the engine's socket, which dockgate never speaks: remove it",
    ],
    ['GrpcBuildkit*', '"GrpcBuildkit*" matches no operation'],
  ])('T12 is a problem, with the nearest word: %j', (item, message) => {
    expect(problem(item)).toEqual({ path: ['roles', 'ci', 'allow', 1], message: expect.stringContaining(message) })
  })
})

describe('a role', () => {
  it('on a preset has its operations and parts, each key replaced by its own', () => {
    const own = roleSchema.parse({ extends: 'ci-run', workload: { images: ['registry.test/**'] } })
    const { operations, parts, extends: preset } = compiled(own)
    expect(preset).toBe('ci-run')
    expect(operations.has('ContainerCreate')).toBe(true)
    expect(parts.workload?.images).toEqual(['registry.test/**'])
    expect(parts.workload?.networks).toEqual(['*'])
  })

  it.each(['buildkit', '*', 'Session', 'Grpc'])('may have %s only where it may make privileged containers', (item) => {
    const findings = createFindings()
    compileRole('ci', { ...roleSchema.parse({ extends: 'ci-run' }), allow: ['read', item] }, findings)
    expect(findings.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/BuildKit.*DOCKER_BUILDKIT=0.*workload: {privileged: true}/),
    ])
    expect(role(item).operations.has('Session')).toBe(item !== 'Grpc')
  })
})

describe('a role is unbounded', () => {
  const bounded = { allow: ['run'], workload: { images: ['docker.io/**'], limits: { memory: 1, cpus: 1, pids: 1 } } }
  const unbounded = (config: object) => compiled(roleSchema.parse(config)).unbounded
  const withWorkload = (workload: object) => ({ ...bounded, workload: { ...bounded.workload, ...workload } })

  it.each([
    ['privileged containers', { privileged: true }],
    ['the whole host as a writable mount', { mounts: [{ source: '/**', readOnly: false }] }],
    ['/etc as a writable mount', { mounts: [{ source: '/etc', readOnly: false }] }],
    ["the engine's socket", { mounts: [{ source: '/var/run/*', readOnly: false }] }],
    ['a capability to leave the container', { capabilities: ['SYS_ADMIN'] }],
    ['every capability', { capabilities: ['ALL'] }],
    ['disks', { devices: [{ path: '/dev/**' }] }],
    ["the host's processes", { hostNamespaces: ['pid'] }],
    ['fields that reach the host', { hostFields: ['HostConfig.CgroupParent'] }],
    ['fields that nobody knows', { unknownFields: ['*'] }],
  ])('when it may run containers with %s', (_what, workload) => {
    expect(unbounded(withWorkload(workload))).toBe(true)
    expect(unbounded({ ...withWorkload(workload), allow: ['read'] })).toBe(false)
  })

  it('when it may run privileged processes in containers', () => {
    expect(unbounded({ allow: ['exec'], exec: { privileged: true } })).toBe(true)
  })

  it.each(['admin', 'PluginPull', 'SwarmInit', 'NodeUpdate'])('when it allows %s', (item) => {
    expect(unbounded({ allow: [item] })).toBe(true)
  })

  it.each([
    ['a bounded workload', bounded],
    ['mounts of its own', withWorkload({ mounts: [{ source: '/srv/cache/**', readOnly: false }] })],
    ['the whole host, read only', withWorkload({ mounts: [{ source: '/**' }] })],
    ['commands in containers', { allow: ['exec'], exec: { users: 'any', commands: 'any' } }],
    ['nothing of what it may do', { allow: ['read', 'create', 'lifecycle', 'delete', 'exec', 'build', 'transfer'] }],
  ])('not with %s', (_what, config) => {
    expect(unbounded(config)).toBe(false)
  })

  it.each([
    ['observer', false],
    ['ci-run', false],
    ['ci-build', false],
    ['operator', true],
    ['admin', true],
  ])('as the preset %s: %s', (preset, wanted) => {
    expect(unbounded({ extends: preset })).toBe(wanted)
  })
})

describe('grace', () => {
  const grace = (value?: object) => {
    const config = roleSchema.parse({ allow: ['read'], ...(value === undefined ? {} : { grace: value }) })
    return compiled(config).grace
  }

  it('ends sessions with their proof and lets streams finish, unless told', () => {
    expect(grace()).toEqual({ sessions: 0, streams: Number.POSITIVE_INFINITY })
    expect(grace({ streams: '5m' })).toEqual({ sessions: 0, streams: 300_000 })
    expect(grace({ sessions: 'unlimited' }).sessions).toBe(Number.POSITIVE_INFINITY)
  })

  it.each([{ sessions: 5 }, { sessions: '-1s' }, { streams: '721h' }, { streams: 'forever' }, { other: '1s' }])(
    'is refused as %j',
    (value) => {
      expect(() => grace(value)).toThrow()
    },
  )
})
