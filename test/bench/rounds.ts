import os from 'node:os'
import type { LoadClient } from './client.ts'
import type { Measured } from './results.ts'
import type { Stage } from './stage.ts'
import type { Sample, Scale, Workload } from './workloads/workload.ts'

/** One workload and the ways that it is measured by. */
export interface Plan {
  readonly workload: Workload
  readonly ways: readonly string[]
}

export interface Run {
  readonly plans: readonly Plan[]
  readonly stages: ReadonlyMap<'mock' | 'real', Stage>
  readonly client: LoadClient
  readonly neighbour: LoadClient
  readonly rounds: number
  readonly smoke: boolean
  /** No round begins that would probably end after this, in milliseconds of `performance.now()`. */
  readonly until: number
}

const MiB = 2 ** 20

const FULL: Scale = { millis: 700, warmUp: 100, bulkBytes: 2048 * MiB, echoBytes: 512 * MiB, streams: 1000 }
/** What compiles, fills caches and opens pools in a program that just began: thrown away. */
const WARM_UP: Scale = { ...FULL, millis: 600, bulkBytes: 256 * MiB, echoBytes: 128 * MiB, streams: 100 }
const SMOKE: Scale = { millis: 25, warmUp: 5, bulkBytes: 4 * MiB, echoBytes: 4 * MiB, streams: 10 }

/**
 * Measures everything once, then everything again, and so on: what slows the machine down for a while slows one round of
 * all of them, and not all rounds of one.
 */
export async function runRounds(run: Run): Promise<{ readonly workloads: Measured[]; readonly load: number[] }> {
  const load: number[] = []
  const samples = run.plans.map(({ ways }) => Object.fromEntries(ways.map((way): [string, Sample[]] => [way, []])))
  if (!run.smoke) await runRound(run, WARM_UP, () => {})
  for (let round = 0, took = 0; round < run.rounds && performance.now() + took < run.until; round++) {
    const began = performance.now()
    await runRound(run, run.smoke ? SMOKE : FULL, (plan, way, sample) => samples[plan]?.[way]?.push(sample))
    load.push(os.loadavg()[0] ?? Number.NaN)
    took = performance.now() - began
    process.stderr.write(`round ${round + 1} of ${run.rounds}: ${Math.round(took / 1000)} s\n`)
  }
  const workloads = run.plans.map(({ workload }, index) => {
    const { name, about, columns, ratios } = workload
    return { name, about, columns, ratios, samples: samples[index] ?? {} }
  })
  return { workloads, load }
}

async function runRound(
  { plans, stages, client, neighbour }: Run,
  scale: Scale,
  note: (plan: number, way: string, sample: Sample) => void,
): Promise<void> {
  for (const [index, { workload, ways }] of plans.entries()) {
    const stage = stages.get(workload.engine ?? 'mock')
    for (const way of ways) {
      const subject = await stage?.subject(way)
      if (subject === undefined) continue
      try {
        note(index, way, await workload.measure(subject, { client, neighbour, scale }))
      } catch (cause) {
        throw new Error(`${workload.name} by way of ${way} failed`, { cause })
      }
    }
  }
}
