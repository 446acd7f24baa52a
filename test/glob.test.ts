import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesGlob } from '../src/glob.ts'

/** The obvious way, for comparison: letters and stars only, so that it can be a regular expression. */
const byRegularExpression = (pattern: string, text: string) =>
  new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 's').test(text)

describe('matchesGlob', () => {
  it.each([
    ['*', ''],
    ['*', 'ContainerList'],
    ['Container*', 'ContainerList'],
    ['Container*', 'Container'],
    ['*List', 'ContainerList'],
    ['*Container*', 'PutContainerArchive'],
    ['C*r*List', 'ContainerList'],
    ['**', 'x'],
    ['ContainerList', 'ContainerList'],
  ])('%s matches %s', (pattern, text) => {
    expect(matchesGlob(pattern, text)).toBe(true)
  })

  it.each([
    ['', 'ContainerList'],
    ['Container', 'ContainerList'],
    ['container*', 'ContainerList'],
    ['ab*ba', 'aba'],
    ['a*b*c', 'acb'],
    ['a*aa*a', 'aaa'],
    ['Container.ist', 'ContainerList'],
    ['Container?ist', 'ContainerList'],
    ['[A-Z]*', 'ContainerList'],
  ])('%s does not match %s', (pattern, text) => {
    expect(matchesGlob(pattern, text)).toBe(false)
  })

  it('means what a regular expression with .* for each star means', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*]{0,8}$/), fc.stringMatching(/^[ab]{0,10}$/), (pattern, text) => {
        expect(matchesGlob(pattern, text)).toBe(byRegularExpression(pattern, text))
      }),
      { numRuns: 2000 },
    )
  })

  it('does not take long over a pattern of stars', () => {
    const started = performance.now()
    expect(matchesGlob('*a'.repeat(2000), `${'a'.repeat(4000)}b`)).toBe(false)
    expect(performance.now() - started).toBeLessThan(200)
  })
})
