import { figures, paired, type Results, type Spread, spread } from './results.ts'
import type { Metric } from './workloads/workload.ts'

/** One row of what was set out to be reached. */
export interface Goal {
  readonly work: string
  readonly against: string
  /** What the median may be at most, or must be at least. */
  readonly most?: number
  readonly least?: number
  readonly unit: '×' | 'µs' | 'ms' | 'MiB' | 'KiB' | 'requests'
  readonly measured: (results: Results) => Spread
}

type Figure = readonly [workload: string, way: string, metric: Metric]

const of = (results: Results, [workload, way, metric]: Figure) => figures(results, workload, way, metric)
const plain = (figure: Figure) => (results: Results) => spread(of(results, figure))
const ratio = (one: Figure, other: Figure) => (results: Results) => paired(of(results, one), of(results, other))
const more = (one: Figure, other: Figure) => (results: Results) =>
  paired(of(results, one), of(results, other), (value, base) => value - base)

/** Against the one of the peers that does best in each round; nothing where none was measured. */
const bestPeer = (workload: string, metric: Metric, best: (...values: number[]) => number) => (results: Results) => {
  const peers = results.peers.map((way) => figures(results, workload, way, metric))
  const rounds = figures(results, workload, 'gate', metric)
  const against = rounds.map((_, round) => {
    const measured = peers.flatMap((of) => of[round] ?? []).filter(Number.isFinite)
    return measured.length === 0 ? Number.NaN : best(...measured)
  })
  return paired(rounds, against)
}

const smallRequests = ['ping 64', 'inspect'].flatMap((workload): Goal[] => {
  const gate: Figure = [workload, 'gate', 'cpu']
  const work = `${workload}, CPU a request`
  const against = (way: string, name: string, most: number): Goal => ({
    work,
    against: name,
    most,
    unit: '×',
    measured: ratio(gate, [workload, way, 'cpu']),
  })
  return [
    against('haproxy+es256', 'HAProxy with the same ES256 check', 0.5),
    against('haproxy+rs256', 'HAProxy with the same RS256 check', 0.9),
    against('haproxy', 'HAProxy, no authentication', 1.9),
    {
      work,
      against: 'the better Go proxy (stand-in), no authentication',
      most: 1,
      unit: '×',
      measured: bestPeer(workload, 'cpu', Math.min),
    },
  ]
})

const GATE_PING: Figure = ['ping 1', 'gate', 'p50']

/** In the order of the page. */
export const GOALS: readonly Goal[] = [
  ...smallRequests,
  {
    work: 'list of 20 on dockerd, 16 clients, requests a second',
    against: 'direct',
    least: 0.95,
    unit: '×',
    measured: ratio(['dockerd list of 20', 'gate', 'rate'], ['dockerd list of 20', 'direct', 'rate']),
  },
  {
    work: 'ping, 1 client, p50 added',
    against: 'direct',
    most: 60,
    unit: 'µs',
    measured: more(GATE_PING, ['ping 1', 'direct', 'p50']),
  },
  { work: 'ping, 1 client, p99', against: '–', most: 1000, unit: 'µs', measured: plain(['ping 1', 'gate', 'p99']) },
  {
    work: 'ping, 1 client, slowest answer of a round (collections included)',
    against: '–',
    most: 10_000,
    unit: 'µs',
    measured: plain(['ping 1', 'gate', 'worst']),
  },
  {
    work: '2 GiB down, GB/s',
    against: 'the better Go proxy (stand-in)',
    least: 1,
    unit: '×',
    measured: bestPeer('down', 'gbps', Math.max),
  },
  {
    work: '2 GiB up, GB/s',
    against: 'the better Go proxy (stand-in)',
    least: 1,
    unit: '×',
    measured: bestPeer('up', 'gbps', Math.max),
  },
  {
    work: 'hijacked stream, GB/s',
    against: 'HAProxy',
    least: 0.5,
    unit: '×',
    measured: ratio(['hijack', 'gate', 'gbps'], ['hijack', 'haproxy', 'gbps']),
  },
  {
    work: 'refused request, CPU',
    against: 'an allowed inspect',
    most: 0.5,
    unit: '×',
    measured: ratio(['refused', 'gate', 'cpu'], ['inspect', 'gate', 'cpu']),
  },
  {
    work: 'own objects: requests to the engine for one inspect',
    against: 'the same without',
    most: 1,
    unit: 'requests',
    measured: more(['engine requests', 'gate own objects', 'asked'], ['engine requests', 'gate', 'asked']),
  },
  { work: 'memory, idle', against: '–', most: 85, unit: 'MiB', measured: plain(['start', 'gate', 'idle']) },
  {
    work: 'memory after load (ping at 64)',
    against: '–',
    most: 120,
    unit: 'MiB',
    measured: plain(['ping 64', 'gate', 'memory']),
  },
  {
    work: 'memory for each open stream',
    against: '–',
    most: 10,
    unit: 'KiB',
    measured: plain(['events', 'gate', 'perStream']),
  },
  {
    work: 'new TLS 1.3 connection, CPU',
    against: 'HAProxy',
    most: 1.9,
    unit: '×',
    measured: ratio(['TLS full', 'gate+tls', 'cpu'], ['TLS full', 'haproxy+tls', 'cpu']),
  },
  {
    work: 'resumed TLS 1.3 connection, CPU',
    against: 'HAProxy',
    most: 1.2,
    unit: '×',
    measured: ratio(['TLS resumed', 'gate+tls', 'cpu'], ['TLS resumed', 'haproxy+tls', 'cpu']),
  },
  {
    work: "greedy neighbour, another client's p99",
    against: 'the same alone',
    most: 2,
    unit: '×',
    measured: plain(['greedy', 'gate', 'worse']),
  },
  { work: 'start to first answer', against: '–', most: 400, unit: 'ms', measured: plain(['start', 'gate', 'millis']) },
]

/** Whether the median reaches it; null where nothing was measured. */
export function reached({ most, least }: Goal, { median }: Spread): boolean | null {
  if (!Number.isFinite(median)) return null
  return median <= (most ?? Number.POSITIVE_INFINITY) && median >= (least ?? Number.NEGATIVE_INFINITY)
}
