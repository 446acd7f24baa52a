import { describe, expect, it } from 'vitest'
import { readBearer, readTokenHeader } from '../../src/identity/bearer.ts'
import { refused } from './fixture.ts'

describe('readBearer', () => {
  it('reads the token behind the scheme, whose case does not matter', () => {
    expect(readBearer(['Bearer a.b.c'])).toBe('a.b.c')
    expect(readBearer(['bEARER a.b.c'])).toBe('a.b.c')
  })

  it('says null when there is no Authorization header', () => {
    expect(readBearer([])).toBeNull()
  })

  it.each([
    [['Bearer secret-a', 'Bearer secret-a'], 'several Authorization headers'],
    [['Basic secret-a'], 'not of the Bearer scheme but Basic'],
    [['secret-a secret-b'], 'not of the Bearer scheme;'],
    [['secret-a'], 'no scheme'],
    [[''], 'no scheme'],
    [['Bearer'], 'no scheme'],
    [['Bearer '], 'no token'],
    [['Bearer  secret-a'], 'more than one space'],
    [['Bearer\tsecret-a'], 'no scheme'],
    [[' Bearer secret-a'], 'not of the Bearer scheme;'],
  ])('refuses %j, says what is wrong and shows nothing of the value', async (authorization, what) => {
    const refusal = await refused(() => readBearer(authorization))
    expect(refusal.reason).toBe('credentials-malformed')
    expect(refusal.message).toContain(what)
    expect(refusal.message).not.toContain('secret')
  })

  it('T120 refuses a token of 1 MB without looking at it', async () => {
    const refusal = await refused(() => readBearer([`Bearer ${'a'.repeat(1024 * 1024)}`]))
    expect(refusal.reason).toBe('token-malformed')
  })
})

describe('readTokenHeader', () => {
  const read = (...values: string[]) => readTokenHeader({ name: 'X-Dockgate-Token', values })

  it('reads the token that stands alone there, and says null when there is no such header', () => {
    expect(read('a.b.c')).toBe('a.b.c')
    expect(read()).toBeNull()
  })

  it.each([
    [['secret-a', 'secret-a'], 'several X-Dockgate-Token headers'],
    [['Bearer secret-a'], 'more than a token'],
    [['Basic secret-a'], 'more than a token'],
    [[''], 'is empty'],
  ])('refuses %j, says what is wrong and shows nothing of the value', async (values, what) => {
    const refusal = await refused(() => read(...values))
    expect(refusal.reason).toBe('credentials-malformed')
    expect(refusal.message).toContain(what)
    expect(refusal.message).toContain('send exactly one header, "X-Dockgate-Token: <token>"')
    expect(refusal.message).not.toContain('secret')
  })

  it('T120 refuses a token of 1 MB without looking at it', async () => {
    expect((await refused(() => read('a'.repeat(1024 * 1024)))).reason).toBe('token-malformed')
  })
})
