import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { host, judgementOf } from './judgement.ts'
import { type Scene, startScene } from './scene.ts'

const CREATE = '/containers/create'
const BASE = 'allow: [run], workload: { images: ["docker.io/library/*"]'
const ROLES = {
  bare: `{ ${BASE} } }`,
  ci: `{ ${BASE}, networks: ["ci-*", db] } }`,
  every: `{ ${BASE}, networks: ["*"], ports: ["127.0.0.1:0", "127.0.0.1:1024-65535", "53/udp"] } }`,
}
const HEX = '1ecbc528b48dc524c19a034a153b8b2d04069356705cc81cde3500e49e65692c'

describe('attacks by networks and ports', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(ROLES)
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const bare = judgementOf(() => scene, 'bare')
  const ci = judgementOf(() => scene, 'ci')
  const every = judgementOf(() => scene, 'every')
  const endpoints = (EndpointsConfig: object, members: object = {}) => ({
    Image: 'alpine',
    HostConfig: members,
    NetworkingConfig: { EndpointsConfig },
  })

  it.each([
    [{ Name: 'prod' }, 'Name (workload.networks)'],
    [
      { Driver: 'macvlan', Options: { parent: 'eth0' } },
      'Options (workload.hostFields)',
      'Driver (workload.hostFields)',
    ],
    [{ Driver: 'ipvlan' }, 'Driver (workload.hostFields)'],
    [{ Driver: 'overlay', Scope: 'swarm' }, 'Driver (workload.hostFields)', 'Scope (workload.hostFields)'],
    [{ Driver: 'host' }, 'Driver (workload.hostFields)'],
    [{ Options: { 'com.docker.network.bridge.name': 'docker0' } }, 'Options (workload.hostFields)'],
    [{ IPAM: { Config: [{ Subnet: '169.254.169.0/24' }] } }, 'IPAM (workload.hostFields)'],
    [{ IPAM: { Driver: 'custom' } }, 'IPAM (workload.hostFields)'],
    [{ Ingress: true }, 'Ingress (workload.hostFields)'],
    [{ ConfigOnly: true }, 'ConfigOnly (workload.hostFields)'],
    [{ ConfigFrom: { Network: 'prod' } }, 'ConfigFrom (workload.hostFields)'],
    [{ Labels: { 'io.dockgate.owner': 'x' } }, 'Labels["io.dockgate.owner"] (workload.labels)'],
    [{ driver: 'host' }, 'driver (workload.unknownFields)'],
  ])('T114 refuses to make the network %j', async (members, ...found) => {
    expect(await ci.refused('/networks/create', { Name: 'ci-1', ...members })).toEqual(found)
  })

  it('T114 sends a bridge with a name that the role has as it is', async () => {
    const body = { Name: 'ci-1', Driver: 'bridge', IPAM: { Driver: 'default', Config: [] }, Internal: true }
    expect(await ci.sent('/networks/create', body)).toEqual(body)
    expect(await bare.refused('/networks/create', body)).toEqual(['Name (workload.networks)'])
  })

  it('T114 refuses to connect to a network that the role does not have', async () => {
    for (const network of ['prod', HEX, 'host', 'c']) {
      expect(await ci.refused(`/networks/${network}/connect`, { Container: 'x' })).toHaveLength(1)
    }
    expect(await ci.refused('/networks/prod/connect', '{}')).toEqual(['(network) (workload.networks)'])
    const body = { Container: 'x', EndpointConfig: { Aliases: ['web'] } }
    expect(await ci.sent('/networks/ci-1/connect', body)).toEqual(body)
  })

  it("T114 refuses on the engine's own network what makes a container stand for another one", async () => {
    for (const [members, field] of [
      [{ MacAddress: '02:00:00:00:00:01' }, 'MacAddress'],
      [{ IPAMConfig: { IPv4Address: '172.17.0.9' } }, 'IPAMConfig'],
      [{ Links: ['db:db'] }, 'Links'],
    ] as const) {
      expect(await ci.refused('/networks/bridge/connect', { Container: 'x', EndpointConfig: members })).toEqual([
        `EndpointConfig.${field} (workload.networks)`,
      ])
      expect(await ci.refused(CREATE, endpoints({ bridge: members }))).toEqual([
        `NetworkingConfig.EndpointsConfig["bridge"].${field} (workload.networks)`,
      ])
    }
  })

  it('T76 refuses a hardware address at the top, but for a listed network, and options of network drivers', async () => {
    const body = (mode: string) => ({ ...host({ NetworkMode: mode }), MacAddress: '02:00:00:00:00:01' })
    expect(await ci.refused(CREATE, body('default'))).toEqual(['MacAddress (workload.networks)'])
    expect(await ci.sent(CREATE, body('ci-1'))).toEqual(body('ci-1'))
    const DriverOpts = { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.forwarding=1' }
    expect(await ci.refused(CREATE, endpoints({ 'ci-1': { DriverOpts } }))).toEqual([
      'NetworkingConfig.EndpointsConfig["ci-1"].DriverOpts (workload.hostFields)',
    ])
    expect(await ci.refused('/networks/ci-1/connect', { Container: 'x', EndpointConfig: { DriverOpts } })).toEqual([
      'EndpointConfig.DriverOpts (workload.hostFields)',
    ])
  })

  it('T76b refuses NetworkID, which beats the name beside it, at create and connect', async () => {
    expect(await every.refused(CREATE, endpoints({ 'ci-1': { NetworkID: HEX } }))).toEqual([
      'NetworkingConfig.EndpointsConfig["ci-1"].NetworkID (workload.hostFields)',
    ])
    expect(
      await ci.refused('/networks/ci-1/connect', { Container: 'x', EndpointConfig: { NetworkID: 'prod' } }),
    ).toEqual(['EndpointConfig.NetworkID (workload.hostFields)'])
  })

  it('T114 refuses a second network that the role does not have, beside one that it has', async () => {
    expect(await ci.refused(CREATE, endpoints({ 'ci-1': {}, prod: {}, 'ci-2': {} }, { NetworkMode: 'ci-1' }))).toEqual([
      'NetworkingConfig.EndpointsConfig["prod"] (workload.networks)',
    ])
    const body = endpoints({ 'ci-1': { Aliases: ['web'] }, db: null }, { NetworkMode: 'ci-1' })
    expect(await ci.sent(CREATE, body)).toEqual(body)
  })

  it.each([
    ['80/tcp', [{ HostIp: '127.0.0.1', HostPort: '80' }], '[0]'],
    ['80/tcp', [{ HostIp: '127.0.0.1', HostPort: '1000-2000' }], '[0]'],
    ['80/tcp', [{ HostIp: '127.0.0.1', HostPort: '08080' }], '[0]'],
    ['80/tcp', [{ HostIp: '0.0.0.0', HostPort: '8080' }], '[0]'],
    ['80/tcp', [{ HostIp: '::ffff:127.0.0.1', HostPort: '8080' }], '[0]'],
    ['80/tcp', [{ HostIp: 'localhost', HostPort: '8080' }], '[0]'],
    ['80/tcp', [{ HostIp: '127.1', HostPort: '8080' }], '[0]'],
    ['80/tcp', [{ HostIp: '2130706433', HostPort: '8080' }], '[0]'],
    ['80/tcp', [{ HostIp: '127.0.0.01', HostPort: '8080' }], '[0]'],
    ['80/TCP', [{ HostIp: '127.0.0.1', HostPort: '8080' }], '[0]'],
    ['80/tcp', [{ HostPort: '8080' }], '[0]'],
    ['80/tcp', [{}], '[0]'],
    ['80/sctp', [{ HostIp: '127.0.0.1' }], '[0]'],
    ['80/tcp', [{ HostIp: '127.0.0.1' }, { HostIp: '' }], '[1]'],
    ['80/tcp', [], ''],
    ['80/tcp', null, ''],
  ])('T77 refuses to publish %s with %j', async (port, bindings, place) => {
    expect(await every.refused(CREATE, host({ PortBindings: { [port]: bindings } }))).toEqual([
      `HostConfig.PortBindings["${port}"]${place} (workload.ports)`,
    ])
  })

  it('T77 refuses to publish all ports, and sends those that the role has as they are', async () => {
    expect(await every.refused(CREATE, host({ PublishAllPorts: true }))).toContain(
      'HostConfig.PublishAllPorts (workload.ports)',
    )
    const PortBindings = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }], '9/udp': [{ HostPort: '53' }] }
    expect(await every.sent(CREATE, host({ PortBindings }))).toEqual(host({ PortBindings }))
  })
})
