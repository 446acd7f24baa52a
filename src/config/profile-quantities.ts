import { z } from 'zod'
import { BYTES, DURATION, parseBytes, parseDuration } from './units.ts'
import { type Written, written } from './written.ts'

/*
 * Quantities of what may be asked for. Zero is none: the engine reads it as "no limit".
 */

const UNLIMITED = 'unlimited'

/** A kind of quantity: how it is read, what is said of one that is none, and what the published schema has for it. */
interface Kind {
  readonly parse: (text: string) => number | null
  readonly wanted: string
  readonly schema: Written['schema']
}

/** A quantity above zero, as a number or as text with its unit. */
export const quantity = ({ parse, wanted, schema }: Kind) =>
  z
    .union([z.string(), z.number()], { error: `wants ${wanted}` })
    .transform((value, context) => {
      const parsed = parse(String(value))
      if (parsed !== null && parsed > 0) return parsed
      context.addIssue({ code: 'custom', message: `wants ${wanted}` })
      return z.NEVER
    })
    .register(written, { schema })
/** A quantity, or `unlimited`, which is read as Infinity. */
export const maximum = ({ parse, wanted, schema }: Kind) =>
  quantity({
    parse: (value) => (value === UNLIMITED ? Number.POSITIVE_INFINITY : parse(value)),
    wanted: `${wanted}, or ${UNLIMITED}`,
    schema: { anyOf: [{ const: UNLIMITED }, schema] },
  })

const WHOLE = /^[1-9][0-9]{0,14}$/
/** As nine decimals at most: the engine counts in billionths. */
const DECIMAL = /^[0-9]{1,6}(?:\.[0-9]{1,9})?$/

function parseCount(value: string): number | null {
  return WHOLE.test(value) ? Number(value) : null
}

function parseCpus(value: string): number | null {
  return DECIMAL.test(value) ? Number(value) : null
}

function parseSeconds(value: string): number | null {
  const milliseconds = parseDuration(value)
  return milliseconds !== null && milliseconds % 1000 === 0 ? milliseconds / 1000 : null
}

export const SIZE: Kind = {
  parse: parseBytes,
  wanted: 'a size such as 512MiB or 4GiB',
  schema: { type: ['string', 'integer'], pattern: BYTES.source, minimum: 1 },
}
export const CPUS: Kind = {
  parse: parseCpus,
  wanted: 'a number of processors such as 2 or 0.5',
  schema: { type: ['string', 'number'], pattern: DECIMAL.source, exclusiveMinimum: 0 },
}
export const COUNT: Kind = {
  parse: parseCount,
  wanted: 'a whole number above zero',
  schema: { type: ['string', 'integer'], pattern: WHOLE.source, minimum: 1 },
}
export const SECONDS: Kind = {
  parse: parseSeconds,
  wanted: 'whole seconds, such as 30s or 5m',
  schema: { type: 'string', pattern: DURATION.source },
}

/** Bytes, above zero. */
export const size = quantity(SIZE)
/** Processors, above zero. */
export const processors = quantity(CPUS)
