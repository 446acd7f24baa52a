import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Where something listens, as the load client reaches it. */
export interface Target {
  readonly Network: 'tcp' | 'unix'
  readonly Address: string
  /** PEM. */
  readonly TLS?: { readonly CA: string; readonly Certificate?: string; readonly Key?: string }
}

/** One piece of work for the load client; its fields are described in load/client.go. */
export interface Job extends Target {
  readonly Kind: 'requests' | 'handshakes' | 'hijack' | 'streams'
  readonly Head: string
  readonly Connections?: number
  readonly Millis?: number
  readonly Count?: number
  readonly WarmUp?: number
  readonly Body?: string
  readonly Upload?: number
  readonly Expect?: number
  readonly Pace?: number
  readonly Resume?: boolean
}

/** What the work came to; times in microseconds, but `Seconds`. */
export interface Outcome {
  readonly Done: number
  readonly Bytes: number
  readonly Seconds: number
  readonly P50: number
  readonly P90: number
  readonly P99: number
  readonly Worst: number
  readonly Resumed: number
  readonly Error: string
}

/** A process that does one job at a time. */
export interface LoadClient {
  /**
   * Opens connections and warms up, calls `before`, does the work, calls `after`, and closes. Rejects with what went
   * wrong, named by the job's target.
   */
  run<Seen>(job: Job, around?: Around<Seen>): Promise<{ readonly outcome: Outcome; readonly seen: Seen | undefined }>
  stop(): void
}

interface Around<Seen> {
  before(): void
  /** While what the work opened is still open. */
  after(outcome: Outcome): Seen | Promise<Seen>
}

export function startClient(program: string): LoadClient {
  const child: ChildProcess = spawn(program, ['client'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: { resolve(outcome: Outcome): void; reject(error: Error): void }[] = []
  if (child.stdout === null) throw new Error('the client has no output')
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)))
  child.once('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the load client ended with ${code}`))
  })
  const step = (line: string) =>
    new Promise<Outcome>((resolve, reject) => {
      waiting.push({ resolve, reject })
      child.stdin?.write(`${line}\n`)
    })
  return {
    async run(job, around) {
      const failed = (error: string) => new Error(`${job.Kind} to ${job.Address}: ${error}\n${job.Head}`)
      const ready = await step(JSON.stringify(job))
      around?.before()
      const outcome = await step('go')
      const good = ready.Error === '' && outcome.Error === ''
      const seen = good ? await around?.after(outcome) : undefined
      await step('end')
      if (!good) throw failed(ready.Error || outcome.Error)
      return { outcome, seen }
    },
    stop: () => void child.kill('SIGKILL'),
  }
}
