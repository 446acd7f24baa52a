import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { host, judgementOf } from './judgement.ts'
import { type Scene, startScene } from './scene.ts'

const CREATE = '/containers/create'
const IMAGES = 'images: ["docker.io/library/*"]'
const ROLES = {
  bare: `{ allow: [run, create, lifecycle], workload: { ${IMAGES} } }`,
  some: `{ allow: [run], workload: { ${IMAGES}, capabilities: [NET_ADMIN], devices: [{ path: /dev/fuse, permissions: rw }], gpus: { count: 1, devices: ["GPU-1"] }, networks: ["ci-*"], hostNamespaces: [uts] } }`,
  most: `{ allow: [run], workload: { ${IMAGES}, privileged: true, capabilities: [ALL], devices: [{ path: "/dev/**" }], gpus: { count: unlimited, devices: ["*"] }, networks: ["*"], hostNamespaces: [network, pid, ipc, uts, user, cgroup] } }`,
}
const ID = 'ab'.repeat(32)

describe('attacks on what isolates a container', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(ROLES)
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const bare = judgementOf(() => scene, 'bare')
  const some = judgementOf(() => scene, 'some')
  const most = judgementOf(() => scene, 'most')

  it('T60 refuses a privileged container, at create and wherever else it can be said', async () => {
    expect(await bare.refused(CREATE, host({ Privileged: true }))).toEqual([
      'HostConfig.Privileged (workload.privileged)',
    ])
    expect(await some.refused(CREATE, { Image: 'alpine', Privileged: true })).toEqual([
      'Privileged (workload.unknownFields)',
    ])
    expect(await bare.refused('/containers/x/update', { Privileged: true })).toEqual([
      'Privileged (workload.unknownFields)',
    ])
    const spec = { TaskTemplate: { ContainerSpec: { Image: 'alpine', Privileged: true } } }
    expect(await bare.refused('/services/create', spec)).toEqual([
      'TaskTemplate.ContainerSpec.Privileged (workload.unknownFields)',
    ])
    expect(await most.sent(CREATE, host({ Privileged: true }))).toEqual(host({ Privileged: true }))
  })

  it.each([
    ...['ALL', 'all', 'SYS_ADMIN', 'CAP_SYS_ADMIN', 'cap_sys_admin', 'Sys_Admin', 'CAP_ALL', 'NO_SUCH', ''],
    ...['SYS_ADM\u0131N', '\u017fYS_ADMIN', 'SYS_ADMIN ', 'NET_ADMIN,SYS_ADMIN'],
  ])('T60 refuses the capability %j', async (capability) => {
    expect(await some.refused(CREATE, host({ CapAdd: ['NET_ADMIN', capability] }))).toEqual([
      'HostConfig.CapAdd[1] (workload.capabilities)',
    ])
  })

  it('T60 refuses capabilities as one word, and as the whole set', async () => {
    expect(await some.refused(CREATE, host({ CapAdd: 'ALL', Capabilities: ['CAP_SYS_PTRACE'] }))).toEqual([
      'HostConfig.CapAdd[0] (workload.capabilities)',
      'HostConfig.Capabilities[0] (workload.capabilities)',
    ])
  })

  it('T60 sends capabilities that the role has, or every container, as they are written', async () => {
    const body = host({ CapAdd: ['cap_net_admin', 'CHOWN'], CapDrop: ['ALL'] })
    expect(await some.sent(CREATE, body)).toEqual(body)
    expect(await some.sent(CREATE, host({ CapAdd: 'NET_ADMIN' }))).toEqual(host({ CapAdd: ['NET_ADMIN'] }))
    expect(await most.sent(CREATE, host({ CapAdd: ['ALL', 'BPF'] }))).toEqual(host({ CapAdd: ['ALL', 'BPF'] }))
  })

  const device = (PathOnHost: string, CgroupPermissions: string) =>
    host({ Devices: [{ PathOnHost, PathInContainer: '/dev/x', CgroupPermissions }] })

  it.each([
    ['/dev/sda', 'rw', 'PathOnHost'],
    ['/dev/fuse/../sda', 'rw', 'PathOnHost'],
    ['/dev/fuse', 'rwm', 'CgroupPermissions'],
    ['/dev/fuse', '', 'CgroupPermissions'],
    ['/dev', 'r', 'PathOnHost'],
    ['dev/fuse', 'r', 'PathOnHost'],
    ['', 'r', 'PathOnHost'],
    ['/dev/fuse\0', 'r', 'PathOnHost'],
    ['/proc/self/root/dev/sda', 'r', 'PathOnHost'],
  ])('T61 refuses the device %j with %j', async (path, permissions, member) => {
    expect(await some.refused(CREATE, device(path, permissions))).toEqual([
      `HostConfig.Devices[0].${member} (workload.devices)`,
    ])
  })

  it('T61 refuses devices by number and by request, and what is asked for at update', async () => {
    const request = { DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] }
    const cdi = { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['vendor.com/disk=sda'] }] }
    const rules = { DeviceCgroupRules: ['a *:* rwm'] }
    for (const target of [CREATE, '/containers/x/update']) {
      const at = target === CREATE ? 'HostConfig.' : ''
      const body = (members: object) => (target === CREATE ? host(members) : members)
      expect(await bare.refused(target, body(request))).toEqual([`${at}DeviceRequests (workload.gpus)`])
      expect(await some.refused(target, body(request))).toEqual([`${at}DeviceRequests[0].Count (workload.gpus.count)`])
      expect(await some.refused(target, body(cdi))).toEqual([
        `${at}DeviceRequests[0].Driver (workload.gpus.drivers)`,
        `${at}DeviceRequests[0].DeviceIDs[0] (workload.gpus.devices)`,
      ])
      expect(await most.refused(target, body(rules))).toEqual([`${at}DeviceCgroupRules (workload.hostFields)`])
    }
  })

  const MODES = [
    ['NetworkMode', 'network'],
    ['PidMode', 'pid'],
    ['IpcMode', 'ipc'],
    ['UTSMode', 'uts'],
    ['UsernsMode', 'user'],
    ['CgroupnsMode', 'cgroup'],
  ] as const

  it('T62 refuses every namespace of the host at once, by its field', async () => {
    const modes = Object.fromEntries(MODES.map(([field]) => [field, 'host']))
    expect((await bare.refused(CREATE, host(modes))).sort()).toEqual(
      MODES.map(([field]) => `HostConfig.${field} (workload.hostNamespaces)`).sort(),
    )
    expect(await most.sent(CREATE, host(modes))).toEqual(host(modes))
  })

  it('T62 refuses the network of the host by its name in EndpointsConfig, and at connect', async () => {
    const networks = { Image: 'alpine', NetworkingConfig: { EndpointsConfig: { host: {} } } }
    expect(await bare.refused(CREATE, networks)).toEqual([
      'NetworkingConfig.EndpointsConfig["host"] (workload.hostNamespaces)',
    ])
    expect(await some.refused('/networks/host/connect', { Container: 'x' })).toEqual([
      '(network) (workload.hostNamespaces)',
    ])
  })

  it.each(['host:', 'Host', 'host ', 'HOST', 'shared', 'private:host'])(
    'T62 refuses the mode %j, which the engine might read as the host',
    async (mode) => {
      for (const [field] of MODES) expect(await bare.refused(CREATE, host({ [field]: mode }))).toHaveLength(1)
    },
  )

  it.each(['container:other', `container:${ID}`, 'container:'])('T63 refuses %s in each of them', async (mode) => {
    for (const [field] of MODES) {
      expect(await most.refused(CREATE, host({ [field]: mode }))).toEqual([`HostConfig.${field} (workload.hostFields)`])
    }
    expect(await most.refused(CREATE, host({ Cgroup: mode }))).toEqual(['HostConfig.Cgroup (workload.hostFields)'])
  })

  it('T63 refuses what is another container by another name: volumes, links, cgroups', async () => {
    const body = host({ VolumesFrom: ['other'], Links: ['other:db'], CgroupParent: '/docker/other' })
    expect(await most.refused(CREATE, body)).toEqual([
      'HostConfig.VolumesFrom (workload.hostFields)',
      'HostConfig.CgroupParent (workload.hostFields)',
      'HostConfig.Links (workload.hostFields)',
    ])
  })

  it.each(['ns:/proc/1/ns/net', 'ns:', 'path:/proc/1/ns/net'])('T64 refuses the network mode %s', async (mode) => {
    expect(await most.refused(CREATE, host({ NetworkMode: mode }))).toEqual([
      'HostConfig.NetworkMode (workload.hostFields)',
    ])
    const networks = { Image: 'alpine', NetworkingConfig: { EndpointsConfig: { [mode]: {} } } }
    expect(await most.refused(CREATE, networks)).toEqual([
      `NetworkingConfig.EndpointsConfig["${mode}"] (workload.hostFields)`,
    ])
  })

  it('T62 sends the namespaces of the container itself as they are', async () => {
    const body = host({
      NetworkMode: 'none',
      PidMode: '',
      IpcMode: 'shareable',
      CgroupnsMode: 'private',
      UTSMode: null,
    })
    expect(await bare.sent(CREATE, body)).toEqual(body)
    expect(await some.sent(CREATE, host({ UTSMode: 'host', NetworkMode: 'ci-1' }))).toEqual(
      host({ UTSMode: 'host', NetworkMode: 'ci-1' }),
    )
  })
})
