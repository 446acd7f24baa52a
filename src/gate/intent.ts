import type { Exchange } from '../audit/exchange.ts'
import { makeRecord } from '../audit/record.ts'
import type { Fate } from '../audit/sink.ts'
import { Refusal } from '../refusal.ts'
import { asRefusal, noteRefusal } from './answer.ts'
import type { Gate } from './gate.ts'

/**
 * With `audit.required`: the record of what was decided is handed to the operating system before anything follows from
 * it, so that neither a change on the engine nor an answer is without one, whatever happens to this process.
 *
 * @param judge comes to the request, or the refusal
 * @throws Refusal (as a rejection) the one of the decision; `record-unwritten` when the request would change something
 * and its record is not written
 */
export async function writtenDown<T>(
  gate: Pick<Gate, 'records'>,
  exchange: Exchange,
  judge: () => T | Refusal | Promise<T | Refusal>,
): Promise<T> {
  let allowed: T
  try {
    const judged = await judge()
    if (judged instanceof Refusal) throw judged
    allowed = judged
  } catch (error) {
    const refusal = asRefusal(error)
    noteRefusal(exchange, refusal)
    writeIntent(gate, exchange)
    throw refusal
  }
  const fate = writeIntent(gate, exchange)
  if (fate === 'written' || exchange.operation?.access === 'read') return allowed
  throw new Refusal('record-unwritten', 'records cannot be written, and without them nothing is changed here')
}

/** It is no request of its own, so nothing counts it. */
export function writeIntent({ records }: Pick<Gate, 'records'>, exchange: Exchange): Fate {
  return records.write(makeRecord(exchange, 'intent'))
}
