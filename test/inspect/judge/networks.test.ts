import { describe, expect, it } from 'vitest'
import { allowed, host, judged, refused, withImage } from './judged.ts'

const HEX = '1ecbc528b48dc524c19a034a153b8b2d04069356705cc81cde3500e49e65692c'
const CI = withImage('networks: ["ci-*", db]')

const endpoints = (EndpointsConfig: object, members: object = {}) => ({
  Image: 'alpine',
  HostConfig: members,
  NetworkingConfig: { EndpointsConfig },
})

describe('the networks of a container', () => {
  it.each(['', 'default', 'bridge', 'none'])(
    'allows %j, which asks for no more than the engine gives, to every role',
    (mode) => {
      allowed(withImage(''), host({ NetworkMode: mode }))
      allowed(withImage(''), endpoints({ [mode || 'default']: { NetworkID: '', DNSNames: null, IPAMConfig: null } }))
    },
  )

  it('allows the listed ones, in either place', () => {
    allowed(CI, host({ NetworkMode: 'ci-1' }))
    allowed(CI, endpoints({ 'ci-1': { Aliases: ['web'] }, db: null }, { NetworkMode: 'ci-1' }))
  })

  it.each(['prod', 'ci', 'Host', 'c1', 'ci-1:x'])('refuses %j, in either place', (name) => {
    expect(refused(CI, host({ NetworkMode: name }))).toHaveLength(1)
    expect(refused(CI, endpoints({ [name]: {} }))).toHaveLength(1)
  })

  it('refuses the network of the host by its name in EndpointsConfig, whatever the patterns (T62)', () => {
    expect(refused(withImage('networks: ["*"]'), endpoints({ host: {} }))).toEqual([
      'NetworkingConfig.EndpointsConfig["host"]: "host" (workload.hostNamespaces)',
    ])
  })

  it('takes what may be an id for one, unless every network is allowed or just this name', () => {
    expect(refused(withImage('networks: ["1*"]'), host({ NetworkMode: HEX }))).toHaveLength(1)
    expect(refused(withImage('networks: ["d*"]'), host({ NetworkMode: 'db' }))).toHaveLength(1)
    allowed(CI, host({ NetworkMode: 'db' }))
    allowed(withImage('networks: ["*"]'), host({ NetworkMode: HEX }))
  })

  it("refuses links to other containers on the engine's own networks (T69)", () => {
    expect(refused(withImage('networks: ["*"]'), host({ Links: ['db:db'] }))).toEqual([
      'HostConfig.Links: ["db:db"] (workload.hostFields)',
    ])
  })
})

describe('how a container stands in a network (T76)', () => {
  it.each([
    { MacAddress: '02:00:00:00:00:01' },
    { IPAMConfig: { IPv4Address: '172.17.0.9' } },
    { IPAMConfig: { LinkLocalIPs: ['169.254.1.1'] } },
    { Links: ['db:db'] },
  ])('%j needs the network listed, be it the one where everybody is', (members) => {
    for (const name of ['default', 'bridge']) {
      expect(refused(CI, endpoints({ [name]: members }))).toHaveLength(1)
      allowed(withImage('networks: [bridge]'), endpoints({ [name]: members }))
    }
    allowed(CI, endpoints({ 'ci-1': members }))
  })

  it('judges the hardware address at the top of the body as that of the network mode', () => {
    const body = (mode: string) => ({ ...host({ NetworkMode: mode }), MacAddress: '02:00:00:00:00:01' })
    expect(refused(CI, body('default'))).toEqual(['MacAddress: "02:00:00:00:00:01" (workload.networks)'])
    allowed(CI, body('ci-1'))
  })

  it('refuses driver options, as a network plugin reads them', () => {
    expect(refused(CI, endpoints({ 'ci-1': { DriverOpts: { a: 'b' } } }))).toEqual([
      'NetworkingConfig.EndpointsConfig["ci-1"].DriverOpts: {a} (workload.hostFields)',
    ])
  })

  it('refuses NetworkID, which beats the name beside it (T76b)', () => {
    expect(refused(CI, endpoints({ 'ci-1': { NetworkID: HEX } }))).toEqual([
      `NetworkingConfig.EndpointsConfig["ci-1"].NetworkID: "${HEX}" (workload.hostFields)`,
    ])
    expect(
      refused(
        CI,
        { Container: 'c', EndpointConfig: { NetworkID: 'prod' } },
        { operation: 'NetworkConnect', params: { id: 'ci-1' } },
      ),
    ).toEqual(['EndpointConfig.NetworkID: "prod" (workload.hostFields)'])
  })

  it('judges the network in the path of connect, with what is asked for in it', () => {
    const connect = (id: string, EndpointConfig: object | null = null) =>
      refused(CI, { Container: 'c', EndpointConfig }, { operation: 'NetworkConnect', params: { id } })
    expect(connect('ci-1', { Aliases: ['web'], MacAddress: '02:00:00:00:00:01' })).toEqual([])
    expect(connect('prod')).toEqual(['(network): "prod" (workload.networks)'])
    expect(connect('host')).toEqual(['(network): "host" (workload.hostNamespaces)'])
    expect(connect('bridge', { IPAMConfig: { IPv4Address: '172.17.0.9' } })).toHaveLength(1)
    expect(refused('{}', { Container: 'c' }, { operation: 'NetworkConnect', params: { id: 'bridge' } })).toHaveLength(1)
  })
})

describe('networks that are made', () => {
  const create = (members: object) => refused(CI, { Name: 'ci-1', ...members }, { operation: 'NetworkCreate' })

  it('allows a bridge by a listed name', () => {
    expect(
      create({
        Driver: 'bridge',
        IPAM: { Driver: 'default', Options: {}, Config: [] },
        Internal: true,
        EnableIPv6: true,
        Attachable: true,
      }),
    ).toEqual([])
  })

  it.each([
    { Name: 'prod' },
    { Driver: 'macvlan' },
    { Options: { parent: 'eth0' } },
    { IPAM: { Config: [{ Subnet: '169.254.169.0/24' }] } },
    { IPAM: { Driver: 'custom' } },
    { Ingress: true },
    { Scope: 'swarm' },
    { ConfigOnly: true },
    { ConfigFrom: { Network: 'prod' } },
    { Labels: { a: 'b' } },
  ])('refuses %j', (members) => {
    expect(create(members)).toHaveLength(1)
  })
})

describe('published ports (T77)', () => {
  const ROLE = withImage('ports: ["127.0.0.1:0", "127.0.0.1:1024-65535", "53/udp"]')
  const publish = (port: string, HostIp: string, HostPort: string) =>
    host({ PortBindings: { [port]: [{ HostIp, HostPort }] } })

  it.each([
    ['80/tcp', '127.0.0.1', '80'],
    ['80/tcp', '127.0.0.1', '1000-2000'],
    ['80/tcp', '127.0.0.1', '08080'],
    ['80/tcp', '127.0.0.1', '8080/tcp'],
    ['80/tcp', '127.0.0.1', ' 8080'],
    ['80/tcp', '127.0.0.01', '8080'],
    ['80/tcp', '0.0.0.0', '8080'],
    ['80/tcp', '', '8080'],
    ['80/tcp', '', ''],
    ['80/tcp', '::', '8080'],
    ['80/udp', '127.0.0.1', '8080'],
    ['80/TCP', '127.0.0.1', '8080'],
    ['80/tcp/udp', '127.0.0.1', '8080'],
  ])('refuses %s on %j:%j', (port, address, hostPort) => {
    expect(refused(ROLE, publish(port, address, hostPort))).toHaveLength(1)
  })

  it.each([
    ['80/tcp', '127.0.0.1', '8080'],
    ['80', '127.0.0.1', '1024-2000'],
    ['80/tcp', '127.0.0.1', ''],
    ['80/tcp', '127.0.0.1', '0'],
    ['9/udp', '', '53'],
    ['9/udp', '10.0.0.1', '53'],
  ])('allows %s on %j:%j', (port, address, hostPort) => {
    allowed(ROLE, publish(port, address, hostPort))
  })

  it('says where a port was to go', () => {
    expect(refused(withImage(''), publish('80/tcp', '', '80'))).toEqual([
      'HostConfig.PortBindings["80/tcp"][0]: port 80 on any address, tcp (workload.ports)',
    ])
  })

  it.each([
    ['80/tcp', 'the role lists 127.0.0.1:0/tcp, 127.0.0.1:1024-65535/tcp'],
    ['53/udp', 'the role lists 53/udp'],
    ['1/sctp', 'the role lists no ports of sctp'],
  ])('says which ports of the protocol the role has for %s', (port, why) => {
    expect(judged(ROLE, publish(port, '::', '80')).findings.map((finding) => finding.why)).toEqual([why])
  })

  it('judges each binding of a port', () => {
    const body = host({ PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }, { HostPort: '1' }] } })
    expect(refused(ROLE, body)).toEqual([
      'HostConfig.PortBindings["80/tcp"][1]: port 1 on any address, tcp (workload.ports)',
    ])
  })

  it.each([null, []])('takes a port with %j for one on any address, as engines publish it there', (bindings) => {
    const body = host({ PortBindings: { '80/tcp': bindings } })
    expect(refused(ROLE, body)).toEqual([
      'HostConfig.PortBindings["80/tcp"]: any free port on any address, tcp (workload.ports)',
    ])
    allowed(withImage('ports: ["0"]'), body)
    expect(refused(ROLE, host({ PortBindings: {} }))).toEqual([])
  })

  it('publishes all that an image exposes only where any port may be, of every protocol', () => {
    const body = host({ PublishAllPorts: true })
    expect(refused(withImage('ports: ["0"]'), body)).toHaveLength(2)
    allowed(withImage('ports: ["0", "0/udp", "0/sctp"]'), body)
  })
})
