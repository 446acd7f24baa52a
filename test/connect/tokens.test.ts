import { beforeEach, describe, expect, it } from 'vitest'
import { createTokens, type Tokens } from '../../src/connect/tokens.ts'
import { createTokenKey, signToken } from '../../src/pki/token.ts'

const START = 1_800_000_000_000
const key = createTokenKey()
/** A token of these seconds, issued so many seconds after the start. */
const tokenOf = async (seconds: number, issuedAfter = 0) =>
  (await signToken(key, { subject: 'x', claims: {}, lifetime: seconds * 1000, issuedAt: START / 1000 + issuedAfter }))
    .token

describe('the tokens of a source', () => {
  let time: number
  let fetches: PromiseWithResolvers<string>[]
  let warnings: string[]

  beforeEach(() => {
    time = START
    fetches = []
    warnings = []
  })

  const make = (local = false): Tokens => {
    const fetch = () => {
      const fetching = Promise.withResolvers<string>()
      fetches.push(fetching)
      return fetching.promise
    }
    const warn = (message: string) => void warnings.push(message)
    return createTokens({ name: '--token-file f', local, fetch }, { now: () => time, warn })
  }
  /** Answers the n-th fetch, from 1. */
  const give = (n: number, token: string) => fetches[n - 1]?.resolve(token)
  const withToken = async (seconds: number, local = false) => {
    const tokens = make(local)
    const token = await tokenOf(seconds)
    const got = tokens.get()
    give(1, `  ${token}\n`)
    expect(await got).toBe(token)
    return { tokens, token }
  }

  it('are fetched when first asked for, and trimmed', async () => {
    make()
    expect(fetches).toHaveLength(0)
    await withToken(300)
    expect(fetches).toHaveLength(1)
  })

  it('are fetched once for all that ask at the same time', async () => {
    const tokens = make()
    const all = Promise.all([tokens.get(), tokens.get(), tokens.get()])
    give(1, 'opaque')
    expect(await all).toEqual(['opaque', 'opaque', 'opaque'])
    expect(fetches).toHaveLength(1)
  })

  it('serve without a fetch while they are good', async () => {
    const { tokens, token } = await withToken(300)
    time += 239_000
    expect(await tokens.get()).toBe(token)
    expect(fetches).toHaveLength(1)
  })

  it('are fetched anew ahead of their end, and the old one serves meanwhile', async () => {
    const { tokens, token } = await withToken(300)
    time += 241_000
    expect(await tokens.get()).toBe(token)
    expect(await tokens.get()).toBe(token)
    expect(fetches).toHaveLength(2)
    const next = await tokenOf(300, 241)
    give(2, next)
    await expect.poll(() => tokens.get()).toBe(next)
    expect(fetches).toHaveLength(2)
  })

  it('make requests wait for the new one when the old one could end on its way', async () => {
    const { tokens } = await withToken(300)
    time += 291_000
    const got = tokens.get()
    const next = await tokenOf(300, 291)
    give(2, next)
    expect(await got).toBe(next)
  })

  it('of a lifetime of seconds are fetched anew within it', async () => {
    const { tokens, token } = await withToken(2)
    time += 900
    expect(await tokens.get()).toBe(token)
    expect(fetches).toHaveLength(1)
    time += 200
    expect(await tokens.get()).toBe(token)
    expect(fetches).toHaveLength(2)
  })

  it('serve on while a fetch fails, with one warning, until they end', async () => {
    const { tokens, token } = await withToken(300)
    for (const [attempt, after] of [241_000, 247_000].entries()) {
      time = START + after
      expect(await tokens.get()).toBe(token)
      fetches[attempt + 1]?.reject(new Error('--token-file f: no'))
      await expect.poll(() => warnings).toHaveLength(1)
    }
    time = START + 299_500
    const last = tokens.get()
    fetches[3]?.reject(new Error('--token-file f: no'))
    expect(await last).toBe(token)
    expect(warnings).toEqual(['--token-file f: no; the last token serves until it ends'])
    time = START + 301_000
    const ended = tokens.get()
    fetches[4]?.reject(new Error('--token-file f: no'))
    await expect(ended).rejects.toThrow('--token-file f: no')
  })

  it('are not asked for in a row while a fetch fails and the last one is good', async () => {
    const { tokens } = await withToken(300)
    time += 295_000
    const got = tokens.get()
    fetches[1]?.reject(new Error('no'))
    await got
    await tokens.get()
    await tokens.get()
    expect(fetches).toHaveLength(2)
  })

  it('are not asked for in a row while the source gives the same one again', async () => {
    const { tokens, token } = await withToken(300)
    time += 250_000
    await tokens.get()
    give(2, token)
    await expect.poll(() => tokens.get()).toBe(token)
    time += 1_000
    await tokens.get()
    expect(fetches).toHaveLength(2)
    time += 5_000
    await tokens.get()
    expect(fetches).toHaveLength(3)
  })

  it('are asked for again at once when there is no good one', async () => {
    const tokens = make()
    const first = tokens.get()
    fetches[0]?.reject(new Error('no'))
    await expect(first).rejects.toThrow('no')
    const second = tokens.get()
    give(2, 'opaque')
    expect(await second).toBe('opaque')
  })

  it('of a slow clock count from their issue to their end', async () => {
    time = START - 3_600_000
    const { tokens } = await withToken(300)
    time += 301_000
    void tokens.get()
    expect(fetches).toHaveLength(2)
  })

  it('that are past their end by the clock here are sent all the same, and asked for again the next time', async () => {
    time = START + 3_600_000
    const { tokens } = await withToken(300)
    void tokens.get()
    expect(fetches).toHaveLength(2)
  })

  it('that tell no end are fetched anew after a minute', async () => {
    const tokens = make()
    const got = tokens.get()
    give(1, 'opaque')
    await got
    time += 59_000
    expect(await tokens.get()).toBe('opaque')
    time += 2_000
    const next = tokens.get()
    give(2, 'other')
    expect(await next).toBe('other')
  })

  it('of a file or a variable are read for every request', async () => {
    const { tokens } = await withToken(300, true)
    const got = tokens.get()
    give(2, 'changed')
    expect(await got).toBe('changed')
  })

  it('of a file serve on while the file is half written', async () => {
    const { tokens, token } = await withToken(300, true)
    const got = tokens.get()
    give(2, '')
    expect(await got).toBe(token)
    expect(warnings).toEqual(['--token-file f gave no token: it is empty; the last token serves until it ends'])
  })

  it('are not used again when the gate has refused them', async () => {
    const { tokens, token } = await withToken(300)
    time += 6_000
    tokens.refused(token)
    void tokens.get()
    expect(fetches).toHaveLength(2)
  })

  it('are kept when the gate refuses a fresh one, so that the source is not asked for each request', async () => {
    const { tokens, token } = await withToken(300)
    time += 1_000
    tokens.refused(token)
    expect(await tokens.get()).toBe(token)
    expect(fetches).toHaveLength(1)
  })

  it('are kept when the gate refuses an older one', async () => {
    const { tokens, token } = await withToken(300)
    time += 6_000
    tokens.refused('another')
    expect(await tokens.get()).toBe(token)
    expect(fetches).toHaveLength(1)
  })

  it.each([
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['{"token":"secret"}', 'jq -r'],
    ['two words', 'one word'],
    ['secret\nsecret', 'one word'],
    ['Bearer secret', 'one word'],
    [`secret${'x'.repeat(70_000)}`, '70006 characters'],
    ['sécret', 'one word'],
  ])('are refused when they are none (case %#), and what was given is not shown', async (text, why) => {
    const tokens = make()
    const got = tokens.get()
    give(1, text)
    const message = await got.then(String, (error: Error) => error.message)
    expect(message).toContain(`--token-file f gave no token: `)
    expect(message).toContain(why)
    expect(message).not.toContain('secret')
  })
})
