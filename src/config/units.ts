/** Readers of the configuration's quantities. Each takes the text as written and returns null when it is malformed. */

const BYTE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
])

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** How sizes are written. */
export const BYTES = /^(0|[1-9][0-9]{0,15})(B|KiB|MiB|GiB)?$/
/** How durations are written. */
export const DURATION = /^(0|[1-9][0-9]{0,15})(ms|s|m|h)$/

/** `512`, `64KiB`, `1MiB`, `2GiB` → bytes. Decimal units (kB, MB) are not taken: they read alike and differ. */
export function parseBytes(text: string): number | null {
  return quantity(BYTES.exec(text), BYTE_UNITS)
}

/** `500ms`, `10s`, `5m`, `2h` → milliseconds. The unit is required, so that nobody guesses it; one unit, no sums. */
export function parseDuration(text: string): number | null {
  return quantity(DURATION.exec(text), DURATION_UNITS)
}

const RATE_SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
])

/** `50/s`, `300/m`, `1000/h` → times a second. At least once in an hour, at most a million times a second. */
export function parseRate(text: string): number | null {
  const match = /^([1-9][0-9]{0,6})\/([smh])$/.exec(text)
  const seconds = RATE_SECONDS.get(match?.[2] ?? '')
  return match === null || seconds === undefined ? null : Number(match[1]) / seconds
}

/** `0660`, `660` → a file mode's permission bits (no setuid, setgid or sticky bit). */
export function parseMode(text: string): number | null {
  return /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : null
}

function quantity(match: RegExpExecArray | null, units: ReadonlyMap<string, number>): number | null {
  const factor = units.get(match?.[2] ?? '')
  if (match === null || factor === undefined) return null
  const value = Number(match[1]) * factor
  return Number.isSafeInteger(value) ? value : null
}
