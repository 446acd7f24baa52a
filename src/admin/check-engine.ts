import { type Engine, probeEngine } from '../forward/engine.ts'
import type { Check } from './check.ts'

/** An engine that takes longer than this for a ping does not serve anybody. */
const PING_MS = 2_000

/** Asks the engine whether it is there. */
export async function checkEngine(engine: Engine): Promise<Check> {
  const answered = await probeEngine(engine, AbortSignal.timeout(PING_MS))
  const place = `unix://${engine.socketPath}`
  const version = engine.apiVersion()
  if (!answered) {
    return { name: 'engine', ok: false, detail: `no answer to a ping at ${place} within ${PING_MS / 1000} seconds` }
  }
  return { name: 'engine', ok: true, detail: `${place} answers${version === null ? '' : `, API ${version}`}` }
}
