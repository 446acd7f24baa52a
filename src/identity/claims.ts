import { Refusal } from '../refusal.ts'
import type { Claims, ClaimValue } from './principal.ts'

const MAX_DEPTH = 16
const MAX_VALUES = 4096

/**
 * Copies the claims of a verified token into frozen values with null prototypes, so that a claim named `__proto__` or
 * `constructor` is a claim like any other.
 *
 * @throws Refusal token-claims when they are nested deeper than 16, have more than 4,096 values, or a number that JSON
 *   can write and JavaScript cannot hold (`1e999`)
 */
export function readClaims(payload: Readonly<Record<string, unknown>>): Claims {
  let values = 0

  function copyObject(source: object, depth: number): Readonly<Record<string, ClaimValue>> {
    const target: Record<string, ClaimValue> = Object.create(null)
    for (const [name, value] of Object.entries(source)) target[name] = copy(value, depth + 1)
    return Object.freeze(target)
  }

  function copy(value: unknown, depth: number): ClaimValue {
    values += 1
    if (depth > MAX_DEPTH) throw new Refusal('token-claims', `the token's claims are nested deeper than ${MAX_DEPTH}`)
    if (values > MAX_VALUES) throw new Refusal('token-claims', `the token's claims have more than ${MAX_VALUES} values`)
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    if (Array.isArray(value)) return Object.freeze(value.map((item) => copy(item, depth + 1)))
    if (typeof value === 'object') return copyObject(value, depth)
    throw new Refusal('token-claims', "one of the token's claims is no value that this gate can hold")
  }

  return copyObject(payload, 0)
}
