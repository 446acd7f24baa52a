import { GOALS, type Goal, reached } from './goals.ts'
import { markdown, partsOf, range, tableOf } from './report.ts'
import { figures, type Results, spread, written } from './results.ts'

/** docs/performance.md, made from the results of a run. */
export function pageOf(results: Results): string {
  const parts = [
    intro(results),
    `## Goals\n\n${goalText}\n\n${goalTable(results)}`,
    `## Where the time goes\n\n${bought}`,
    `## Why one process\n\n${oneProcess(results)}`,
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

const bought = `Each of these was measured before it was kept; the code says at its place what liberty it takes, and why.

- A request whose answer is shown as the engine gives it passes no framework: it is judged as Node's parser hands it over,
  and goes to the engine on connections of the gate's own, which read into buffers that are used again.
- Head and body of a small answer are one write. Writes are what is left: about a third of a small request's time.
- A token is verified once, and remembered by its hash for as long as its key and its own time hold; of the last one on each
  connection, the hash is remembered. The role of a principal is found once, and asked again where a condition looks at the
  request.
- Records are written together, at most a tenth of a second later; with \`audit: { required: true }\` each before its answer.
- Nothing that a request makes outlives it: small collections then take under a millisecond, and large ones are rare.
- What a bulk stream read is given back at once instead of being left to the collector.`

/** With the figures of this run that say so. */
function oneProcess(results: Results): string {
  const rate = (workload: string, way: string) => rounded(spread(figures(results, workload, way, 'rate')).median)
  const cpu = (workload: string) => rounded(spread(figures(results, workload, 'gate+tls', 'cpu')).median)
  return `The gate is one process, and does its work on one processor. It carried ${rate('ping 64', 'gate')} pings a second here, in front
of an engine that answers at once and beside a client that took its share of the machine. dockerd itself, with every
processor that it could get, answered ${rate('dockerd list of 20', 'direct')} lists of 20 containers a second: the engine is worn out long before the gate.
Several processes would have to agree on what is kept in one memory now: open sessions and their ends, limits of callers,
quotas and locks of own objects, the order of records and their chain. What one of them did not know yet would be a hole.
More processors would help with new TLS connections (${cpu('TLS full')} µs each) and with bulk streams in TLS; where that is too little,
two gates can stand in front of one engine, each with limits of its own: but not where roles have \`objects: own\`.`
}

const rounded = (value: number) =>
  Number.isNaN(value) ? '–' : Number(value.toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 0 })

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
