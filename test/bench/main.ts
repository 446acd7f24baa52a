import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { type Place, startPlace } from './place.ts'
import { ROLES, WORKLOADS, type Workload } from './workloads.ts'

/*
 * `npm run bench [-- --rounds N --requests N --only WORD]`: the gate's own CPU time per request, by workload. Rounds are
 * interleaved, so that what slows the machine down for a while slows all of them; ratios are paired by round.
 */

const CONNECTIONS = 16

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '3000' },
    only: { type: 'string', default: '' },
  },
})
const rounds = Number(values.rounds)
const requests = Number(values.requests)
const workloads = WORKLOADS.filter(({ name, base }) => base || name.includes(values.only))

const place = await startPlace(ROLES)
try {
  const pool = new Pool(place.url, { connections: CONNECTIONS })
  for (const workload of workloads) await measure(pool, place, workload)
  const figures = new Map<Workload, number[]>(workloads.map((workload) => [workload, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [workload, costs] of figures) costs.push(await measure(pool, place, workload))
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
  }
  await pool.close()
  report(figures)
} finally {
  place.close()
}

/** Microseconds of the gate's CPU per request. */
async function measure(pool: Pool, { authorization, cpu }: Place, workload: Workload): Promise<number> {
  const headers = { authorization: authorization[workload.role] ?? '', ...workload.headers }
  const { method, path, status, body = null } = workload
  let left = requests
  const before = cpu()
  const one = async () => {
    while (left-- > 0) {
      const answer = await pool.request({ method, path, headers, body })
      await answer.body.dump()
      if (answer.statusCode !== status) throw new Error(`${workload.name}: status ${answer.statusCode}, not ${status}`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return (cpu() - before) / requests
}

function report(figures: ReadonlyMap<Workload, readonly number[]>): void {
  const base = [...figures].find(([workload]) => workload.base)?.[1] ?? []
  const rows = [...figures].map(([{ name }, costs]) => {
    const ratios = costs.map((cost, round) => cost / (base[round] ?? Number.NaN))
    const added = costs.map((cost, round) => cost - (base[round] ?? Number.NaN))
    return {
      workload: name,
      'CPU µs': spread(costs, 0),
      'ratio to the base': spread(ratios, 2),
      'µs more': spread(added, 0),
    }
  })
  process.stdout.write(`${rounds} rounds of ${requests} requests over ${CONNECTIONS} connections; median (quartiles)\n`)
  console.table(rows)
}

function spread(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number) => (sorted[Math.round((sorted.length - 1) * part)] ?? Number.NaN).toFixed(digits)
  return `${at(0.5)} (${at(0.25)}–${at(0.75)})`
}
