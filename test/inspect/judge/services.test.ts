import { describe, expect, it } from 'vitest'
import { allowed, type Role, refused, withImage, workload } from './judged.ts'

const GiB = 1024 ** 3
const OPERATIONS = ['ServiceCreate', 'ServiceUpdate'] as const

const service = (spec: object, task: object = {}, rest: object = {}) => ({
  Name: 's',
  TaskTemplate: { ContainerSpec: { Image: 'alpine', ...spec }, ...task },
  ...rest,
})

function found(role: Role, body: object): string[] {
  const [create, update] = OPERATIONS.map((operation) => refused(role, body, { operation }))
  expect(update).toEqual(create)
  return create ?? []
}

/** As text that a field begins with, and the key. */
function expectOne(role: Role, body: object, field: string, key: string): void {
  const [only, ...more] = found(role, body)
  expect(only).toContain(`TaskTemplate.${field}`)
  expect(only).toContain(`(workload.${key})`)
  expect(more).toEqual([])
}

describe('services are judged as containers are, at create and update (T110)', () => {
  it.each([
    [{ Image: 'evil.io/x' }, 'ContainerSpec.Image', 'images'],
    [{ CapabilityAdd: ['SYS_ADMIN'] }, 'ContainerSpec.CapabilityAdd[0]', 'capabilities'],
    [{ Sysctls: { 'net.core.somaxconn': '1' } }, 'ContainerSpec.Sysctls["net.core.somaxconn"]', 'sysctls'],
    [{ User: '5' }, 'ContainerSpec.User', 'user'],
    [{ Groups: ['docker'] }, 'ContainerSpec.Groups[0]', 'user'],
    [{ Labels: { a: 'b' } }, 'ContainerSpec.Labels["a"]', 'labels'],
    [{ OomScoreAdj: -1 }, 'ContainerSpec.OomScoreAdj', 'hostFields'],
    [{ Ulimits: [{ Name: 'nofile', Hard: 1 }] }, 'ContainerSpec.Ulimits[0].Name', 'limits.ulimits'],
    [{ StopGracePeriod: 1 }, 'ContainerSpec.StopGracePeriod', 'limits.stopTimeout'],
    [{ Mounts: [{ Type: 'bind', Source: '/etc' }] }, 'ContainerSpec.Mounts[0].Source', 'mounts'],
    [{ Mounts: [{ Type: 'BIND', Source: '/' }] }, 'ContainerSpec.Mounts[0].Type', 'hostFields'],
    [{ Mounts: [{ Source: '/' }] }, 'ContainerSpec.Mounts[0].Type', 'hostFields'],
    [{ Mounts: [{ Type: 'image', Source: 'alpine' }] }, 'ContainerSpec.Mounts[0].Type', 'hostFields'],
    [{ Mounts: [{ Type: 'volume', Source: 'x' }] }, 'ContainerSpec.Mounts[0].Source', 'volumes'],
    [{ Mounts: [{ Type: 'tmpfs' }] }, 'ContainerSpec.Mounts[0].Type', 'tmpfs'],
    [{ Privileges: { Seccomp: { Mode: 'unconfined' } } }, 'ContainerSpec.Privileges.Seccomp.Mode', 'securityOptions'],
    [
      { Privileges: { Seccomp: { Mode: 'custom', Profile: 'e30=' } } },
      'ContainerSpec.Privileges.Seccomp.Profile',
      'securityOptions',
    ],
    [{ Privileges: { Seccomp: { Mode: 'odd' } } }, 'ContainerSpec.Privileges.Seccomp.Mode', 'securityOptions'],
    [{ Privileges: { AppArmor: { Mode: 'disabled' } } }, 'ContainerSpec.Privileges.AppArmor.Mode', 'securityOptions'],
    [
      { Privileges: { SELinuxContext: { Disable: true } } },
      'ContainerSpec.Privileges.SELinuxContext.Disable',
      'securityOptions',
    ],
    [
      { Privileges: { SELinuxContext: { Type: 'spc_t' } } },
      'ContainerSpec.Privileges.SELinuxContext.Type',
      'securityOptions',
    ],
    [{ Privileges: { CredentialSpec: { File: 'x' } } }, 'ContainerSpec.Privileges.CredentialSpec', 'hostFields'],
  ])('refuses the container %j', (spec, field, key) => {
    expectOne(withImage(''), service(spec), field, key)
  })

  it.each([
    [{ LogDriver: { Name: 'syslog', Options: { 'syslog-address': 'x' } } }, 'LogDriver.Name', 'logDrivers'],
    [{ LogDriver: { Options: { a: 'b' } } }, 'LogDriver.Options', 'logDrivers'],
    [{ RestartPolicy: { Condition: 'Any' } }, 'RestartPolicy.Condition', 'restart'],
    [{ Networks: [{ Target: 'host' }] }, 'Networks[0].Target', 'hostNamespaces'],
    [{ Networks: [{ Target: 'prod-net' }] }, 'Networks[0].Target', 'networks'],
    [{ Placement: { Constraints: ['node.role==manager'] } }, 'Placement.Constraints', 'hostFields'],
    [
      { Resources: { Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: 'GPU', Value: 1 } }] } } },
      'Resources.Reservations.GenericResources',
      'gpus',
    ],
    [{ Resources: { Limits: { MemoryBytes: 1 } } }, 'Resources.Limits.MemoryBytes', 'limits.memory'],
    [{ Resources: { Reservations: { NanoCPUs: 1 } } }, 'Resources.Reservations.NanoCPUs', 'limits.cpus'],
    [{ Resources: { SwapBytes: -1 } }, 'Resources.SwapBytes', 'limits.memorySwap'],
  ])('refuses the task %j', (task, field, key) => {
    expectOne(withImage(''), service({}, task), field, key)
  })

  it('judges networks in their old place, and published ports', () => {
    expect(found(withImage(''), service({}, {}, { Networks: [{ Target: 'host' }] }))).toEqual([
      'Networks[0].Target: "host" (workload.hostNamespaces)',
    ])
    const port = (members: object) => service({}, {}, { EndpointSpec: { Ports: [{ TargetPort: 80, ...members }] } })
    const role = withImage('ports: ["8000-9000", "0"]')
    for (const members of [
      { PublishedPort: 80 },
      { PublishedPort: 8080, Protocol: 'udp' },
      { PublishedPort: 8080, Protocol: 'TCP' },
    ]) {
      expect(found(role, port(members))).toHaveLength(1)
    }
    for (const members of [
      { PublishedPort: 8080 },
      {},
      { PublishedPort: 9000, Protocol: 'tcp', PublishMode: 'host' },
    ]) {
      expect(found(role, port(members))).toEqual([])
    }
    expect(found(withImage('ports: ["127.0.0.1:1-65535"]'), port({ PublishedPort: 8080 }))).toHaveLength(1)
  })

  it('refuses sources that swarm fills in on the node', () => {
    const role = withImage('mounts: [{source: "/srv/**", readOnly: false}], volumes: ["*"]')
    for (const Source of ['/srv/{{.Service.Name}}', '/srv/{{index .Service.Labels "x"}}']) {
      expectOne(role, service({ Mounts: [{ Type: 'bind', Source }] }), 'ContainerSpec.Mounts[0].Source', 'mounts')
    }
    expect(found(role, service({ Mounts: [{ Type: 'volume', Source: '{{.Node.ID}}' }] }))).toHaveLength(1)
  })

  it('takes a network that may be an id for the one of the host, as swarm does', () => {
    const HEX = '1ecbc528b48dc524c19a034a153b8b2d04069356705cc81cde3500e49e65692c'
    const body = (Target: string) => service({}, { Networks: [{ Target }] })
    for (const target of [HEX, '1e', 'x1y2z3', 'backend'])
      expect(found(withImage('networks: ["*"]'), body(target))).toHaveLength(1)
    for (const target of ['ci-net', 'bridge', 'none'])
      expect(found(withImage('networks: ["*"]'), body(target))).toEqual([])
    expect(found(withImage('networks: [backend]'), body('backend'))).toEqual([])
    expect(found(withImage('networks: ["*"], hostNamespaces: [network]'), body(HEX))).toEqual([])
  })

  it.each([
    { Replicated: { Replicas: 2 } },
    { Global: {} },
    { GlobalJob: {} },
    { ReplicatedJob: { MaxConcurrent: 2 } },
    { ReplicatedJob: { TotalCompletions: 5 } },
  ])('refuses more than one task, of which no limit speaks: %j', (Mode) => {
    expect(found(withImage(''), service({}, {}, { Mode }))).toHaveLength(1)
    expect(found(withImage('hostFields: ["Mode.*"]'), service({}, {}, { Mode }))).toEqual([])
  })

  it.each([
    { Mode: { Replicated: { Replicas: 1 } } },
    { Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } } },
    { UpdateConfig: { Parallelism: 1 }, RollbackConfig: { Order: 'start-first' }, EndpointSpec: { Mode: 'vip' } },
  ])('allows %j', (rest) => {
    expect(found(withImage(''), service({}, { RestartPolicy: { Condition: 'any', MaxAttempts: 3 } }, rest))).toEqual([])
  })

  it('allows what the role lists', () => {
    const role = workload(
      'images: ["**"], capabilities: [SYS_ADMIN], securityOptions: [seccomp=unconfined, apparmor=unconfined, label=disable, "label=type:*"], ' +
        'mounts: [{source: /srv}], networks: [ci-net], gpus: {count: 1, devices: [a]}, logDrivers: [syslog], user: any, labels: {}, sysctls: ["*"]',
    )
    const spec = {
      CapabilityAdd: ['CAP_SYS_ADMIN'],
      User: '0',
      Groups: ['x'],
      Labels: { a: 'b' },
      Sysctls: { a: 'b' },
      Mounts: [{ Type: 'bind', Source: '/srv', ReadOnly: true, BindOptions: { Propagation: 'rprivate' } }],
      Privileges: {
        Seccomp: { Mode: 'unconfined' },
        AppArmor: { Mode: 'disabled' },
        SELinuxContext: { Disable: true, Type: 'x' },
      },
    }
    const GenericResources = [
      { DiscreteResourceSpec: { Kind: 'G', Value: 1 } },
      { NamedResourceSpec: { Kind: 'G', Value: 'a' } },
    ]
    const task = {
      LogDriver: { Name: 'syslog' },
      Networks: [{ Target: 'ci-net' }],
      Resources: { Reservations: { GenericResources } },
    }
    expect(found(role, service(spec, task))).toEqual([])
  })
})

describe('what a service must state', () => {
  const LIMITED = withImage('limits: {memory: 2GiB, memorySwap: 3GiB, cpus: 1, pids: 10, stopTimeout: 10s}')
  const stated = { MemoryBytes: GiB, NanoCPUs: 1e9, Pids: 10 }

  it('is what a container must', () => {
    expect(found(LIMITED, service({}))).toEqual([
      'TaskTemplate.Resources.Limits.MemoryBytes: nothing (workload.limits.memory)',
      'TaskTemplate.Resources.Limits.NanoCPUs: nothing (workload.limits.cpus)',
      'TaskTemplate.Resources.Limits.Pids: nothing (workload.limits.pids)',
    ])
    expect(found(LIMITED, service({ StopGracePeriod: 10e9 }, { Resources: { Limits: stated } }))).toEqual([])
    expect(found(LIMITED, {})).toContain('TaskTemplate.ContainerSpec.Image: nothing (workload.images)')
    expect(found(withImage('user: nonRoot'), service({}))).toEqual([
      'TaskTemplate.ContainerSpec.User: nothing (workload.user)',
    ])
    expect(found(withImage('labels: {required: {a: b}}'), service({}))).toEqual([
      'Labels: nothing (workload.labels.required)',
    ])
  })

  it.each([
    [{ ...stated, MemoryBytes: 3 * GiB }],
    [{ ...stated, MemoryBytes: 2 * GiB }],
    [{ ...stated, NanoCPUs: 2e9 }],
    [{ ...stated, NanoCPUs: 9999 }],
    [{ ...stated, Pids: 11 }],
    [{ ...stated, Pids: -1 }],
  ])('and is at most as much, swap counted as the engine does: %j', (Limits) => {
    expect(found(LIMITED, service({}, { Resources: { Limits } }))).toHaveLength(1)
  })

  it('cannot be stated below API 1.41, where engines drop the number of processes', () => {
    const body = service({}, { Resources: { Limits: stated } })
    expect(refused(LIMITED, body, { operation: 'ServiceCreate', apiVersion: '1.40' })).toEqual([
      'TaskTemplate.Resources.Limits.Pids: API 1.40 (workload.limits.pids)',
    ])
  })

  it('is filled in from the defaults', () => {
    const role = withImage(
      'user: nonRoot, tmpfs: {size: 1KiB}, defaults: {memory: 1GiB, cpus: 1, pids: 10, stopTimeout: 5s, user: "5", ulimits: {core: 1}}',
    )
    for (const operation of OPERATIONS) {
      expect(allowed(role, service({ Mounts: [{ Type: 'tmpfs' }] }), { operation })).toEqual({
        Name: 's',
        TaskTemplate: {
          ContainerSpec: {
            Image: 'alpine',
            User: '5',
            StopGracePeriod: 5e9,
            Ulimits: [{ Name: 'core', Soft: 1, Hard: 1 }],
            Mounts: [{ Type: 'tmpfs', TmpfsOptions: { SizeBytes: 1024 } }],
          },
          Resources: { Limits: stated },
        },
      })
    }
  })
})
