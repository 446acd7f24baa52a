import fc from 'fast-check'
import { expect, it } from 'vitest'
import { interpolate } from '../../src/config/interpolate.ts'

const ENVIRONMENT: Readonly<Record<string, string>> = { HOST: 'git.example.com', EMPTY: '', NESTED: '${HOST}' }
const made = (text: string) => {
  const result = interpolate(text, (name) => ENVIRONMENT[name])
  return 'text' in result ? result.text : `${result.problem} ${result.name}`
}

it.each([
  ['${HOST}', 'git.example.com'],
  ['https://${HOST}/path', 'https://git.example.com/path'],
  ['${HOST}${HOST}', 'git.example.comgit.example.com'],
  ['${EMPTY}', ''],
  ['${EMPTY:-else}', 'else'],
  ['${UNSET:-else}', 'else'],
  ['${UNSET:-}', ''],
  ['${HOST:-else}', 'git.example.com'],
  ['$${HOST}', '${HOST}'],
  ['$$${HOST}', '$${HOST}'],
  ['$HOST and $ alone', '$HOST and $ alone'],
  ['${NESTED}', '${HOST}'],
  ['${issuer}:${claims.repository}', '${issuer}:${claims.repository}'],
  ['${claims["kubernetes.io"].namespace}-${HOST}', '${claims["kubernetes.io"].namespace}-git.example.com'],
])('makes of %s the text %s', (text, wanted) => {
  expect(made(text)).toBe(wanted)
})

it.each([
  ['a ${UNSET} b', 'unset UNSET'],
  ['${HOST', 'malformed '],
  ['a${HOST-x}', 'malformed '],
  ['${HOST}${Host}', 'malformed '],
])('does not guess what %s means', (text, wanted) => {
  expect(made(text)).toBe(wanted)
})

const word = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/)
const literal = fc.stringMatching(/^[^$]{0,10}$/)
const piece = fc.oneof(
  literal.map((text) => ({ written: text, wanted: () => text })),
  word.map((name) => ({ written: `\${${name}}`, wanted: (value: string) => value })),
  fc.tuple(word, fc.stringMatching(/^[^}$]{0,8}$/)).map(([name, fallback]) => ({
    written: `\${${name}:-${fallback}}`,
    wanted: (value: string) => value || fallback,
  })),
  word.map((name) => ({ written: `$\${${name}}`, wanted: () => `\${${name}}` })),
  fc.constant({ written: '${claims.x}', wanted: () => '${claims.x}' }),
)

it('replaces each variable and nothing else, whatever is beside it and whatever the value is', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, value) => {
      const text = pieces.map(({ written }) => written).join('')
      const result = interpolate(text, () => value)
      expect('text' in result && result.text).toBe(pieces.map(({ wanted }) => wanted(value)).join(''))
    }),
  )
})

it('takes any text: one without ${ and a capital letter as it is', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[${}A-Za-z_:-]{0,30}$/), (text) => {
      const result = interpolate(text, () => undefined)
      if (!/\$\{[A-Z_]/.test(text)) expect(result).toEqual({ text, inserted: [] })
    }),
  )
})
