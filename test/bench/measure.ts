import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** CPU time of some processes so far, in microseconds, in steps of the kernel's clock tick (10 ms). */
export interface CpuTime {
  readonly user: number
  readonly system: number
}

const TICK_US = 10_000

/** The CPU time of these processes and all their descendants that live. */
export function cpuOf(pids: readonly number[]): CpuTime {
  const times = pids.flatMap(family).map((pid) => cpuFromStat(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  const sum = (key: keyof CpuTime) => times.reduce((total, time) => total + time[key], 0)
  return { user: sum('user'), system: sum('system') }
}

/** utime and stime of /proc/PID/stat (proc(5)); the command in the second field may hold spaces and parentheses. */
export function cpuFromStat(stat: string): CpuTime {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { user: Number(fields[11]) * TICK_US, system: Number(fields[12]) * TICK_US }
}

/** Resident memory in MiB: each page that several processes share counts in parts (Pss). */
export function memoryOf(pids: readonly number[]): number {
  const sizes = pids.flatMap(family).map((pid) => {
    const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
    return Number(kib)
  })
  return sizes.reduce((total, size) => total + size, 0) / 1024
}

function family(pid: number): number[] {
  if (!existsSync(`/proc/${pid}/task`)) return []
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(family)]
}

/** Median and quartiles. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** Quartiles lie between two values where they must (linear); all are NaN where there is no value. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  const at = (part: number) => {
    const place = (sorted.length - 1) * part
    const [below = Number.NaN, above = Number.NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
    return below + (above - below) * (place - Math.floor(place))
  }
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/** How the figures of one relate to those of another in the same round: what slows a machine down for a while slows both. */
export function paired(
  values: readonly number[],
  others: readonly number[],
  relate: (value: number, other: number) => number = (value, other) => value / other,
): Spread {
  return spread(values.map((value, round) => relate(value, others[round] ?? Number.NaN)))
}
