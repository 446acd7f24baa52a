import type {
  BoundedBy,
  Field,
  Judgement,
  ListField,
  MapField,
  ObjectField,
  ScalarField,
} from '../engine/fields/types.ts'
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from './json/value.ts'
import { nameOf, type Place, pathOf, type Step } from './place.ts'
import { MOST_UNKNOWN, type UnknownName, unknownName } from './unknown-name.ts'

/** A field that asks for something. */
export interface FieldValue {
  /** Where it stands, fit to be shown: `HostConfig.Mounts[0].Source`, `Labels["a b"]`; `(body)` for the whole. */
  readonly path: string
  /** The same without places and keys, as a role lists it: `HostConfig.Mounts.Source`. */
  readonly name: string
  readonly value: JsonValue
}

interface WrongType {
  readonly path: string
  /** `a string`, `an integer of 64 bits`, … */
  readonly wanted: string
}

/**
 * What a body asks for. Where `wrongType` has anything, or `unknown` has what the role does not allow, nothing else here
 * may be relied on: `unknown` is to be judged (`judgeUnknownFields`) wherever `value` is sent.
 */
export interface CheckedFields {
  /**
   * The body to judge and send: fields under their own names, lists as lists, without what no engine reads, and with the
   * unknown names that are `kept`.
   */
  readonly value: JsonValue
  /** The first of them, in the body's order; where there are more than MOST_UNKNOWN, one more that is not kept. */
  readonly unknown: readonly UnknownName[]
  /** The first of them. */
  readonly wrongType: readonly WrongType[]
  /** Host-level fields that ask for something. */
  readonly host: readonly FieldValue[]
  /** Bounded fields that ask for something, by the part of the role: the outermost ones, whole. */
  readonly bounded: ReadonlyMap<BoundedBy, readonly FieldValue[]>
}

interface Check {
  readonly unknown: UnknownName[]
  readonly wrongType: WrongType[]
  readonly host: FieldValue[]
  readonly bounded: Map<BoundedBy, FieldValue[]>
}

type Member = readonly [name: string, value: JsonValue]

/** One of them is enough to refuse. */
const MOST_LISTED = 16

const EMPTY: JsonObject = Object.freeze(Object.create(null))

const WANTED: Readonly<Record<Field['type'], string>> = {
  string: 'a string',
  boolean: 'true or false',
  integer: 'an integer of 64 bits',
  number: 'a number',
  object: 'an object',
  map: 'an object',
  list: 'a list',
}

const LEAST_INTEGER = -(2n ** 63n)
const GREATEST_INTEGER = 2n ** 63n - 1n
/** No integer with fewer characters is beyond 64 bits. */
const SAFE_LENGTH = 18

/**
 * Holds a parsed body against the table of its operation. Names count as they are written, where the engine folds case
 * (`privileged`, `Bind\u017f`): whatever is not a name of the table, one of its aliases or ignored is unknown. What an
 * unknown name holds is not looked at. Keys of maps are free. `null` stands for a field that is absent; in a list it is
 * refused.
 *
 * Fields that ask for nothing (false, 0, "", empty lists, maps and objects) are not reported, unless the empty value
 * says something. What a role requires, rather than limits, must be looked for in `value`.
 */
export function checkFields(field: ObjectField | ListField, body: JsonValue): CheckedFields {
  const check: Check = { unknown: [], wrongType: [], host: [], bounded: new Map() }
  if (body === null && field.mayBeNull !== true) refuse(check, field, null, '')
  return { ...check, value: visit(check, field, body, null, '', 'harmless') }
}

/** `above` is how the field around is judged: who judges that sees this too. */
function visit(
  check: Check,
  field: Field,
  value: JsonValue,
  inside: Place | null,
  step: Step,
  above: Judgement,
): JsonValue {
  if (value === null) return null
  const checked = read(check, field, value, inside, step, field.judge === 'harmless' ? above : field.judge)
  if (field.judge !== 'harmless' && field.judge !== above && !asksNothing(field, checked)) {
    report(check, field.judge, { path: pathOf(inside, step), name: nameOf(inside, step), value: checked })
  }
  return checked
}

function read(
  check: Check,
  field: Field,
  value: JsonValue,
  inside: Place | null,
  step: Step,
  covering: Judgement,
): JsonValue {
  switch (field.type) {
    case 'object':
      if (isJsonObject(value)) return readObject(check, { field, around: inside, step }, field, value, covering)
      break
    case 'map':
      if (isJsonObject(value)) return readMap(check, { field, around: inside, step }, field, value, covering)
      break
    case 'list':
      if (isJsonArray(value)) return readList(check, { field, around: inside, step }, field, value, covering)
      if (field.orString && typeof value === 'string') return [value]
      break
    default:
      if (isScalar(field, value)) return value
  }
  return refuse(check, field, inside, step)
}

function readObject(
  check: Check,
  place: Place,
  field: ObjectField,
  object: JsonObject,
  covering: Judgement,
): JsonObject {
  const members: Member[] = []
  let same = true
  for (const written of Object.keys(object)) {
    const value = object[written] as JsonValue
    const name = field.fields.has(written) ? written : (field.aliases.get(written) ?? written)
    const inner = field.fields.get(name)
    if (inner === undefined || (name !== written && name in object)) {
      // docker-java 3 writes a field under both spellings, with one value.
      const dropped = inner === undefined ? field.ignored.has(written) : object[name] === value
      if (!dropped && noteUnknown(check, field, place, written)) members.push([written, value])
      else same = false
      continue
    }
    const present = value === null && field.always.has(name) ? EMPTY : value
    const checked = visit(check, inner, present, place, name, covering)
    if (checked !== value || name !== written) same = false
    members.push([name, checked])
  }
  for (const name of field.always) {
    if (name in object) continue
    members.push([name, EMPTY])
    same = false
  }
  return same ? object : objectOf(members)
}

function readMap(check: Check, place: Place, field: MapField, map: JsonObject, covering: Judgement): JsonObject {
  const members: Member[] = []
  let same = true
  for (const key of Object.keys(map)) {
    const value = map[key] as JsonValue
    const checked = visit(check, field.values, value, place, key, covering)
    if (checked !== value) same = false
    members.push([key, checked])
  }
  return same ? map : objectOf(members)
}

function readList(
  check: Check,
  place: Place,
  field: ListField,
  list: readonly JsonValue[],
  covering: Judgement,
): readonly JsonValue[] {
  let same = true
  const items = list.map((value, index) => {
    // Go would read null as an empty string, or as an object without members.
    if (value === null) return refuse(check, field.items, place, index)
    const checked = visit(check, field.items, value, place, index, covering)
    if (checked !== value) same = false
    return checked
  })
  return same ? list : items
}

function isScalar(field: ScalarField, value: JsonValue): boolean {
  switch (field.type) {
    case 'integer':
      return value instanceof JsonNumber && value.isInteger && hasSixtyFourBits(value)
    case 'number':
      return value instanceof JsonNumber
    default:
      return typeof value === field.type
  }
}

function hasSixtyFourBits(integer: JsonNumber): boolean {
  if (integer.text.length <= SAFE_LENGTH) return true
  const value = integer.toBigInt()
  return value >= LEAST_INTEGER && value <= GREATEST_INTEGER
}

/** Whether the engine is asked for no more than without the field. The value is of the field's type. */
function asksNothing(field: Field, value: JsonValue): boolean {
  if (value === null) return true
  if (field.emptyMatters) return false
  if (typeof value === 'string') return value === '' || (field.type === 'string' && isNothing(field, value))
  if (typeof value === 'boolean') return !value
  if (value instanceof JsonNumber) return Number(value.text) === 0
  if (isJsonArray(value)) return value.length === 0
  if (field.type !== 'object') return Object.keys(value).length === 0
  return Object.entries(value).every(([name, member]) => {
    const inner = field.fields.get(name)
    return inner !== undefined && asksNothing(inner, member)
  })
}

function isNothing(field: ScalarField, value: string): boolean {
  return field.nothing?.includes(value) ?? false
}

function report(check: Check, judge: 'host' | BoundedBy, found: FieldValue): void {
  if (judge === 'host') {
    check.host.push(found)
    return
  }
  const others = check.bounded.get(judge)
  if (others === undefined) check.bounded.set(judge, [found])
  else others.push(found)
}

/** Answers whether it stays in the value. */
function noteUnknown(check: Check, field: ObjectField, place: Place, written: string): boolean {
  if (check.unknown.length > MOST_UNKNOWN) return false
  const unknown = unknownName(field, place, written, check.unknown.length)
  check.unknown.push(unknown)
  return unknown.kept
}

function refuse(check: Check, field: Field, inside: Place | null, step: Step): null {
  if (check.wrongType.length < MOST_LISTED) {
    check.wrongType.push({ path: pathOf(inside, step), wanted: WANTED[field.type] })
  }
  return null
}

/** Defined, not assigned: V8 keeps assigned members with numbers for names as an array up to the greatest of them. */
function objectOf(members: readonly Member[]): JsonObject {
  const object: JsonObject = Object.create(null)
  for (const [name, value] of members) Object.defineProperty(object, name, { value, enumerable: true })
  return object
}
