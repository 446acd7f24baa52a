import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readClaims } from '../../src/identity/claims.ts'
import { refused } from './fixture.ts'

describe('readClaims', () => {
  it('keeps a claim named __proto__ as a claim, and inherits nothing', () => {
    const claims = readClaims(JSON.parse('{"__proto__": {"admin": true}, "a": {"constructor": 1}}'))
    expect(Object.getPrototypeOf(claims)).toBeNull()
    expect(Object.keys(claims)).toEqual(['__proto__', 'a'])
    expect(claims.admin).toBeUndefined()
    expect(claims.toString).toBeUndefined()
    expect(Object.getPrototypeOf(claims.a)).toBeNull()
  })

  it('freezes what it returns, all the way down', () => {
    const claims = readClaims({ list: [{ a: 1 }] })
    const list = claims.list as readonly object[]
    expect([claims, list, list[0]].every((value) => Object.isFrozen(value))).toBe(true)
  })

  it('refuses claims that are nested too deep', async () => {
    const deep = JSON.parse(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)
    expect((await refused(() => readClaims(deep))).reason).toBe('token-claims')
  })

  it('refuses claims with too many values', async () => {
    expect((await refused(() => readClaims({ a: new Array(5000).fill(0) }))).reason).toBe('token-claims')
  })

  it('refuses a number that no JavaScript number holds', async () => {
    expect((await refused(() => readClaims(JSON.parse('{"a": 1e999}')))).reason).toBe('token-claims')
  })

  it('returns any shallow JSON object with the same content', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        const parsed = JSON.parse(JSON.stringify(value))
        expect(JSON.stringify(readClaims(parsed))).toBe(JSON.stringify(parsed))
      }),
    )
  })
})
