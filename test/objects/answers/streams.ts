import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { Refusal } from '../../../src/refusal.ts'

/** Chunks as they come from an engine, cut where the test wants. */
export async function* inChunks(text: string | Buffer, cuts: readonly number[] = []): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let start = 0
  for (const end of [...at, bytes.length]) {
    yield Buffer.from(bytes.subarray(start, end))
    start = end
  }
}

export async function* byteByByte(text: string): AsyncGenerator<Buffer> {
  for (const byte of Buffer.from(text)) yield Buffer.of(byte)
}

export async function textFrom(chunks: AsyncIterable<Buffer>): Promise<string> {
  return (await buffer(chunks)).toString()
}

/** The reason that reading breaks off for, or what was read. */
export async function breaksOff(chunks: AsyncIterable<Buffer>): Promise<string> {
  try {
    return `read: ${await textFrom(chunks)}`
  } catch (error) {
    return error instanceof Refusal ? error.reason : String(error)
  }
}

export const cuts = fc.array(fc.nat({ max: 2000 }), { maxLength: 12 })
export const spaces = fc.array(fc.constantFrom('', '', ' ', '\n', '\t ', '\r\n'), { minLength: 1, maxLength: 7 })
/** As JSON writes it: without a negative zero. */
export const json = fc.jsonValue({ stringUnit: 'grapheme' }).map((value): unknown => JSON.parse(JSON.stringify(value)))

/** JSON text with white space wherever the grammar has room for it, and some characters as escapes that need none. */
export function spaced(value: unknown, between: readonly string[]): string {
  let turn = 0
  const space = () => between[turn++ % between.length] as string
  const name = (text: string) => JSON.stringify(text).replaceAll('a', '\\u0061')
  const write = (part: unknown): string => {
    if (typeof part === 'string') return name(part)
    if (part === null || typeof part !== 'object') return JSON.stringify(part)
    const items = Array.isArray(part)
      ? part.map((item) => `${space()}${write(item)}${space()}`)
      : Object.entries(part).map(([key, item]) => `${space()}${name(key)}${space()}:${space()}${write(item)}${space()}`)
    const inside = items.length === 0 ? space() : items.join(',')
    return Array.isArray(part) ? `[${inside}]` : `{${inside}}`
  }
  return `${space()}${write(value)}${space()}`
}
