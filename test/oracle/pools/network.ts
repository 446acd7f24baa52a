import type { Pool, World } from '../world.ts'

/** Ports and networks. */
export function network({ hostNetwork, victim }: World): Record<string, Pool> {
  const addresses = [
    ...['', '0.0.0.0', '::', '::1', '127.0.0.2', 'localhost', '127.0.0.1 ', ' 127.0.0.1', '127.1', '0', '127.0.0.01'],
    ...['[127.0.0.1]', '::ffff:127.0.0.1', '2130706433', '0x7f000001', '127.0.0.1/8', '127.0.0.1:80', '\u0661'],
  ]
  const ports = [
    ...[
      '80',
      '0',
      '1023',
      '1024',
      '65535',
      '65536',
      '00080',
      '08080',
      '80-90',
      '1000-2000',
      '2000-1000',
      '8080-',
      '-80',
    ],
    ...[' 8080', '8080 ', '+8080', '0x1f90', '1e4', '8080/udp', '8080,80', '0-65535', '0-0', '\u0668\u0660'],
  ]
  const keys = [
    '80/TCP',
    '80/sctp',
    '80-90/tcp',
    '/tcp',
    '0/tcp',
    '80/',
    '80/tcp/udp',
    'x',
    '',
    '65536/tcp',
    '80/Udp',
    '80/x',
  ]
  const local = { HostIp: '127.0.0.1', HostPort: '8080' }
  return {
    'HostConfig.PortBindings': {
      good: [
        null,
        {},
        { '80/tcp': [local] },
        { 80: [{ HostIp: '127.0.0.1' }] },
        { '53/udp': [{ HostIp: '127.0.0.1', HostPort: '2000-3000' }] },
        { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }], '81/tcp': [] },
      ],
      odd: [
        ...addresses.map((HostIp) => ({ '80/tcp': [{ HostIp, HostPort: '8080' }] })),
        ...ports.map((HostPort) => ({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort }] })),
        ...keys.map((key) => ({ [key]: [local] })),
        { '80/tcp': [{}] },
        { '80/tcp': [null] },
        { '80/tcp': local },
        { '80/tcp': [local, { HostPort: '22' }] },
      ],
    },
    'HostConfig.PublishAllPorts': { good: [false], odd: [true, 'true'] },
    'HostConfig.Dns': { good: [null, ['192.0.2.1']], odd: [['x'], ['']] },
    'HostConfig.ExtraHosts': { good: [null, ['a:192.0.2.1']], odd: [['a:host-gateway'], ['x'], ['']] },
    'HostConfig.DnsOptions': { good: [null, ['ndots:2']], odd: [['']] },
    'HostConfig.DnsSearch': { good: [null, ['example.org']], odd: [['']] },
    'NetworkingConfig.EndpointsConfig': {
      good: [
        null,
        {},
        { bridge: {} },
        { somewhere: { Aliases: ['a'] } },
        { bridge: { Gateway: 'x', EndpointID: 'x' } },
      ],
      odd: [
        { host: {} },
        { bridge: { NetworkID: hostNetwork } },
        { somewhere: { NetworkID: 'host' } },
        { [hostNetwork]: {} },
        { [`container:${victim}`]: {} },
        { bridge: null },
        { bridge: { IPAMConfig: { IPv4Address: '172.17.0.1' } } },
        { bridge: { Links: [victim] } },
        { bridge: { MacAddress: '02:42:ac:11:00:01' } },
        { bridge: { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.x=1' } } },
      ],
    },
  }
}
