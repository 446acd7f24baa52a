import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { LoadClient } from './client.ts'
import type { Material } from './material.ts'
import { otherGate } from './places/gate.ts'
import { jobFor, type Request } from './workloads/workload.ts'

/** Where a gate's own time goes: parts of it by function and by place, the largest first. */
export interface Profile {
  readonly work: string
  readonly functions: readonly (readonly [name: string, part: number])[]
  readonly places: readonly (readonly [name: string, part: number])[]
}

/** The parts of a V8 CPU profile that are read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** The published program is made of few files; these say where the time goes. */
const SOURCES = path.join(import.meta.dirname, '../../src')
const WARM_UP_MS = 3_000
const MILLIS = 4_000

/**
 * Runs a gate of its own with Node's `--cpu-prof` under 64 connections. Of its life, only the end is looked at: by then
 * what it runs is loaded and compiled.
 */
export async function profileGate(
  client: LoadClient,
  socket: string,
  material: Material,
  request: Request,
): Promise<Profile> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'dockgate-profile-'))
  try {
    process.env.NODE_OPTIONS = `--cpu-prof --cpu-prof-dir=${folder}`
    const running = await otherGate(`gate=${path.join(SOURCES, 'cli/main.ts')}`)
      .start({ folder, socket, material })
      .finally(() => delete process.env.NODE_OPTIONS)
    const [way] = running.ways
    if (way === undefined) throw new Error('the gate has no way in')
    await client.run({ ...jobFor(way, 'requests', request), Connections: 64, Millis: MILLIS, WarmUp: WARM_UP_MS })
    await running.stop()
    const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))
    return {
      work: `\`${request.method ?? 'GET'} ${request.path}\``,
      ...summarise(JSON.parse(readFileSync(path.join(folder, name), 'utf8')), MILLIS),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Parts of the time in which it was not idle, in the last so many milliseconds. */
export function summarise({ nodes, samples, timeDeltas }: CpuProfile, last: number): Omit<Profile, 'work'> {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const functions = new Map<string, number>()
  const places = new Map<string, number>()
  const add = (sums: Map<string, number>, key: string, time: number) => sums.set(key, (sums.get(key) ?? 0) + time)
  const life = timeDeltas.reduce((sum, time) => sum + time, 0)
  let now = 0
  let total = 0
  for (const [index, id] of samples.entries()) {
    const frame = byId.get(id)
    const time = timeDeltas[index] ?? 0
    now += time
    if (
      now < life - last * 1000 ||
      frame === undefined ||
      frame.functionName === '(idle)' ||
      frame.functionName === '(program)'
    )
      continue
    total += time
    const place = placeOf(frame.url, frame.functionName)
    add(places, place.split(':')[0] ?? '', time)
    add(
      functions,
      `${frame.functionName || '(anonymous)'} ${place}${frame.url === '' ? '' : `:${frame.lineNumber + 1}`}`.trim(),
      time,
    )
  }
  const largest = (sums: Map<string, number>, count: number) =>
    [...sums]
      .map(([name, time]): [string, number] => [name, time / total])
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
  return { functions: largest(functions, 40), places: largest(places, 30) }
}

/** A file of ours, a package, a part of Node, or what V8 and the system do. */
function placeOf(url: string, functionName: string): string {
  if (url.includes(SOURCES)) return url.slice(url.indexOf(SOURCES) + SOURCES.length + 1)
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(url) ?? []
  if (name !== undefined) return name
  if (url.startsWith('node:')) return url.replace('node:', 'node ').replace('internal/', '')
  return functionName === '(garbage collector)' ? 'collector' : 'native'
}
