import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { judgementOf } from './judgement.ts'
import { expectRefusal, type Scene, startScene } from './scene.ts'

const TARGETS = ['/services/create', '/services/web/update?version=7']
const ALLOW = 'allow: [create, lifecycle]'
const ROLES = {
  bare: `{ ${ALLOW}, workload: { images: ["docker.io/library/*"] } }`,
  some: `{ ${ALLOW}, workload: { images: ["docker.io/library/*"], mounts: [{ source: "/nowhere/**" }], volumes: ["ci-*"], networks: ["*"], ports: ["8000-9000"], labels: {}, defaults: { memory: 1GiB, cpus: 1, pids: 10, user: "5", stopTimeout: 5s }, tmpfs: { size: 1KiB } }, registries: { pull: ["docker.io/library/*"] } }`,
  limited: `{ ${ALLOW}, workload: { images: ["docker.io/library/*"], limits: { memory: 2GiB, memorySwap: 3GiB, cpus: 1, pids: 10 } } }`,
  empty: `{ ${ALLOW} }`,
}
const HOST_NETWORK = '1ecbc528b48dc524c19a034a153b8b2d04069356705cc81cde3500e49e65692c'

const service = (spec: object, task: object = {}, rest: object = {}) => ({
  Name: 's',
  TaskTemplate: { ContainerSpec: { Image: 'alpine', ...spec }, ...task },
  ...rest,
})

describe('attacks by services', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(ROLES)
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const bare = judgementOf(() => scene, 'bare')
  const some = judgementOf(() => scene, 'some')
  const limited = judgementOf(() => scene, 'limited')

  it.each([
    [{ Image: 'evil.io/x' }, 'Image', 'images'],
    [{ CapabilityAdd: ['CAP_SYS_ADMIN'] }, 'CapabilityAdd[0]', 'capabilities'],
    [{ Sysctls: { 'kernel.core_pattern': '|x' } }, 'Sysctls["kernel.core_pattern"]', 'sysctls'],
    [{ User: '0' }, 'User', 'user'],
    [{ Groups: ['docker'] }, 'Groups[0]', 'user'],
    [{ Labels: { 'io.dockgate.owner': 'x' } }, 'Labels["io.dockgate.owner"]', 'labels'],
    [{ OomScoreAdj: -1000 }, 'OomScoreAdj', 'hostFields'],
    [{ Ulimits: [{ Name: 'nofile', Hard: -1 }] }, 'Ulimits[0].Name', 'limits.ulimits'],
    [{ Mounts: [{ Type: 'bind', Source: '/', Target: '/x' }] }, 'Mounts[0].Source', 'mounts'],
    [{ Mounts: [{ Type: 'BIND', Source: '/', Target: '/x' }] }, 'Mounts[0].Type', 'hostFields'],
    [{ Mounts: [{ Source: '/', Target: '/x' }] }, 'Mounts[0].Type', 'hostFields'],
    [{ Mounts: [{ Type: 'volume', Source: '/etc' }] }, 'Mounts[0].Source', 'volumes'],
    [{ Mounts: [{ Type: 'tmpfs' }] }, 'Mounts[0].Type', 'tmpfs'],
    [{ Mounts: [{ Type: 'npipe', Source: '/x' }] }, 'Mounts[0].Type', 'hostFields'],
    [{ Privileges: { Seccomp: { Mode: 'unconfined' } } }, 'Privileges.Seccomp.Mode', 'securityOptions'],
    [{ Privileges: { Seccomp: { Mode: 'custom', Profile: 'e30=' } } }, 'Privileges.Seccomp.Profile', 'securityOptions'],
    [{ Privileges: { AppArmor: { Mode: 'disabled' } } }, 'Privileges.AppArmor.Mode', 'securityOptions'],
    [{ Privileges: { SELinuxContext: { Disable: true } } }, 'Privileges.SELinuxContext.Disable', 'securityOptions'],
    [{ Privileges: { CredentialSpec: { File: 'x' } } }, 'Privileges.CredentialSpec', 'hostFields'],
    [{ privileged: true }, 'privileged', 'unknownFields'],
    [{ HostConfig: { Privileged: true } }, 'HostConfig', 'unknownFields'],
  ])('T110 refuses the container %j, at create and update', async (spec, field, key) => {
    for (const target of TARGETS) {
      expect(await bare.refused(target, service(spec))).toEqual([
        `TaskTemplate.ContainerSpec.${field} (workload.${key})`,
      ])
    }
  })

  it.each([
    [{ Networks: [{ Target: 'host' }] }, 'Networks[0].Target', 'hostNamespaces'],
    [{ Networks: [{ Target: 'prod-net' }] }, 'Networks[0].Target', 'networks'],
    [{ LogDriver: { Name: 'syslog', Options: { 'syslog-address': 'tcp://x' } } }, 'LogDriver.Name', 'logDrivers'],
    [{ Runtime: 'plugin' }, 'Runtime', 'hostFields'],
    [{ Runtime: 'attachment' }, 'Runtime', 'hostFields'],
    [{ PluginSpec: { name: 'x', remote: 'evil.io/x' } }, 'PluginSpec', 'hostFields'],
    [{ NetworkAttachmentSpec: { ContainerID: 'x' } }, 'NetworkAttachmentSpec', 'hostFields'],
    [{ Placement: { Constraints: ['node.role==manager'] } }, 'Placement.Constraints', 'hostFields'],
    [{ Resources: { Limits: { MemoryBytes: 1 } } }, 'Resources.Limits.MemoryBytes', 'limits.memory'],
    [{ Resources: { SwapBytes: -1 } }, 'Resources.SwapBytes', 'limits.memorySwap'],
  ])('T110 refuses the task %j, at create and update', async (task, field, key) => {
    for (const target of TARGETS) {
      expect(await bare.refused(target, service({}, task))).toContain(`TaskTemplate.${field} (workload.${key})`)
    }
  })

  it.each([
    [{ Networks: [{ Target: 'host' }] }, 'Networks[0].Target', 'hostNamespaces'],
    [{ EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 80 }] } }, 'EndpointSpec.Ports[0]', 'ports'],
    [{ Mode: { Global: {} } }, 'Mode.Global', 'hostFields'],
    [{ Mode: { global: {} } }, 'Mode.Global', 'hostFields'],
    [{ Mode: { Replicated: { Replicas: 1000 } } }, 'Mode.Replicated.Replicas', 'hostFields'],
  ])('T110 refuses beside the task %j', async (rest, field, key) => {
    for (const target of TARGETS) {
      expect(await bare.refused(target, service({}, {}, rest))).toEqual([`${field} (workload.${key})`])
    }
  })

  it('T110 takes a network that may be an id for the one of the host', async () => {
    for (const Target of [HOST_NETWORK, '1e', 'x1y2z3']) {
      expect(await some.refused('/services/create', service({}, { Networks: [{ Target }] }))).toEqual([
        'TaskTemplate.Networks[0].Target (workload.networks)',
      ])
    }
  })

  it('T110 refuses sources that swarm fills in on the node', async () => {
    for (const [Type, Source, key] of [
      ['bind', '/nowhere/{{.Service.Name}}', 'mounts'],
      ['bind', '/nowhere/{{index .Service.Labels "x"}}', 'mounts'],
      ['volume', '{{.Node.ID}}', 'volumes'],
    ]) {
      const body = service({ Mounts: [{ Type, Source, Target: '/x', ReadOnly: true }] })
      expect(await some.refused('/services/create', body)).toEqual([
        `TaskTemplate.ContainerSpec.Mounts[0].Source (workload.${key})`,
      ])
    }
  })

  it('T110 refuses a rollback to a specification that was never judged', async () => {
    const target = '/services/web/update?version=7&rollback=previous'
    expect(await some.refused(target, service({}))).toEqual(['rollback (workload.hostFields)'])
  })

  it('T110 refuses credentials that somebody else has stored, and never shows those that are sent', async () => {
    const target = '/services/web/update?version=7&registryAuthFrom=previous-spec'
    expect(await bare.refused(target, service({}))).toEqual(['registryAuthFrom (registries.pull)'])
    const auth = Buffer.from('{"username":"u","password":"hunter2","serveraddress":"evil.io"}').toString('base64url')
    const headers = [`X-Registry-Auth: ${auth}`]
    const body = JSON.stringify(service({}))
    const answer = await scene.send('POST', '/services/create', { role: 'bare', headers, body })
    expectRefusal(answer, 'request-not-allowed')
    expect(answer.text()).toContain('X-Registry-Auth: asked for credentials; ')
    for (const secret of ['hunter2', auth]) expect(answer.text() + scene.recordLines().join()).not.toContain(secret)
    await scene.nothingReached()
  })

  it('T110 wants the image stated, and a role that has a workload', async () => {
    for (const body of ['{}', '{"TaskTemplate":null}', { Name: 's', TaskTemplate: { ContainerSpec: {} } }]) {
      for (const target of TARGETS) {
        expect(await bare.refused(target, body)).toEqual(['TaskTemplate.ContainerSpec.Image (workload.images)'])
      }
    }
    const empty = judgementOf(() => scene, 'empty')
    expect(await empty.refused('/services/create', '{}')).toEqual(['(body) (workload)'])
  })

  it('T110 wants limits stated as of a container, and knows where an older version drops them', async () => {
    const Limits = { MemoryBytes: 1024 ** 3, NanoCPUs: 1e9, Pids: 10 }
    const at = 'TaskTemplate.Resources.Limits'
    expect(await limited.refused('/services/create', service({}))).toEqual([
      `${at}.MemoryBytes (workload.limits.memory)`,
      `${at}.NanoCPUs (workload.limits.cpus)`,
      `${at}.Pids (workload.limits.pids)`,
    ])
    expect(await limited.refused('/v1.40/services/create', service({}, { Resources: { Limits } }))).toEqual([
      `${at}.Pids (workload.limits.pids)`,
    ])
    const body = service({}, { Resources: { Limits } })
    expect(await limited.sent('/v1.41/services/create', body)).toEqual(body)
  })

  it('T110 sends what the role has, with its defaults, at create and update', async () => {
    const mounts = [
      { Type: 'bind', Source: '/nowhere/a', Target: '/a', ReadOnly: true },
      { Type: 'tmpfs', Target: '/t' },
    ]
    const rest = {
      EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080 }] },
      Mode: { replicated: { Replicas: 1 } },
    }
    const body = service({ Mounts: mounts, Env: ['A=b'] }, { Networks: [{ Target: 'ci-net' }] }, rest)
    for (const target of TARGETS) {
      expect(await some.sent(target, body)).toEqual({
        Name: 's',
        TaskTemplate: {
          ContainerSpec: {
            Image: 'alpine',
            Mounts: [mounts[0], { ...mounts[1], TmpfsOptions: { SizeBytes: 1024 } }],
            Env: ['A=b'],
            User: '5',
            StopGracePeriod: 5e9,
          },
          Networks: [{ Target: 'ci-net' }],
          Resources: { Limits: { MemoryBytes: 1024 ** 3, NanoCPUs: 1e9, Pids: 10 } },
        },
        EndpointSpec: rest.EndpointSpec,
        Mode: { Replicated: { Replicas: 1 } },
      })
    }
  })
})
