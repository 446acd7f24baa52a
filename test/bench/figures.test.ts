import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { GOALS, reached } from './goals.ts'
import { cpuFromStat, cpuOf, memoryOf, paired, spread } from './measure.ts'
import { pageOf } from './page.ts'
import { summarise } from './profile.ts'
import { aligned, tableOf } from './report.ts'
import { type Measured, type Results, written } from './results.ts'
import { WORKLOADS } from './workloads/workloads.ts'

const PING: Measured = {
  name: 'ping 64',
  about: 'a ping',
  columns: ['cpu', 'user', 'p99'],
  ratios: [
    ['cpu', 'haproxy'],
    ['cpu', 'nobody'],
  ],
  samples: {
    direct: [{ p99: 20 }, { p99: 30 }, { p99: 40 }],
    haproxy: [
      { cpu: 10, user: 4 },
      { cpu: 20, user: 8 },
      { cpu: 100, user: 50 },
    ],
    gate: [
      { cpu: 18, user: 9 },
      { cpu: 40, user: 20 },
      { cpu: 150, user: 75 },
    ],
  },
}
const RESULTS: Results = {
  made: '2026-01-02T03:04:05.000Z',
  machine: { processors: '2 × some', node: 'v24.0.0' },
  places: { direct: 'nothing in between', gate: 'the gate' },
  rounds: 3,
  load: [0.5, 2],
  peers: [],
  skipped: ['nginx: nginx is not installed'],
  workloads: [PING],
}

it('takes median and quartiles between the values, and leaves away what was not measured', () => {
  expect(spread([5, 1, Number.NaN, 2, 4, 3])).toEqual({ median: 3, low: 2, high: 4 })
  expect(spread([1, 2])).toEqual({ median: 1.5, low: 1.25, high: 1.75 })
  expect(spread([]).median).toBeNaN()
})

it('pairs ratios by round, so that a slow round of both changes nothing', () => {
  expect(paired([2, 20, 200], [1, 10, 100])).toEqual({ median: 2, low: 2, high: 2 })
  expect(paired([5, 6], [1, 2], (value, other) => value - other).median).toBe(4)
})

it('reads user and system time of a process whose name holds parentheses and spaces', () => {
  expect(cpuFromStat('7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 150 25 9 9 20 0')).toEqual({
    user: 1_500_000,
    system: 250_000,
  })
})

it('sees the CPU time and the memory of a process that is there', () => {
  const { user, system } = cpuOf([process.pid])
  expect(user + system).toBeGreaterThan(0)
  const [, resident = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const memory = memoryOf([process.pid])
  expect(memory).toBeGreaterThan(10)
  expect(memory).toBeLessThanOrEqual(Number(resident) / 1024)
})

it('shows a median with quartiles, alone where they are the same, and a dash for nothing', () => {
  expect(written({ median: 1234.56, low: 1000, high: 2000 }, 0)).toBe('1,235 (1,000–2,000)')
  expect(written({ median: 1, low: 0.999, high: 1.001 }, 2)).toBe('1.00')
  expect(written(spread([]), 2)).toBe('–')
})

it('makes a row for each way, with the columns and ratios that somebody has', () => {
  expect(tableOf(PING)).toEqual([
    ['way', 'CPU µs', 'user', 'p99 µs', 'CPU µs × haproxy'],
    ['direct', '–', '–', '30 (25–35)', '–'],
    ['haproxy', '20.0 (15.0–60.0)', '8.0', '–', '1.00'],
    ['gate', '40.0 (29.0–95.0)', '20.0', '–', '1.80 (1.65–1.90)'],
  ])
  expect(
    aligned([
      ['a', 'b'],
      ['long', '1'],
    ]),
  ).toBe('a     b\nlong  1')
})

it('has every goal on the page, with what was measured and whether it is reached', () => {
  const page = pageOf(RESULTS)
  expect(page).toContain(
    '| ping 64, CPU a request | HAProxy, no authentication | at most 1.9 × | 1.80 (1.65–1.90) | yes |',
  )
  for (const { work } of GOALS) expect(page).toContain(`| ${work} |`)
  expect(page).toContain('Not measured: nginx: nginx is not installed.')
})

it('says of a goal that it is missed, reached, or not measured', () => {
  const goal = { work: '', against: '', unit: '×', measured: () => spread([]) } as const
  expect(reached({ ...goal, most: 2 }, spread([3]))).toBe(false)
  expect(reached({ ...goal, least: 2 }, spread([3]))).toBe(true)
  expect(reached({ ...goal, least: 2 }, spread([1]))).toBe(false)
  expect(reached({ ...goal, most: 2 }, spread([]))).toBeNull()
})

it('holds the gate against the better of those peers that were measured', () => {
  const samples = { gate: [{ gbps: 2 }], slow: [{ gbps: 1 }], fast: [{ gbps: 4 }] }
  const workloads = [{ ...PING, name: 'down', samples }]
  const down = GOALS.find(({ work }) => work === '2 GiB down, GB/s')
  const ratioTo = (...peers: string[]) => down?.measured({ ...RESULTS, workloads, peers }).median
  expect(ratioTo('slow', 'fast', 'absent')).toBe(0.5)
  expect(ratioTo('slow')).toBe(2)
  expect(ratioTo('absent')).toBeNaN()
})

it('has goals only about workloads, ways and metrics that are measured', () => {
  const samples = (workload: (typeof WORKLOADS)[number]) =>
    Object.fromEntries([...workload.ways, 'peer'].map((way) => [way, [Object.fromEntries(ALL.map((key) => [key, 1]))]]))
  const workloads = WORKLOADS.map(({ name, about, columns, ratios, ...rest }) => ({
    name,
    about,
    columns,
    ratios,
    samples: samples({ name, about, columns, ratios, ...rest }),
  }))
  const results = { ...RESULTS, peers: ['peer'], workloads }
  for (const goal of GOALS) expect([goal.work, goal.measured(results).median]).toEqual([goal.work, expect.any(Number)])
  expect(GOALS.map((goal) => goal.measured(results).median).filter(Number.isNaN)).toEqual([])
})
const ALL = ['cpu', 'rate', 'p50', 'p99', 'worst', 'gbps', 'asked', 'idle', 'memory', 'perStream', 'worse', 'millis']

it('sums a CPU profile by place and function, without its beginning and the time in which nothing ran', () => {
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 4 })
  const nodes = [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('write', 'node:internal/streams/writable') },
    { id: 3, callFrame: frame('dispatch', 'file:///x/node_modules/undici/lib/pool.js') },
    { id: 4, callFrame: frame('(garbage collector)', '') },
  ]
  const { functions, places } = summarise({ nodes, samples: [2, 1, 2, 3, 4], timeDeltas: [4000, 1000, 50, 30, 20] }, 1)
  expect(places).toEqual([
    ['node streams/writable', 0.5],
    ['undici', 0.3],
    ['collector', 0.2],
  ])
  expect(functions[0]).toEqual(['write node streams/writable:5', 0.5])
})
