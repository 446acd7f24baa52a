import { Refusal } from '../refusal.ts'

/** Archives are made of blocks of this many bytes. */
export const BLOCK_BYTES = 512

/**
 * One header block of a tar archive (POSIX.1-1988 ustar, GNU, star and the old V7 form). Text is kept byte for byte, one
 * character a byte ("latin1"), as names in archives are in no agreed encoding.
 */
export interface TarHeader {
  readonly name: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Seconds since 1970. */
  readonly modified: number
  /** As `modified`; GNU and star may have it. */
  readonly accessed: number | null
  /** One character. */
  readonly type: string
  readonly link: string
  readonly user: string
  readonly group: string
  readonly major: number
  readonly minor: number
}

const CHECKSUM_AT = 148
const CHECKSUM_BYTES = 8

/** Octal digits among spaces and NULs: what Go's archive/tar takes, without what it forgives behind them. */
const OCTAL = /^[ \0]*([0-7]*)[ \0]*$/

/**
 * Reads a header block; null for a block of zeros, which is half of an archive's end mark.
 *
 * @throws Refusal `body-malformed` when the checksum is wrong, or a number is none
 */
export function decodeHeader(block: Buffer): TarHeader | null {
  const sum = checksum(block)
  if (sum === CHECKSUM_BYTES * 0x20 && block.every((byte) => byte === 0)) return null
  if (sum !== number(block, CHECKSUM_AT, CHECKSUM_BYTES)) throw malformed('a header with a wrong checksum')
  const form = formOf(block)
  const known = form !== 'v7'
  const name = text(block, 0, 100)
  const prefix = PREFIX_BYTES[form] === 0 ? '' : text(block, 345, PREFIX_BYTES[form])
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: unsigned(block, 100, 8),
    uid: unsigned(block, 108, 8),
    gid: unsigned(block, 116, 8),
    size: unsigned(block, 124, 12),
    modified: number(block, 136, 12),
    accessed: accessedIn(block, form),
    type: block.toString('latin1', 156, 157),
    link: text(block, 157, 100),
    user: known ? text(block, 265, 32) : '',
    group: known ? text(block, 297, 32) : '',
    major: known ? unsigned(block, 329, 8) : 0,
    minor: known ? unsigned(block, 337, 8) : 0,
  }
}

type Form = 'v7' | 'ustar' | 'gnu' | 'star'
const PREFIX_BYTES: Readonly<Record<Form, number>> = { v7: 0, ustar: 155, gnu: 0, star: 131 }

function formOf(block: Buffer): Form {
  const magic = block.toString('latin1', 257, 265)
  if (magic === 'ustar  \0') return 'gnu'
  if (!magic.startsWith('ustar\0')) return 'v7'
  return block.toString('latin1', 508, 512) === 'tar\0' ? 'star' : 'ustar'
}

/** Where GNU has no times but something else, Go takes it for the prefix of a name: that is refused. */
function accessedIn(block: Buffer, form: Form): number | null {
  if (form === 'star') return number(block, 476, 12)
  if (form !== 'gnu') return null
  const accessed = number(block, 345, 12)
  number(block, 357, 12)
  return block[345] === 0 ? null : accessed
}

/** The largest number that fits into a field: octal digits and a NUL. */
export const LARGEST = { id: 0o7777777, size: 0o77777777777, modified: 0o77777777777 } as const
const NAME_BYTES = 100
const OWNER_BYTES = 32

/** Whether a name, or the name of a link's target, needs no extended header. */
export function fitsName(name: string): boolean {
  return name.length <= NAME_BYTES && isAscii(name)
}

export function fitsOwner(name: string): boolean {
  return name.length <= OWNER_BYTES && isAscii(name)
}

function isAscii(bytes: string): boolean {
  return /^[\x01-\x7f]*$/.test(bytes)
}

/** Writes a ustar header block. What does not fit is cut off, or zero: an extended header before it says it in full. */
export function encodeHeader(header: Omit<TarHeader, 'accessed'>): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  block.write(header.name.slice(0, NAME_BYTES), 0, 'latin1')
  octal(block, 100, 8, header.mode)
  octal(block, 108, 8, header.uid <= LARGEST.id ? header.uid : 0)
  octal(block, 116, 8, header.gid <= LARGEST.id ? header.gid : 0)
  octal(block, 124, 12, header.size <= LARGEST.size ? header.size : 0)
  octal(block, 136, 12, header.modified >= 0 && header.modified <= LARGEST.modified ? header.modified : 0)
  block.write(header.type, 156, 'latin1')
  block.write(header.link.slice(0, NAME_BYTES), 157, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  block.write(header.user.slice(0, OWNER_BYTES), 265, 'latin1')
  block.write(header.group.slice(0, OWNER_BYTES), 297, 'latin1')
  octal(block, 329, 8, header.major)
  octal(block, 337, 8, header.minor)
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1')
  return block
}

/** What an archive that cannot be read without doubt is refused with. */
export function malformed(problem: string, cause?: unknown): Refusal {
  return new Refusal('body-malformed', `the archive cannot be read without doubt: ${problem}`, { cause })
}

/** Up to the first NUL. */
function text(block: Buffer, at: number, length: number): string {
  const field = block.toString('latin1', at, at + length)
  const end = field.indexOf('\0')
  return end < 0 ? field : field.slice(0, end)
}

function unsigned(block: Buffer, at: number, length: number): number {
  const value = number(block, at, length)
  if (value < 0) throw malformed('a header with a negative number')
  return value
}

/** Octal digits, or after a byte with its highest bit set a binary number (GNU). */
function number(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) return binary(block.subarray(at, at + length))
  const digits = OCTAL.exec(block.toString('latin1', at, at + length))?.[1]
  if (digits === undefined) throw malformed('a header with a number that is none')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function binary(field: Buffer): number {
  const value = Number(BigInt.asIntN(field.length * 8 - 1, BigInt(`0x${field.toString('hex')}`)))
  if (!Number.isSafeInteger(value)) throw malformed('a header with a number beyond 2^53')
  return value
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1')
}

/** The sum of all bytes, with spaces in place of the checksum itself. */
function checksum(block: Buffer): number {
  let sum = CHECKSUM_BYTES * 0x20
  for (let at = 0; at < BLOCK_BYTES; at++) {
    if (at < CHECKSUM_AT || at >= CHECKSUM_AT + CHECKSUM_BYTES) sum += block[at] ?? 0
  }
  return sum
}
