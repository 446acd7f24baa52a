import { z } from 'zod'
import { BYTES, DURATION, parseBytes, parseDuration } from './units.ts'
import { type Written, written } from './written.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const KiB = 1024
export const MiB = 1024 * KiB

/*
 * Quantities of the configuration, as schemas. A number that is none of the range is told with both ends of it.
 */

/** A quantity that is written as text with a unit. A number without one reaches `parse` as its digits. */
const quantity = (
  parse: (text: string) => number | null,
  wanted: string,
  show: (value: number) => string,
  range: readonly [least: number, most: number],
  schema: Written['schema'],
) =>
  z
    .union([z.string(), z.number()], { error: `wants ${wanted}` })
    .transform((value, context) => {
      const parsed = parse(String(value))
      if (parsed !== null && parsed >= range[0] && parsed <= range[1]) return parsed
      const message = parsed === null ? `wants ${wanted}` : `must be from ${show(range[0])} to ${show(range[1])}`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    })
    .register(written, { schema, show })

/** Milliseconds. */
export const duration = (least: number, most: number) =>
  quantity(parseDuration, 'a duration with its unit, such as 500ms, 10s, 5m or 2h', showDuration, [least, most], {
    type: 'string',
    pattern: DURATION.source,
  })
/** Bytes. */
export const bytes = (least: number, most: number) =>
  quantity(parseBytes, 'a size such as 64KiB, 1MiB or a number of bytes', showBytes, [least, most], {
    type: ['string', 'integer'],
    pattern: BYTES.source,
    minimum: least,
    maximum: most,
  })

/** Writes milliseconds as the configuration has them. */
export function showDuration(value: number): string {
  if (value > 0 && value % HOUR === 0) return `${value / HOUR}h`
  if (value > 0 && value % MINUTE === 0) return `${value / MINUTE}m`
  return value % SECOND === 0 ? `${value / SECOND}s` : `${value}ms`
}

/** Writes bytes as the configuration has them. */
export function showBytes(value: number): string {
  if (value % MiB === 0) return `${value / MiB}MiB`
  return value % KiB === 0 ? `${value / KiB}KiB` : String(value)
}
