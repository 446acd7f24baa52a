import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
} from '../../../src/inspect/json/value.ts'

/** What stands for a request that a field table refuses: a name in it is none that the engine's type has. */
export const UnknownName = Symbol('unknown name')

class Stop extends Error {
  readonly result: null | typeof UnknownName
  constructor(result: null | typeof UnknownName) {
    super('stop')
    this.result = result
  }
}

/** How the engine should read a value, null standing for a member that is absent too. Throws Stop. */
type Read = (value: JsonValue) => JsonValue

const HOST: Record<string, Read> = { Privileged: flag, Binds: list, Memory: integer }
const CREATE: Record<string, Read> = { Image: text, Labels: labels, ...HOST, HostConfig: optional(struct(HOST)) }

/**
 * The canonical form of what Go should read into the create request of go-json/main.go, worked out from our value by
 * exact names: null where a value has the wrong type, so that Go answers with an error.
 */
export function createRequest(value: JsonValue): string | null | typeof UnknownName {
  try {
    return canonical(struct(CREATE)(value))
  } catch (error) {
    if (error instanceof Stop) return error.result
    throw error
  }
}

/** The canonical form that go-json/main.go describes. */
export function canonical(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text
  if (typeof value === 'string') return hex(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isJsonArray(value)) return `[${value.map(canonical).join()}]`
  const members = Object.entries(value).map(([name, member]) => [hex(name), canonical(member)] as const)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map((pair) => pair.join(':')).join()}}`
}

function hex(text: string): string {
  return `"${Buffer.from(text).toString('hex')}"`
}

function struct(fields: Record<string, Read>): Read {
  return (value) => {
    const members = value === null ? {} : asObject(value)
    for (const name of Object.keys(members)) if (!Object.hasOwn(fields, name)) throw new Stop(UnknownName)
    return object(Object.entries(fields).map(([name, read]) => [name, read(members[name] ?? null)]))
  }
}

function optional(read: Read): Read {
  return (value) => (value === null ? null : read(value))
}

function flag(value: JsonValue): JsonValue {
  if (value !== null && typeof value !== 'boolean') throw new Stop(null)
  return value ?? false
}

function text(value: JsonValue): JsonValue {
  if (value !== null && typeof value !== 'string') throw new Stop(null)
  return value ?? ''
}

function integer(value: JsonValue): JsonValue {
  if (value === null) return new JsonNumber('0')
  if (!(value instanceof JsonNumber) || !value.isInteger) throw new Stop(null)
  const exact = value.toBigInt()
  if (BigInt.asIntN(64, exact) !== exact) throw new Stop(null)
  return new JsonNumber(String(exact))
}

function list(value: JsonValue): JsonValue {
  if (value === null) return null
  if (!isJsonArray(value)) throw new Stop(null)
  return value.map(text)
}

function labels(value: JsonValue): JsonValue {
  if (value === null) return null
  return object(Object.entries(asObject(value)).map(([name, member]) => [name, text(member)]))
}

function asObject(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw new Stop(null)
  return value
}

/** Without a prototype, so that a label may be called __proto__. */
function object(members: readonly (readonly [string, JsonValue])[]): JsonObject {
  const result: Record<string, JsonValue> = Object.create(null)
  for (const [name, value] of members) result[name] = value
  return result
}
