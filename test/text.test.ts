import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, quoted } from '../src/text.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
)

describe('printable', () => {
  it.each([
    ['repo:acme/app:ref:refs/heads/main', 'repo:acme/app:ref:refs/heads/main'],
    ['Zoë Ünal 明', 'Zoë Ünal 明'],
    ['a\r\nb', 'a\\u{d}\\u{a}b'],
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['user\u202Egpj.exe', 'user\\u{202e}gpj.exe'],
    ['zero\u200Bwidth\uFEFF', 'zero\\u{200b}width\\u{feff}'],
    ['line\u2028end\u0085', 'line\\u{2028}end\\u{85}'],
    ['no\u00A0break', 'no\\u{a0}break'],
    ['lone\uD800', 'lone\\u{d800}'],
    ['tag\u{E0041}', 'tag\\u{e0041}'],
  ])('T128 writes %j so that it moves no terminal', (text, shown) => {
    expect(printable(text, 100)).toBe(shown)
  })

  it('cuts what is too long and says so', () => {
    expect(printable('abcdef', 4)).toBe('abc…')
    expect(printable('abcd', 4)).toBe('abcd')
    expect(printable('abc\n', 5)).toBe('abc…')
  })

  it('T128 does not read to the end of a value of 400 MB', () => {
    // Escaping all of it would be longer than a string may be.
    expect(printable('\u202E'.repeat(200_000_000), 20)).toBe('\\u{202e}\\u{202e}…')
  })

  it('T128 never yields more than it may, nor a character that is not printable', () => {
    fc.assert(
      fc.property(anyText, fc.nat(60), (text, max) => {
        const shown = printable(text, max)
        expect(shown.length).toBeLessThanOrEqual(max)
        expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        expect(shown.isWellFormed()).toBe(true)
      }),
    )
  })
})

describe('quoted', () => {
  it('escapes quotes and backslashes, so that the end of the value cannot be forged', () => {
    expect(quoted('x" role "admin')).toBe('"x\\" role \\"admin"')
    expect(quoted('a\\u{202e}')).toBe('"a\\\\u{202e}"')
    expect(quoted('a\u202E')).toBe('"a\\u{202e}"')
  })
})
