import { randomBytes } from 'node:crypto'
import type { ObjectKind, Operation } from '../engine/types.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { retarget } from '../inspect/judge/query-request.ts'
import type { Errand, Shape } from './types.ts'

/**
 * Sends a request about nothing: the name that the client gave is replaced by one that nobody can have chosen, and put
 * back into the engine's answer. So an object of somebody else, and one that does not exist, get the same answer, which
 * is the engine's own for this operation, whatever its version says.
 *
 * @param parameter the path or query parameter that names the object
 * @param others stand in the body already
 */
export function aboutNothing(
  checked: CheckedRequest,
  kind: ObjectKind,
  parameter: string,
  others: readonly Twin[] = [],
): Errand {
  const { operation } = checked
  const name = parameterOf(operation, parameter)
  const twin = twinOf(kind, name)
  return {
    kind: 'send',
    checked: { ...checked, operation: renamed(operation, parameter, twin.whole) },
    shape: puttingBack(twin, ...others),
    over: () => {},
    reason: 'object-unknown',
  }
}

export interface Twin {
  /** To be sent instead of the name. */
  readonly whole: string
  /** The part of it that is random, and what stood in its place. */
  readonly random: string
  readonly original: string
}

/** A name of the same shape that nobody has. */
export function twinOf(kind: ObjectKind, name: string): Twin {
  const random = randomBytes(32).toString('hex')
  if (kind === 'exec') return { whole: random, random, original: name }
  if (kind !== 'image') {
    // No id begins with a z and has this length.
    const whole = `z${random.slice(0, 31)}`
    return { whole, random: whole, original: name }
  }
  const digest = /^(?:sha256:)?[0-9a-f]{64}$/.exec(name)
  if (digest !== null) {
    const original = name.slice(-64)
    return { whole: `${name.slice(0, -64)}${random}`, random, original }
  }
  // The last component of a reference, before tag and digest: the engine writes the rest out in its own way.
  const [, before = '', original = '', after = ''] = /^((?:[^@]*\/)?)([^/:@]*)(.*)$/s.exec(name) ?? []
  const part = `z${random.slice(0, 31)}`
  return { whole: `${before}${part}${after}`, random: part, original }
}

/** The operation with another name for its object. */
export function renamed(operation: Operation, parameter: string, name: string): Operation {
  if (!Object.hasOwn(operation.params, parameter)) {
    const query = operation.query.map(([key, value]) => [key, key === parameter ? name : value] as const)
    return retarget(operation, query)
  }
  const params = Object.assign(Object.create(null), operation.params) as Record<string, string>
  params[parameter] = name
  return retarget(operation, operation.query, params)
}

/** The operation with a prefix before a name that its query gives; one that is empty, or not given, stays. */
export function withPrefix(operation: Operation, parameter: string, prefix: string): Operation {
  if (prefix === '') return operation
  const query = operation.query.map(
    ([name, value]) =>
      [name, name === parameter && value !== '' ? `${prefix}${value.replace(/^\//, '')}` : value] as const,
  )
  return retarget(operation, query)
}

/** The parameter of a path or query; empty where there is none. */
export function parameterOf({ params, query }: Operation, parameter: string): string {
  return params[parameter] ?? query.find(([name]) => name === parameter)?.[1] ?? ''
}

export function puttingBack(...twins: readonly Twin[]): Shape {
  return (status) => ({ kind: 'whole', change: (bytes) => ({ status, bytes: twins.reduce(putBack, bytes) }) })
}

/** A small JSON answer of the engine with what the client gave in place of what was sent. */
export function putBack(bytes: Buffer, { random, original }: Twin): Buffer {
  const text = bytes.toString('latin1').replaceAll(random, () => escaped(original))
  return Buffer.from(text, 'latin1')
}

/** As it stands inside a JSON string, byte for byte. */
function escaped(text: string): string {
  return Buffer.from(JSON.stringify(text).slice(1, -1)).toString('latin1')
}
