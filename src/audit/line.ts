import { RECORD_VERSION } from './record-version.ts'

/** A line's place in a chain. */
export interface ChainFields {
  readonly seq: number
  readonly prev: string
}

/**
 * A record as a line of JSON, with its line feed: first what the writer adds, then the record's own fields in their order.
 * The two are joined as text: a copy of the record with all of them in it would cost as much again as its JSON.
 *
 * @param at milliseconds since the epoch
 * @param chain null where there is none
 */
export function lineOf(record: object, at: number, chain: ChainFields | null): string {
  const own = JSON.stringify(record)
  const linked = chain === null ? '' : `,"seq":${chain.seq},"prev":"${chain.prev}"`
  const comma = own.length > '{}'.length ? ',' : ''
  return `{"v":${RECORD_VERSION},"time":"${timeOf(at)}"${linked}${comma}${own.slice(1)}\n`
}

let lastAt = Number.NaN
let lastTime = ''

/** RFC 3339. Where records come fast several share a millisecond, and its text costs more than the rest of what is added. */
function timeOf(at: number): string {
  if (at !== lastAt) {
    lastTime = new Date(at).toISOString()
    lastAt = at
  }
  return lastTime
}
