import { CREATE } from './create.ts'
import { cpuEach, jobFor, measured, memoryNow, type Request, type Workload } from './workload.ts'

const PLAIN = ['direct', 'haproxy', 'nginx', 'haproxy+rs256', 'haproxy+es256', 'gate']
const CHECKED = ['haproxy', 'haproxy+rs256', 'haproxy+es256', 'gate'] as const
const VARIANTS = ['gate 10 bindings', 'gate 200 bindings', 'haproxy+tls', 'gate+tls', 'gate+mtls']
const COLUMNS = ['cpu', 'user', 'system', 'rate', 'p50', 'p99', 'worst', 'memory'] as const
const RATIOS = CHECKED.map((way) => ['cpu', way] as const)
const JSON_TYPE = 'Content-Type: application/json\r\n'

export const PING: Request = { path: '/_ping' }
const CREATES: Request = {
  method: 'POST',
  path: '/v1.51/containers/create?name=x',
  headers: JSON_TYPE,
  body: CREATE,
  status: 201,
}

/** Many small requests, each connection kept alive and asking again as soon as it has its answer. */
function requests(
  name: string,
  about: string,
  request: Request,
  {
    connections = 64,
    ways = PLAIN,
    ratios = RATIOS,
  }: Partial<Pick<Workload, 'ways' | 'ratios'>> & { connections?: number } = {},
): Workload {
  return {
    name,
    about: `${about}; ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    ways,
    columns: COLUMNS,
    ratios,
    async measure(subject, { client, scale }) {
      const job = {
        ...jobFor(subject.way, 'requests', request),
        Connections: connections,
        Millis: scale.millis,
        WarmUp: scale.warmUp,
      }
      const { outcome, user, system } = await measured(subject, client, job)
      return {
        ...cpuEach(subject, user, system, outcome.Done),
        rate: outcome.Done / outcome.Seconds,
        p50: outcome.P50,
        p99: outcome.P99,
        worst: outcome.Worst,
        ...memoryNow(subject),
      }
    },
  }
}

const all = '/v1.51/containers/json?all=1'
const OWN = 'gate own objects'
const REAL_RATIOS = [
  ['rate', 'direct'],
  ['cpu', 'haproxy'],
] as const

export const REQUESTS: readonly Workload[] = [
  requests('ping 64', '`GET /_ping`', PING, { ways: [...PLAIN, ...VARIANTS] }),
  requests('ping 1', '`GET /_ping`', PING, {
    connections: 1,
    ways: [...PLAIN, 'haproxy+tls', 'gate+tls', 'gate+mtls'],
    ratios: [
      ['p50', 'direct'],
      ['p50', 'haproxy'],
      ['p99', 'direct'],
    ],
  }),
  requests(
    'inspect',
    '`GET /containers/web/json`, 1.2 KB',
    { path: '/v1.51/containers/web/json' },
    { ways: [...PLAIN, OWN] },
  ),
  requests('list of 20', '`GET /containers/json`, 20 containers, 17 KB', { path: all }, { ways: [...PLAIN, OWN] }),
  requests(
    'list of 1000',
    '`GET /containers/json`, 1,000 containers, 900 KB, of which 50 are the owner’s',
    { path: `${all}&limit=1000` },
    { connections: 16, ways: [...PLAIN, OWN] },
  ),
  requests('create', '`POST /containers/create` as `docker run` sends it, 2 KB, which the gate judges', CREATES, {
    ways: [...PLAIN, OWN],
  }),
  requests(
    'refused',
    '`GET /swarm`, which nobody lets through',
    { path: '/v1.51/swarm', status: 403 },
    {
      ways: ['haproxy', 'nginx', 'haproxy+rs256', 'haproxy+es256', 'gate'],
    },
  ),
  {
    ...requests(
      'dockerd list of 20',
      '`GET /containers/json` of dockerd itself, 20 containers',
      { path: '/containers/json?all=1' },
      {
        connections: 16,
        ways: ['direct', 'haproxy', 'nginx', 'gate'],
        ratios: REAL_RATIOS,
      },
    ),
    engine: 'real',
  },
  {
    ...requests('dockerd ping', '`GET /_ping` of dockerd itself', PING, {
      connections: 1,
      ways: ['direct', 'haproxy', 'gate'],
      ratios: [
        ['p50', 'direct'],
        ['cpu', 'haproxy'],
      ],
    }),
    engine: 'real',
  },
]
