import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../../src/inspect/json/serialise.ts'
import type { JsonValue } from '../../../src/inspect/json/value.ts'
import { Refusal } from '../../../src/refusal.ts'
import { type GoJson, startGoJson } from '../../support/go-json/oracle.ts'
import { canonical, createRequest, UnknownName } from './create-request.ts'
import { damaged, document } from './documents.ts'

let go: GoJson

beforeAll(async () => {
  go = await startGoJson()
  return () => go.stop()
}, 300_000)

/** Our value, or null when refused. */
function parse(bytes: Buffer): { readonly value: JsonValue } | null {
  try {
    return { value: parseJson(bytes) }
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'body-malformed') return null
    throw error
  }
}

/** Go's reading of the document as a create request. */
async function goCreate(text: string): Promise<string | null> {
  return (await go.ask(Buffer.from(text))).struct
}

describe('whatever the parser accepts, Go reads as the same value', () => {
  it.each([
    ['documents', document, 4000, 0.5],
    ['damaged documents', damaged, 4000, 0.02],
  ])('%s', { timeout: 120_000 }, async (_, arbitrary, numRuns, share) => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(arbitrary, async (bytes) => {
        const ours = parse(bytes)
        if (ours === null) return
        accepted += 1
        const { value, map } = await go.ask(bytes)
        expect(value).toBe(canonical(ours.value))
        // Into a map Go reads objects, and null as no map.
        const isMap = value === 'null' || value?.startsWith('{')
        expect(map).toBe(isMap ? value : null)
        expect((await go.ask(serialiseJson(ours.value))).value).toBe(value)
      }),
      { numRuns },
    )
    expect(accepted).toBeGreaterThan(numRuns * share)
  })

  it('as a create request too, once every name in it is one that the engine knows', { timeout: 120_000 }, async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(document, damaged), async (bytes) => {
        const ours = parse(bytes)
        if (ours === null) return
        const expected = createRequest(ours.value)
        if (expected === UnknownName) return
        compared += 1
        expect((await go.ask(bytes)).struct).toBe(expected)
      }),
      { numRuns: 6000 },
    )
    expect(compared).toBeGreaterThan(200)
  })
})

describe('what Go reads otherwise than it looks, and the parser refuses', () => {
  const privileged = '{"HostConfig":{"Privileged":true}}'

  it.each([
    ['T41: repeated objects, which Go merges', '{"HostConfig":{"Privileged":true},"HostConfig":{}}'],
    ['T41: a repeated name, of which Go takes the last', '{"HostConfig":{"Privileged":false,"Privileged":true}}'],
    ['T43: a repeated name, once escaped', '{"HostConfig":{"Privileged":false,"\\u0050rivileged":true}}'],
    ['T46: a second document, which Go leaves unread', `${privileged}{"HostConfig":{"Privileged":false}}`],
    ['T46: garbage behind the document', `${privileged}]`],
  ])('%s', async (_, text) => {
    expect(await goCreate(text)).toBe(await goCreate(privileged))
    expect(parse(Buffer.from(text))).toBe(null)
  })

  it.each([
    ['invalid UTF-8', Buffer.from('7b22496d616765223a22ff227d', 'hex')],
    ['a lone surrogate', Buffer.from('{"Image":"\\ud800"}')],
  ])('%s, which Go replaces by U+FFFD', async (_, bytes) => {
    expect((await go.ask(bytes)).struct).toBe(await goCreate('{"Image":"\ufffd"}'))
    expect(parse(bytes)).toBe(null)
  })
})

describe('what the parser leaves to the field table, because Go reads it as another name', () => {
  it.each([
    ['T40: lower case', '{"hostconfig":{"privileged":true}}'],
    ['T42: a variant beside the exact name', '{"HostConfig":{"Privileged":false,"privileged":true}}'],
    ['T42: a variant of the object, merged into it', '{"HostConfig":{"Privileged":true},"hostConfig":{}}'],
    ['T44: U+017F for s', '{"Ho\u017ftConfig":{"Privileged":true}}'],
    ['T44: U+017F, escaped', '{"Ho\\u017ftConfig":{"Privileged":true}}'],
  ])('%s', async (_, text) => {
    expect(await goCreate(text)).toBe(await goCreate('{"HostConfig":{"Privileged":true}}'))
    const ours = parse(Buffer.from(text))
    expect(ours && createRequest(ours.value)).toBe(UnknownName)
  })

  it('T45: but not in maps with free names, where Go tells case apart', async () => {
    const text = '{"Labels":{"a":"1","A":"2","\u017f":"3","s":"4"}}'
    expect(await goCreate(text)).toBe(createRequest(parseJson(Buffer.from(text))))
  })

  it('T46: a null document and a document of another type', async () => {
    expect(await goCreate('null')).toBe(await goCreate('{}'))
    expect(await goCreate('[]')).toBe(null)
    expect(parse(Buffer.from('null'))).toEqual({ value: null })
    expect(parse(Buffer.from('[]'))).toEqual({ value: [] })
  })
})

describe('T48: numbers', () => {
  it.each(['-0', '9223372036854775807', '-9223372036854775808'])('Go reads %s as an integer', async (text) => {
    const document = `{"Memory":${text}}`
    expect(await goCreate(document)).toContain(`:${BigInt(text)},`)
    expect(await goCreate(document)).toBe(createRequest(parseJson(Buffer.from(document))))
  })

  it.each(['1e3', '1.0', '0.5', '9223372036854775808'])(
    'Go refuses %s as an integer, which is for the field table',
    async (text) => {
      const document = `{"Memory":${text}}`
      expect(await goCreate(document)).toBe(null)
      expect(createRequest(parseJson(Buffer.from(document)))).toBe(null)
    },
  )
})
