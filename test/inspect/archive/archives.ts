import { type ArchiveEntry, readEntry } from '../../../src/inspect/archive-entry.ts'
import { createInput } from '../../../src/inspect/archive-input.ts'
import type { ArchiveRules } from '../../../src/inspect/archive-rules.ts'
import { checkArchive } from '../../../src/inspect/archive-stream.ts'
import { Refusal } from '../../../src/refusal.ts'

/** What a raw header says; all of it may be wrong. */
export interface RawHeader {
  readonly name?: string
  readonly type?: string
  readonly mode?: number | string
  readonly uid?: number | string
  readonly gid?: number | string
  readonly size?: number | string
  readonly modified?: number | string
  readonly link?: string
  readonly user?: string
  readonly group?: string
  readonly prefix?: string
  /** `ustar\0` + `00`, `ustar  \0` (GNU), or empty (V7). */
  readonly magic?: string
  readonly major?: number
  readonly minor?: number
}

export const USTAR = 'ustar\x0000'
export const GNU = 'ustar  \0'
export const V7 = ''

/** A header block, its checksum right. Text is written byte for byte (latin1). */
export function header(raw: RawHeader): Buffer {
  const block = Buffer.alloc(512)
  const put = (text: string, at: number, length: number) => block.write(text.slice(0, length), at, 'latin1')
  const number = (value: number | string, length: number) =>
    typeof value === 'string' ? value : `${value.toString(8).padStart(length - 1, '0')}\0`
  const { magic = USTAR } = raw
  put(raw.name ?? 'file', 0, 100)
  put(number(raw.mode ?? 0o644, 8), 100, 8)
  put(number(raw.uid ?? 0, 8), 108, 8)
  put(number(raw.gid ?? 0, 8), 116, 8)
  put(number(raw.size ?? 0, 12), 124, 12)
  put(number(raw.modified ?? 0, 12), 136, 12)
  put(raw.type ?? '0', 156, 1)
  put(raw.link ?? '', 157, 100)
  put(magic, 257, 8)
  if (magic !== V7) {
    put(raw.user ?? '', 265, 32)
    put(raw.group ?? '', 297, 32)
    put(number(raw.major ?? 0, 8), 329, 8)
    put(number(raw.minor ?? 0, 8), 337, 8)
  }
  put(raw.prefix ?? '', 345, 155)
  return sealed(block)
}

/** The block with the checksum that fits it. */
export function sealed(block: Buffer): Buffer {
  block.write('        ', 148, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** Bytes up to the next whole block. */
export function blocks(content: Buffer | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}

/** An entry with its content. */
export function entry(raw: RawHeader, content = ''): Buffer {
  const { length } = Buffer.from(content, 'latin1')
  return Buffer.concat([header({ size: length, ...raw }), blocks(content)])
}

/** A record of an extended header, its length right. */
function record(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`
  const digits = [1, 2, 3, 4, 5, 6].find((count) => String(rest.length + count).length === count) ?? 0
  return `${rest.length + digits}${rest}`
}

/** An extended header of records (pax), for what follows it. */
export function pax(records: Readonly<Record<string, string>> | string, type = 'x'): Buffer {
  const text =
    typeof records === 'string'
      ? records
      : Object.entries(records)
          .map(([k, v]) => record(k, v))
          .join('')
  return entry({ name: 'PaxHeaders/x', type }, text)
}

/** A long name (`L`) or link (`K`), as GNU writes it. */
export function long(type: 'L' | 'K', text: string): Buffer {
  return entry({ name: '././@LongLink', type, magic: GNU }, `${text}\0`)
}

export const END = Buffer.alloc(1024)

export function archive(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, END])
}

/** In pieces of so many bytes. */
export async function* chunked(bytes: Buffer, size = bytes.length): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** A role that allows nothing special, and links that stay inside. */
export const STRICT: ArchiveRules = {
  anyLinks: false,
  special: false,
  refuse: ({ field, asked, key }) => new Error(`${field}: ${asked} (${key})`),
}

export const LINKS: ArchiveRules = { ...STRICT, anyLinks: true }
export const SPECIAL: ArchiveRules = { ...STRICT, special: true }

/** What is sent to the engine. Rejects as the check does. */
export async function sent(bytes: Buffer, rules: ArchiveRules = STRICT, size?: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of checkArchive(chunked(bytes, size), rules)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Why the archive is refused. */
export async function refusalOf(bytes: Buffer, rules: ArchiveRules = STRICT): Promise<string> {
  try {
    await sent(bytes, rules)
  } catch (error) {
    if (error instanceof Refusal) return `${error.reason}: ${error.message}`
    return (error as Error).message
  }
  throw new Error('the archive was let through')
}

/** The entries of a plain archive, as this program reads them, each without its content. */
export async function entriesOf(bytes: Buffer): Promise<ArchiveEntry[]> {
  const input = createInput(chunked(bytes))
  const entries: ArchiveEntry[] = []
  for (let read = await readEntry(input); read !== null; read = await readEntry(input)) {
    entries.push(read)
    if (read.size > 0) await input.take(Math.ceil(read.size / 512) * 512)
  }
  return entries
}

/** The names of what is sent. */
export async function namesSent(bytes: Buffer, rules: ArchiveRules = STRICT): Promise<string[]> {
  return (await entriesOf(await sent(bytes, rules))).map(({ name }) => name)
}
