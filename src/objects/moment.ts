/** No moment takes more characters. */
const MOST = 64
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const DURATION = /^[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const UNIX = /^\+?[0-9]+(?:\.[0-9]{1,9})?$/
const DATE =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$/

/**
 * A moment as the engine reads `until` (moby `GetTimestamp`): a duration before now, seconds since the epoch, or a date with
 * or without time, which is of the local zone where it names none.
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch; null for what is none of these
 */
export function readMoment(text: string, now: number): number | null {
  if (text.length > MOST) return null
  // The engine goes by whole seconds there.
  if (DURATION.test(text)) return Math.floor((now - durationOf(text)) / 1000) * 1000
  if (UNIX.test(text)) return Number(text) * 1000
  return dateOf(text)
}

/** Milliseconds of a Go duration. */
function durationOf(text: string): number {
  let sum = 0
  for (const [, count, unit] of text.matchAll(/([0-9.]+)([a-zµμ]+)/g)) sum += Number(count) * (UNITS[unit ?? ''] ?? 0)
  return text.startsWith('-') ? -sum : sum
}

function dateOf(text: string): number | null {
  const match = DATE.exec(text)
  if (match === null) return null
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match
  // Without a zone, a date with a time is local to ECMAScript too.
  const moment = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`)
  return Number.isNaN(moment) ? null : moment + Number(`0${fraction}`) * 1000
}
