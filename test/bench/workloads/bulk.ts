import {
  jobFor,
  measured,
  memoryNow,
  type Request,
  type Sample,
  type Scale,
  type Subject,
  type Workload,
} from './workload.ts'

const GB = 1e9
const WAYS = ['direct', 'haproxy', 'nginx', 'gate', 'haproxy+tls', 'gate+tls']

/** One large body on one connection. */
function bulk(
  name: string,
  about: string,
  kind: 'requests' | 'hijack',
  ways: readonly string[],
  request: (scale: Scale) => Request,
): Workload {
  return {
    name,
    about,
    ways,
    columns: ['cpuPerGB', 'userPerGB', 'systemPerGB', 'gbps', 'memory'],
    ratios: [
      ['cpuPerGB', 'haproxy'],
      ['gbps', 'haproxy'],
      ['gbps', 'direct'],
    ],
    async measure(subject, { client, scale }) {
      const job = { ...jobFor(subject.way, kind, request(scale)), Connections: 1, Count: 1 }
      const { outcome, user, system } = await measured(subject, client, job)
      return {
        ...cpuOfBytes(subject, user, system, outcome.Bytes),
        gbps: outcome.Bytes / GB / outcome.Seconds,
        ...memoryNow(subject),
      }
    },
  }
}

/** Milliseconds a GB. */
function cpuOfBytes({ running }: Subject, user: number, system: number, bytes: number): Sample {
  if (running.pids.length === 0) return {}
  const each = (time: number) => time / 1000 / (bytes / GB)
  return { cpuPerGB: each(user + system), userPerGB: each(user), systemPerGB: each(system) }
}

export const BULK: readonly Workload[] = [
  bulk('down', '`GET /containers/ID/export`, 2 GiB', 'requests', WAYS, ({ bulkBytes }) => ({
    path: `/v1.51/containers/size-${bulkBytes}/export`,
  })),
  bulk('up', '`POST /images/load`, 2 GiB', 'requests', WAYS, ({ bulkBytes }) => ({
    method: 'POST',
    path: '/v1.51/images/load',
    headers: 'Content-Type: application/x-tar\r\n',
    upload: bulkBytes,
  })),
  bulk(
    'hijack',
    '`POST /containers/ID/attach`, upgraded, 512 MiB there and back at once; bytes count once',
    'hijack',
    WAYS,
    ({ echoBytes }) => ({
      method: 'POST',
      path: '/v1.51/containers/web/attach?stream=1&stdin=1&stdout=1',
      headers: 'Connection: Upgrade\r\nUpgrade: tcp\r\n',
      upload: echoBytes,
      status: 101,
    }),
  ),
]
