import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildGoProgram } from '../support/go-program.ts'
import { startClient } from './client.ts'
import { dockerdMissing, startDockerd, startMock } from './engines.ts'
import { makeMaterial } from './material.ts'
import { describeMachine } from './machine.ts'
import { PROGRAM } from './places/gate.ts'
import { peer } from './places/peer.ts'
import { terminal } from './report.ts'
import type { Results } from './results.ts'
import { runRounds } from './rounds.ts'
import { createStage, PLACES, type Stage } from './stage.ts'
import { WORKLOADS } from './workloads/workloads.ts'

const USAGE = `npm run bench -- [options]
  --only WORDS     workloads whose name has one of these words (parted by commas)
  --ways WORDS     ways with exactly these names (parted by commas)
  --rounds N       how often each is measured, 5 unless told
  --peer N=COMMAND one more program to measure: {port}, {socket} and {folder} in it are filled in
  --json FILE      writes everything that was measured
  --smoke          a little of everything in ten seconds: that it works, no figures worth having
  --write-docs F   measures nothing: makes docs/performance.md from a file of --json
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    ways: { type: 'string', default: '' },
    rounds: { type: 'string' },
    peer: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    'write-docs': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(USAGE)
else await bench()

async function bench(): Promise<void> {
  if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: npm run build`)
  const rounds = Number(values.rounds ?? (values.smoke ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds wants a whole number, not ${values.rounds}`)
  const peers = values.peer.map(peer)
  const places = [...PLACES, ...peers]
  const skipped = places.flatMap((place) => (place.missing() === null ? [] : [`${place.name}: ${place.missing()}`]))
  const words = values.only.split(',')
  const only = values.ways === '' ? null : values.ways.split(',')
  const present = places.filter((place) => place.missing() === null)
  const known = new Set(present.flatMap((place) => place.ways))
  const plans = WORKLOADS.filter(({ name }) => words.some((word) => name.includes(word))).map((workload) => ({
    workload,
    ways: [...workload.ways, ...(workload.peers === false ? [] : peers.map(({ name }) => name))].filter(
      (way) => known.has(way) && (only?.includes(way) ?? true),
    ),
  }))

  const folder = mkdtempSync(path.join(os.tmpdir(), 'dockgate-bench-'))
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })]
  try {
    const program = buildGoProgram(path.join(import.meta.dirname, 'load'))
    const material = await makeMaterial(folder)
    const [client, neighbour] = [startClient(program), startClient(program)]
    ends.unshift(client.stop, neighbour.stop)
    const stages = new Map<'mock' | 'real', Stage>()
    const open = async (kind: 'mock' | 'real') => {
      const engine = kind === 'mock' ? await startMock(program, folder) : await startDockerd()
      ends.unshift(engine.stop)
      const stage = createStage(present, path.join(folder, kind), engine.socket, material)
      ends.unshift(stage.stop)
      stages.set(kind, stage)
    }
    const real = values.smoke ? 'left out of the smoke' : dockerdMissing()
    const planned = plans.filter(({ workload }) => workload.engine !== 'real' || real === null)
    if (planned.length < plans.length) skipped.push(`dockerd itself: ${real}`)
    for (const kind of new Set(planned.map(({ workload }) => workload.engine ?? 'mock'))) await open(kind)

    const { workloads, load } = await runRounds({ plans: planned, stages, client, neighbour, rounds, smoke: values.smoke })
    const results: Results = {
      made: new Date().toISOString(),
      machine: describeMachine(),
      places: Object.fromEntries(present.map(({ name, about }) => [name, about])),
      rounds,
      load,
      peers: peers.map(({ name }) => name),
      skipped,
      workloads,
    }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`)
    process.stdout.write(`${terminal(results)}\n`)
  } finally {
    for (const end of ends) await end()
  }
}
