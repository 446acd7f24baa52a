import { column, type Measured, paired, type Results, type Spread, spread, written } from './results.ts'
import { METRICS, type Metric } from './workloads/workload.ts'

/** Rows of cells, the first with the titles. */
export type Table = readonly (readonly string[])[]

/** One workload: a row for each way. */
export function tableOf({ columns, ratios, samples }: Measured): Table {
  const base = (way: string) => samples[way] ?? []
  const shown = ratios.filter(([, against]) => base(against).length > 0 && Object.keys(samples).length > 1)
  const titles = [
    'way',
    ...columns.map((metric) => METRICS[metric].title),
    ...shown.map(([metric, against]) => `${METRICS[metric].title} × ${against}`),
  ]
  const rows = Object.entries(samples).map(([way, rounds]) => [
    way,
    ...columns.map((metric) => cell(metric, spread(column(rounds, metric)))),
    ...shown.map(([metric, against]) => written(paired(column(rounds, metric), column(base(against), metric)), 2)),
  ])
  const all = [titles, ...rows]
  const used = titles.map((_, index) => index === 0 || rows.some((row) => row[index] !== '–'))
  return all.map((row) => row.filter((_, index) => used[index]))
}

/** Quartiles of what people compare; of its parts the medians do. */
function cell(metric: Metric, figure: Spread): string {
  const { digits, plain } = METRICS[metric]
  return plain ? (written(figure, digits).split(' ')[0] ?? '') : written(figure, digits)
}

/** The whole run for a terminal. */
export function terminal(results: Results): string {
  const head = `${results.rounds} rounds; median (quartiles); ratios (×) are paired by round; load average ${range(results.load)}`
  const parts = results.workloads.map((one) => `${one.name}: ${one.about}\n${aligned(tableOf(one))}`)
  const { profile } = results
  if (profile !== undefined)
    parts.push(`where the gate's time goes in ${profile.work}\n${aligned(partsOf(profile.functions, 'function'))}`)
  return [head, ...results.skipped.map((line) => `not measured: ${line}`), ...parts].join('\n\n')
}

/** Parts of a whole, in percent. */
export const partsOf = (parts: readonly (readonly [name: string, part: number])[], title: string): Table => [
  [title, '%'],
  ...parts.map(([name, part]) => [name, (part * 100).toFixed(1)]),
]

export const range = (values: readonly number[]) =>
  values.length === 0 ? '?' : `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`

export function aligned(table: Table): string {
  const widths = (table[0] ?? []).map((_, index) => Math.max(...table.map((row) => row[index]?.length ?? 0)))
  const pad = (cell: string, index: number) =>
    index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)
  return table.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

export function markdown(table: Table): string {
  const [titles = [], ...rows] = table.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  return [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
