import { GOALS, type Goal, reached } from './goals.ts'
import { markdown, partsOf, range, tableOf } from './report.ts'
import { type Results, written } from './results.ts'

/** docs/performance.md, made from the results of a run. */
export function pageOf(results: Results): string {
  const parts = [
    intro(results),
    `## Goals\n\n${goalText}\n\n${goalTable(results)}`,
    `## What was measured\n\n${placeList(results)}`,
    ...results.workloads.map((one) => `### ${one.name}\n\n${one.about}.\n\n${markdown(tableOf(one))}`),
    ...(results.profile === undefined ? [] : [profilePart(results.profile)]),
  ]
  return `${parts.join('\n\n')}\n`
}

const intro = ({ made, machine, rounds, load, skipped }: Results) => `# What the gate costs

<!-- Made by \`npm run bench -- --write-docs FILE\` from the results of a run: change test/bench/page.ts, not this page. -->

Everybody's question about a gate is what it costs. This page answers for one machine, beside what people would put
there instead. \`npm run bench\` measures it again on yours (as root on Debian it installs HAProxy and nginx first):

\`\`\`sh
npm run bench -- --json results.json --profile      # everything, about ten minutes
npm run bench -- --only ping --ways direct,haproxy,gate --rounds 9
npm run bench -- --peer 'name=command --listen 127.0.0.1:{port} --socket {socket}'
npm run bench -- --write-docs results.json          # makes this page
\`\`\`

## How to read it

- **CPU µs** is the time that the program's own processes had a processor for, divided by the requests that the client
  counted; **user** and **system** are its parts. It tells more than requests a second: those depend on what else the
  machine does, and on who of client, program and engine gets the processor.
- Figures are **medians of ${rounds} rounds, with the quartiles in parentheses**. A round measures everything once, in
  the same order, with the same client; the first is thrown away. Quartiles far apart mean a noisy machine, and a
  difference that is smaller than they are apart means nothing.
- **×** is the ratio to another way in the same round, and then the median of those. What slows the machine down for a
  while slows both: ratios hold where figures do not. They need not be the ratio of the two medians.
- The engine is one in memory that answers at once, so that the ways differ as much as they ever will; the rows called
  **dockerd** are of the real one, where the engine's own work hides most of it.
- The **Go proxies** are stand-ins (test/bench/load/proxies.go), not the programs that people use: built like
  wollomatic/socket-proxy and CetusGuard from the same parts of Go's standard library, because the machine that measures
  cannot download them. \`--peer\` measures a real one beside them, and counts it among them.
- **GB** is 10⁹ bytes. Memory counts what processes share in parts (Pss).
- Client, program and engine share the processors of one machine. Latency at 64 connections is mostly waiting in line.

Measured ${made.slice(0, 10)} on ${machine.processors}, ${machine.memory}, ${machine.kernel}; Node ${machine.node}, HAProxy ${machine.haproxy},
nginx ${machine.nginx}, dockerd ${machine.dockerd}. Load average at the end of the rounds: ${range(load)}.${skipped.map((line) => `\nNot measured: ${line}.`).join('')}`

const goalText = `Set before anything was measured; each is held against the median of the paired rounds. Those that fall short stay in
the table.`

function goalTable(results: Results): string {
  const rows = GOALS.map((goal) => {
    const measured = goal.measured(results)
    const verdict = { true: 'yes', false: '**no**', null: 'not measured' }[`${reached(goal, measured)}`]
    return [goal.work, goal.against, bound(goal), `${written(measured, DIGITS[goal.unit])}`, verdict]
  })
  return markdown([['work', 'against', 'goal', 'measured', 'reached'], ...rows])
}

const DIGITS: Readonly<Record<Goal['unit'], number>> = { '×': 2, µs: 0, ms: 0, MiB: 0, KiB: 1, requests: 1 }

function bound({ most, least, unit }: Goal): string {
  const text = (value: number) => (unit === '×' ? `${value} ×` : `${value.toLocaleString('en')} ${unit}`)
  return most === undefined ? `at least ${text(least ?? 0)}` : `at most ${text(most)}`
}

const placeList = ({ places }: Results) =>
  markdown([['name', 'what it is'], ...Object.entries(places).map(([name, about]) => [name, about])])

function profilePart({ work, functions, places }: NonNullable<Results['profile']>): string {
  return `## Where the gate's time goes

${work} over 64 connections, by Node's \`--cpu-prof\`: parts of the time in which JavaScript or the collector ran, each
counted where it was spent, not where it was called from.

${markdown(partsOf(places.slice(0, 15), 'place'))}

${markdown(partsOf(functions.slice(0, 25), 'function'))}`
}
