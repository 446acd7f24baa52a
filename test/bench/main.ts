import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { buildGoProgram } from '../support/go-program.ts'
import { startClient } from './client.ts'
import { dockerdMissing, startDockerd, startMock } from './engines.ts'
import { describeMachine } from './machine.ts'
import { makeMaterial } from './material.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { pageOf } from './page.ts'
import { PROGRAM } from './places/gate.ts'
import { profileGate } from './profile.ts'
import { terminal } from './report.ts'
import type { Results } from './results.ts'
import { runRounds } from './rounds.ts'
import { createStage, type Stage } from './stage.ts'
import { PING } from './workloads/requests.ts'

const PAGE = path.join(import.meta.dirname, '../../docs/performance.md')

const options = wanted()
if (options.help) process.stdout.write(USAGE)
else if (options.writeDocs === undefined) await show(options)
else writeFileSync(PAGE, pageOf(JSON.parse(readFileSync(options.writeDocs, 'utf8'))))

/** A word that is not known is no reason for a stack. */
function wanted(): ReturnType<typeof readOptions> {
  try {
    return readOptions()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(2)
  }
}

async function show({ json }: Options): Promise<void> {
  const results = await bench(options)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 1)}\n`)
  process.stdout.write(`${terminal(results)}\n`)
}

/** Starts what the plans need, measures, and ends it all. */
async function bench({ plans, places, peers, skipped, smoke, ...wanted }: Options): Promise<Results> {
  if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: npm run build`)
  const program = buildGoProgram(path.join(import.meta.dirname, 'load'))
  const folder = mkdtempSync(path.join(os.tmpdir(), 'dockgate-bench-'))
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })]
  try {
    const material = await makeMaterial(folder)
    const [client, neighbour] = [startClient(program), startClient(program)]
    ends.unshift(client.stop, neighbour.stop)
    const mock = await startMock(program, folder)
    const stages = new Map<'mock' | 'real', Stage>()
    const put = (kind: 'mock' | 'real', engine: Awaited<ReturnType<typeof startMock>>) => {
      const stage = createStage(places, path.join(folder, kind), engine.socket, material)
      ends.unshift(stage.stop, engine.stop)
      stages.set(kind, stage)
    }
    put('mock', mock)
    const missing = smoke ? 'it takes too long for a smoke' : dockerdMissing()
    const real = missing === null && plans.some(({ workload }) => workload.engine === 'real')
    if (real) put('real', await startDockerd())

    const run = { stages, client, neighbour, smoke, rounds: wanted.rounds, until: wanted.minutes * 60_000 }
    const measured = await runRounds({
      ...run,
      plans: plans.filter(({ workload }) => workload.engine !== 'real' || real),
    })
    const profile = wanted.profile ? await profileGate(client, mock.socket, material, PING) : undefined
    return {
      made: new Date().toISOString(),
      machine: describeMachine(),
      places: Object.fromEntries(places.map(({ name, about }) => [name, about])),
      peers: peers.map(({ name }) => name),
      skipped: [...skipped, ...(missing === null ? [] : [`dockerd itself: ${missing}`])],
      rounds: measured.load.length,
      ...measured,
      ...(profile === undefined ? {} : { profile }),
    }
  } finally {
    for (const end of ends) await end()
  }
}
