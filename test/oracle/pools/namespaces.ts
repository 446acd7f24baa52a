import type { Pool, World } from '../world.ts'

const MODES = [
  ...['host', 'Host', 'HOST', ' host', 'host ', 'host\u0000', 'host:', 'host:x', 'ho\u017ft', ':host', 'h\u006fst'],
  ...['private', 'Private', 'private:x', 'none', 'shareable', 'default', 'bridge', 'container', 'container:'],
  ...['ns:/proc/1/ns/net', 'ns:/proc/1/ns/pid', '/proc/1/ns/net'],
]

/** Namespaces, of the host and of other containers. */
export function namespaces({ victim, victimId, hostNetwork }: World): Record<string, Pool> {
  const joined = [victim, victimId, victimId.slice(0, 12), `${victim}:x`, `/${victim}`].flatMap((reference) => [
    `container:${reference}`,
    `Container:${reference}`,
  ])
  const odd = [...MODES, ...joined]
  const networks = [
    hostNetwork,
    hostNetwork.slice(0, 12),
    hostNetwork.slice(0, 3),
    hostNetwork.toUpperCase(),
    'nat',
    'a:b',
  ]
  return {
    'HostConfig.NetworkMode': { good: ['', 'default', 'bridge', 'none', 'somewhere'], odd: [...odd, ...networks] },
    'HostConfig.PidMode': { good: [''], odd },
    'HostConfig.IpcMode': { good: ['', 'private', 'shareable', 'none'], odd },
    'HostConfig.UTSMode': { good: [''], odd },
    'HostConfig.UsernsMode': { good: [''], odd },
    'HostConfig.CgroupnsMode': { good: ['', 'private'], odd },
    'HostConfig.Cgroup': { good: [''], odd },
    'HostConfig.VolumesFrom': { good: [null, []], odd: [[victim], [`${victim}:ro`], [victimId], [''], victim] },
    'HostConfig.Links': { good: [null, []], odd: [[`${victim}:x`], [victim], [victimId], ['']] },
  }
}
