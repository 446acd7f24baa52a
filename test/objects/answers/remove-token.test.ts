import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { removeToken } from '../../../src/objects/answers/remove-token.ts'
import { byteByByte, cuts, inChunks, textFrom } from './streams.ts'

const PREFIX = 'o-3f2a9c01de-'

describe('a name prefix that is taken out of a stream', () => {
  it('goes wherever it is, across chunk borders too', async () => {
    const text = `{"Name":"/${PREFIX}db","Links":["${PREFIX}a:${PREFIX}b"]}\n`
    const wanted = '{"Name":"/db","Links":["a:b"]}\n'
    expect(await textFrom(removeToken(byteByByte(text), PREFIX))).toBe(wanted)
    expect(await textFrom(removeToken(inChunks(text), PREFIX))).toBe(wanted)
  })

  it('leaves all else as it was, however it is chunked', async () => {
    const token = fc.constantFrom(PREFIX, 'a', 'ab', 'aab', 'abab', 'aaa')
    const pieces = fc.array(fc.constantFrom('a', 'b', 'ab', 'o-3f2a', PREFIX, 'ü'), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(token, pieces, cuts, async (wanted, parts, at) => {
        const text = parts.join('')
        const small = at.map((cut) => cut % (Buffer.byteLength(text) + 1))
        expect(await textFrom(removeToken(inChunks(text, small), wanted))).toBe(text.replaceAll(wanted, ''))
      }),
    )
  })

  it('leaves bytes that are no text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), cuts, async (bytes, at) => {
        const passed: Buffer[] = []
        for await (const chunk of removeToken(inChunks(Buffer.from(bytes), at), 'ab')) passed.push(chunk)
        expect(Buffer.concat(passed).toString('latin1')).toBe(
          Buffer.from(bytes).toString('latin1').replaceAll('ab', ''),
        )
      }),
    )
  })

  it('holds back nothing behind the end of a value or a line', async () => {
    for (const end of ['}', '"', ']', '\n', '}\n']) {
      const first = `{"id":"${PREFIX}x"${end}`
      const events = removeToken(inChunks(first), PREFIX)
      expect((await events.next()).value?.toString()).toBe(`{"id":"x"${end}`)
    }
  })

  it('holds back only what may be its beginning', async () => {
    async function* engine() {
      yield Buffer.from(`pulling ${PREFIX.slice(0, 5)}`)
      yield Buffer.from('!')
    }
    const progress = removeToken(engine(), PREFIX)
    expect((await progress.next()).value?.toString()).toBe('pulling ')
    expect((await progress.next()).value?.toString()).toBe(`${PREFIX.slice(0, 5)}!`)
  })
})
