import fc from 'fast-check'
import { JsonNumber, type JsonObject, type JsonValue } from '../../../src/inspect/json/value.ts'

/**
 * Arbitrary JSON documents as clients and attackers write them. Depth and size stay below the parser's default limits.
 */

/** Names that the engine folds into one another, that JavaScript treats specially, and harmless ones. */
const NAMES = [
  ...['Image', 'Labels', 'HostConfig', 'Privileged', 'Binds', 'Memory'],
  ...['image', 'LABELS', 'hostConfig', 'privileged', 'Bind\u017f', 'Label\u017f', 'Ho\u017ftConfig', 'memory '],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'length'],
  ...[
    '',
    '0',
    '1',
    '1000',
    '-1',
    '01',
    '4294967295',
    'a',
    'A',
    '\u212a',
    'k',
    '\u00e9',
    'e\u0301',
    '\ufffd',
    '\u{1f433}',
  ],
]

const NUMBERS = [
  ...['0', '-0', '1', '-1', '1.0', '1e3', '1E+3', '1e-3', '-0.0', '0.1', '512', '1e999', '-1e999', '1e-999'],
  ...['9007199254740991', '9007199254740993', '9223372036854775807', '-9223372036854775808', '9223372036854775808'],
  ...['18446744073709551616', '123456789012345678901234567890', '0.1000000000000000055511151231257827'],
]

const word = fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed())
const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: word })
const number = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: -(2n ** 128n), max: 2n ** 128n }).map(String),
)
const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t', '\r\n')

/** A string literal with some characters written as escapes. */
function literal(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const ways = fc.array(fc.constantFrom('plain', 'plain', 'plain', 'lower', 'upper'), { minLength: 1, maxLength: 5 })
  return fc.tuple(text, ways).map(([characters, chosen]) => {
    const spelled = [...characters].map((character, i) => spell(character, chosen[i % chosen.length] as string))
    return `"${spelled.join('')}"`
  })
}

function spell(character: string, way: string): string {
  if (way === 'plain') return JSON.stringify(character).slice(1, -1)
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
  return units.map((unit) => `\\u${way === 'lower' ? unit : unit.toUpperCase()}`).join('')
}

type Member = readonly [name: string, value: string]

/** The text of an object; in one of four the names may repeat. */
function object(member: fc.Arbitrary<Member>): fc.Arbitrary<string> {
  const distinct = fc.uniqueArray(member, { maxLength: 6, selector: ([key]) => JSON.parse(key) })
  const members = fc.oneof(
    { weight: 3, arbitrary: distinct },
    { weight: 1, arbitrary: fc.array(member, { maxLength: 6 }) },
  )
  return fc.tuple(members, space).map(([list, gap]) => {
    return `{${gap}${list.map(([key, value]) => `${key}${gap}:${gap}${value}`).join(`${gap},${gap}`)}${gap}}`
  })
}

function array(item: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(fc.array(item, { maxLength: 4 }), space).map(([items, gap]) => {
    return `[${gap}${items.join(`${gap},${gap}`)}${gap}]`
  })
}

const { value: anyValue } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false'),
    number,
    literal(word),
    array(tie('value')),
    object(fc.tuple(literal(name), tie('value'))),
  ),
}))

/** A member whose value mostly has the type that the engine wants of this name. */
function member(key: string, value: fc.Arbitrary<string>): fc.Arbitrary<Member> {
  const typed = fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom('null', '{}', '0') })
  const spelled = fc.oneof(
    { weight: 12, arbitrary: literal(fc.constant(key)) },
    { weight: 1, arbitrary: literal(name) },
  )
  return fc.tuple(spelled, typed)
}

const HOST = [
  member('Privileged', fc.constantFrom('true', 'false')),
  member('Binds', array(literal(word))),
  member('Memory', number),
]

const create = object(
  fc.oneof(
    member('Image', literal(word)),
    member('Labels', object(fc.tuple(literal(name), literal(word)))),
    member('HostConfig', object(fc.oneof(...HOST))),
    ...HOST,
  ),
)

/** JSON texts, some with repeated names; half of them have the shape of a container create request. */
export const document: fc.Arbitrary<Buffer> = fc
  .tuple(space, fc.oneof(create, anyValue), space)
  .map((parts) => Buffer.from(parts.join('')))

const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '/',
    "'",
    '//',
    '/**/',
    '#',
    'null',
    'NaN',
    'undefined',
    '{}',
    '""',
    '0',
  ],
  ...[
    '-',
    '+',
    '.',
    'e',
    '1e',
    '00',
    '0x1',
    '\\u',
    '\\ud800',
    '\\udc00',
    '\\u0000',
    '\\x41',
    "\\'",
    '\t',
    '\n',
    '\0',
    '\x7f',
  ],
  ...[
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '\u017f',
    '\u212a',
    '"Privileged":true',
    ',"HostConfig":{}',
    ',"__proto__":1',
  ],
].map((text) => Buffer.from(text))
const BROKEN_UTF8 = ['ff', '80', 'c0af', 'c3', 'e282', 'eda080', 'edb080', 'f0908d', 'f4908080', 'efbf'].map((hex) =>
  Buffer.from(hex, 'hex'),
)

interface Change {
  readonly at: number
  readonly removed: number
  readonly put: Buffer
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(4096),
  removed: fc.constantFrom(0, 0, 1, 2),
  put: fc.constantFrom(...PIECES, ...PIECES, ...BROKEN_UTF8, Buffer.alloc(0)),
})

/** With one or two places overwritten, cut out or added to: most, but not all, are no JSON any more. */
export function damagedOf(documents: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(documents, fc.array(change, { minLength: 1, maxLength: 2 }))
    .map(([bytes, changes]) => changes.reduce(apply, bytes))
}

export const damaged: fc.Arbitrary<Buffer> = damagedOf(document)

function apply(bytes: Buffer, { at, removed, put }: Change): Buffer {
  const from = at % (bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + removed)])
}

const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number.map((text) => new JsonNumber(text)),
    word,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 6 }).map(asObject),
  ),
}))

/** Values as the parser makes them. */
export const jsonValue: fc.Arbitrary<JsonValue> = value

function asObject(members: Record<string, JsonValue>): JsonObject {
  return Object.assign(Object.create(null), members)
}
