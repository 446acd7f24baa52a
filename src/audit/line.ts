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

let lastSecond = Number.NaN
let lastText = ''

/** RFC 3339. Its text costs more than the rest of what is added, so it is made once a second, but for the milliseconds. */
function timeOf(at: number): string {
  const second = Math.floor(at / 1000)
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, -'000Z'.length)
    lastSecond = second
  }
  return `${lastText}${String(at - second * 1000).padStart(3, '0')}Z`
}
