import type { Job, LoadClient, Outcome } from '../client.ts'
import { cpuOf, memoryOf } from '../measure.ts'
import type { Place, Running, Way } from '../places/place.ts'

/** One way in, and the program behind it. */
export interface Subject {
  readonly way: Way
  readonly running: Running
  readonly place: Place
  /** Of the engine behind it. */
  readonly socket: string
  /** Starts another one of the place, with nothing done yet. */
  again(): Promise<Running>
}

interface Tools {
  readonly client: LoadClient
  /** For what must happen beside the other one's work. */
  readonly neighbour: LoadClient
  readonly scale: Scale
}

/** How much of everything. */
export interface Scale {
  /** Of one figure of requests. */
  readonly millis: number
  readonly warmUp: number
  readonly bulkBytes: number
  readonly echoBytes: number
  readonly streams: number
}

/** What can be measured; the figure's unit is in the title. */
export const METRICS = {
  cpu: { plain: false, title: 'CPU µs', digits: 1 },
  user: { plain: true, title: 'user', digits: 1 },
  system: { plain: true, title: 'system', digits: 1 },
  cpuPerGB: { plain: false, title: 'CPU ms/GB', digits: 0 },
  userPerGB: { plain: true, title: 'user', digits: 0 },
  systemPerGB: { plain: true, title: 'system', digits: 0 },
  rate: { plain: false, title: 'a second', digits: 0 },
  p50: { plain: false, title: 'p50 µs', digits: 0 },
  p99: { plain: false, title: 'p99 µs', digits: 0 },
  worst: { plain: true, title: 'worst µs', digits: 0 },
  alone: { plain: false, title: 'p99 µs alone', digits: 0 },
  worse: { plain: false, title: 'p99 × alone', digits: 2 },
  gbps: { plain: false, title: 'GB/s', digits: 2 },
  millis: { plain: false, title: 'ms', digits: 0 },
  idle: { plain: true, title: 'idle MiB', digits: 1 },
  memory: { plain: true, title: 'MiB after', digits: 1 },
  asked: { plain: false, title: 'engine requests', digits: 1 },
  perStream: { plain: false, title: 'KiB a stream', digits: 1 },
} as const

export type Metric = keyof typeof METRICS
export type Sample = Partial<Record<Metric, number>>

export interface Workload {
  readonly name: string
  readonly about: string
  /** The in-memory engine unless told. */
  readonly engine?: 'real'
  /** Names, in the order of the table; peers are added behind them unless told. */
  readonly ways: readonly string[]
  readonly peers?: false
  readonly columns: readonly Metric[]
  /** Paired by round: a metric against another way's. */
  readonly ratios: readonly (readonly [metric: Metric, against: string])[]
  measure(subject: Subject, tools: Tools): Promise<Sample>
}

export interface Request {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  /** Lines, each with its end. */
  readonly headers?: string
  readonly body?: string
  readonly upload?: number
  readonly status?: number
}

/** A job for the load client from what is asked, in the name of the way's caller. */
export function jobFor({ target, headers }: Way, kind: Job['Kind'], request: Request): Job {
  const { method = 'GET', path, body = '', upload = 0, status = 200 } = request
  const length =
    method === 'GET' ? '' : `Content-Length: ${Buffer.byteLength(body) + (kind === 'hijack' ? 0 : upload)}\r\n`
  const lines = `Host: docker\r\nUser-Agent: Docker-Client/28.3.3 (linux)\r\n${headers}${request.headers ?? ''}${length}`
  return {
    ...target,
    Kind: kind,
    Head: `${method} ${path} HTTP/1.1\r\n${lines}\r\n`,
    Body: body,
    Upload: upload,
    Expect: status,
  }
}

/** Does the job, and holds the CPU time that the programs behind the way took against its outcome. */
export async function measured(
  { running }: Subject,
  client: LoadClient,
  job: Job,
  after: (outcome: Outcome) => Sample | Promise<Sample> = () => ({}),
): Promise<{ readonly outcome: Outcome; readonly user: number; readonly system: number; readonly sample: Sample }> {
  let before = { user: 0, system: 0 }
  const { outcome, seen } = await client.run(job, {
    before: () => {
      before = cpuOf(running.pids)
    },
    after: async (done) => ({ now: cpuOf(running.pids), sample: await after(done) }),
  })
  const { now = before, sample = {} } = seen ?? {}
  return { outcome, user: now.user - before.user, system: now.system - before.system, sample }
}

/** Microseconds of CPU each; nothing where there is no program (direct). */
export function cpuEach({ running }: Subject, user: number, system: number, count: number): Sample {
  if (running.pids.length === 0) return {}
  return { cpu: (user + system) / count, user: user / count, system: system / count }
}

/** Memory now; nothing where there is no program. */
export function memoryNow({ running }: Subject): Sample {
  return running.pids.length === 0 ? {} : { memory: memoryOf(running.pids) }
}
