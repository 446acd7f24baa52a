import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern, type Pattern, type PatternKind } from '../../../src/policy/profile/pattern.ts'
import { processorMs } from '../../support/processor.ts'
import { principalWith } from '../fixtures.ts'

const somebody = principalWith()

function pattern(text: string, kind: PatternKind): Pattern {
  const compiled = compilePattern(text, kind)
  if ('problem' in compiled) throw new Error(compiled.problem)
  return compiled
}

/** The obvious way: try everything that each star could stand for. */
function matches(globs: readonly string[], segments: readonly string[]): boolean {
  const [glob, ...rest] = globs
  if (glob === undefined) return segments.length === 0
  if (glob === '**') {
    return segments.some((_, index) => matches(rest, segments.slice(index))) || matches(rest, [])
  }
  const [segment, ...others] = segments
  return segment !== undefined && matchesText(glob, segment) && matches(rest, others)
}

function matchesText(glob: string, text: string): boolean {
  if (glob === '') return text === ''
  if (glob[0] === '*') return matchesText(glob.slice(1), text) || (text !== '' && matchesText(glob, text.slice(1)))
  return glob[0] === text[0] && matchesText(glob.slice(1), text.slice(1))
}

const globs = fc.array(
  fc.oneof(
    fc.constant('**'),
    fc.stringMatching(/^[ab*]{1,4}$/).filter((glob) => !glob.includes('**')),
  ),
  { maxLength: 5 },
)
const segments = fc.array(fc.stringMatching(/^[ab]{1,4}$/), { maxLength: 6 })

describe('a pattern', () => {
  it('of paths means what trying everything finds', () => {
    fc.assert(
      fc.property(globs, segments, (wanted, found) => {
        const text = `/${wanted.join('/')}`
        expect(pattern(text, 'path').matches(`/${found.join('/')}`, somebody)).toBe(matches(wanted, found))
      }),
      { numRuns: 5000 },
    )
  })

  it('of references means what trying everything finds', () => {
    fc.assert(
      fc.property(
        globs.filter((wanted) => wanted.length > 0),
        segments.filter((found) => found.length > 0),
        (wanted, found) => {
          const compiled = pattern(`registry.acme.io/${wanted.join('/')}:1*`, 'reference')
          expect(compiled.matches(`registry.acme.io/${found.join('/')}:12`, somebody)).toBe(matches(wanted, found))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('takes a claim literally, whatever it is made of', () => {
    const values = fc
      .array(
        fc.stringMatching(/^[ab*?${}.:@[\]-]{1,5}$/).filter((text) => text !== '.' && text !== '..'),
        {
          minLength: 1,
          maxLength: 3,
        },
      )
      .map((parts) => parts.join('/'))
    const own = pattern('/srv/${claims.x}/**', 'path')
    fc.assert(
      fc.property(
        values,
        fc.oneof(
          values,
          segments.map((found) => found.join('/')),
        ),
        (value, other) => {
          const principal = principalWith({ claims: { x: value } })
          expect(own.matches(`/srv/${value}/a`, principal)).toBe(true)
          expect(own.matches(`/srv/${other}`, principal)).toBe(`${other}/`.startsWith(`${value}/`))
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('never lets a claim lead out of the directory in front of it', () => {
    const own = pattern('/srv/${claims.x}/**', 'path')
    const pieces = fc.array(fc.constantFrom('..', '.', '/', 'a', '*', '\0', '\\', '%2e'), { maxLength: 8 })
    fc.assert(
      fc.property(pieces, pieces, (claim, path) => {
        const principal = principalWith({ claims: { x: claim.join('') } })
        const value = `/srv/${path.join('')}`
        if (own.matches(value, principal)) expect(new URL(`file://${encodeURI(value)}`).pathname).toMatch(/^\/srv\//)
      }),
      { numRuns: 5000 },
    )
  })

  it('compiles or explains, whatever the text', () => {
    const kinds = fc.constantFrom<PatternKind>('reference', 'path', 'url', 'name')
    const texts = fc.oneof(
      fc.string(),
      fc
        .array(
          fc.constantFrom('a', '/', '*', '**', ':', '@', '${', '}', 'claims.x', '.', '..', 'https://', 'docker.io/'),
        )
        .map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(kinds, texts, fc.string(), (kind, text, value) => {
        const compiled = compilePattern(text, kind)
        if ('problem' in compiled) expect(compiled.problem).not.toBe('')
        else expect(typeof compiled.matches(value, somebody)).toBe('boolean')
      }),
      { numRuns: 5000 },
    )
  })

  it.each<[string, PatternKind, string, string]>([
    ['stars in a name', 'name', '*a'.repeat(1000), `${'a'.repeat(100_000)}b`],
    ['any-segment stars in a path', 'path', `${'/**/a'.repeat(200)}/b`, '/a'.repeat(2000)],
    ['stars within the segments of a path', 'path', '/*a*a*a*a*b/**/c'.repeat(50), `/${'a'.repeat(4000)}`],
    ['stars in a reference', 'reference', `docker.io/**/*a*a*a*a*b`, `${'a/'.repeat(120)}a`],
  ])('does not take long over %s', (_what, kind, text, value) => {
    const compiled = pattern(text, kind)
    expect(processorMs(() => expect(compiled.matches(value, somebody)).toBe(false))).toBeLessThan(1000)
  })

  it('does not take long over a claim of stars', () => {
    const principal = principalWith({ claims: { x: '*a'.repeat(500) } })
    const compiled = pattern('*${claims.x}*${claims.x}*', 'name')
    const cost = processorMs(() => expect(compiled.matches('*a'.repeat(50_000), principal)).toBe(true))
    expect(cost).toBeLessThan(1000)
  })
})
