import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decide } from '../../../src/objects/answers/decide.ts'
import { filterSequence } from '../../../src/objects/answers/filter-sequence.ts'
import { breaksOff, byteByByte, cuts, inChunks, json, spaced, spaces, textFrom } from './streams.ts'

/** What an engine writes around each value: one a line (application/x-ndjson), RFC 7464, or nothing. */
const FRAMES = [
  ['', '\n'],
  ['\x1e', '\n'],
  ['\x1e\x1e', ''],
  ['', '\r\n'],
  ['', ''],
] as const

const frame = fc.constantFrom(...FRAMES)
/** Two scalars need something between them. */
const object = fc.dictionary(fc.string(), json)

describe('a sequence of values', () => {
  it('is byte for byte the same when everything is kept, however it is chunked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(object), frame, spaces, cuts, async (values, [before, behind], between, at) => {
        const text = values.map((value) => `${before}${spaced(value, between)}${behind}`).join('')
        expect(await textFrom(filterSequence(inChunks(text, at), () => true))).toBe(text)
      }),
    )
  })

  it('is what the kept ones alone would be, when some are dropped', async () => {
    const fates = fc.array(fc.boolean(), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(fc.array(object), fates, frame, cuts, async (values, kept, [before, behind], at) => {
        const isKept = (index: number) => kept[index % kept.length] as boolean
        const texts = values.map((value) => `${before}${JSON.stringify(value)}${behind}`)
        let asked = 0
        const decide: Decide = (value) => {
          expect(value).toEqual(values[asked])
          return isKept(asked++)
        }
        const wanted = texts.filter((_, index) => isKept(index)).join('')
        const sent = await textFrom(filterSequence(inChunks(texts.join(''), at), decide))
        expect(sent).toBe(wanted)
      }),
    )
  })

  it('takes scalars with space between them', async () => {
    const sent = filterSequence(byteByByte('1 "two"3 null\n'), (value) => value !== 'two')
    expect(await textFrom(sent)).toBe('1 3 null\n')
  })

  it.each([
    ['one a line', '', '\n'],
    ['with record separators', '\x1e', '\n'],
  ])('passes each as soon as its last byte is there (%s)', async (_, before, behind) => {
    async function* engine() {
      yield Buffer.from(`${before}{"a":1}`)
      throw new Error(`asked for more before ${behind}`)
    }
    const events = filterSequence(engine(), () => true)[Symbol.asyncIterator]()
    expect((await events.next()).value?.toString()).toBe(`${before}{"a":1}`)
  })

  it('leaves out the late line end of what was dropped, and passes that of what was kept', async () => {
    async function* engine() {
      for (const part of ['{"a":1}', '\n', '{"b":2}', '\n', '{"a":3}\n']) yield Buffer.from(part)
    }
    const b: Decide = (value) => JSON.stringify(value).includes('b')
    expect(await textFrom(filterSequence(engine(), b))).toBe('{"b":2}\n')
  })

  it('waits for a decision and keeps the order', async () => {
    const later: Decide = (value) => new Promise((resolve) => setImmediate(() => resolve(value !== 2)))
    expect(await textFrom(filterSequence(inChunks('1\n2\n3\n'), later))).toBe('1\n3\n')
  })

  it('sends another value for one that is changed', async () => {
    expect(await textFrom(filterSequence(inChunks('{"a":1.0}\n{}\n'), () => (value) => [value]))).toBe(
      '[{"a":1.0}]\n[{}]\n',
    )
  })

  it('is empty when it is empty, or all space', async () => {
    expect(await textFrom(filterSequence(inChunks(''), () => true))).toBe('')
    expect(await textFrom(filterSequence(inChunks(' \n'), () => true))).toBe(' \n')
  })

  it.each([
    ['is cut off', '{"a":1}\n{"b":'],
    ['ends behind a record separator', '\x1e{"a":1}\n\x1e'],
    ['has commas', '{"a":1},{"b":2}'],
    ['is no JSON', '{"a":1}\noops\n'],
    ['closes more than it opens', '{"a":1}}'],
  ])('breaks off when it %s', async (_, text) => {
    expect(await breaksOff(filterSequence(byteByByte(text), () => true))).toBe('engine-broken')
  })

  it('ends the engine’s side when the client has gone', async () => {
    let closed = false
    async function* engine() {
      try {
        for (;;) yield Buffer.from('{}\n')
      } finally {
        closed = true
      }
    }
    const events = filterSequence(engine(), () => true)[Symbol.asyncIterator]()
    await events.next()
    await events.return?.()
    expect(closed).toBe(true)
  })
})
