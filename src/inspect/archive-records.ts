import { malformed } from './archive-header.ts'

/** Names of records, as bytes, and what they say. */
export type Records = ReadonlyMap<string, string>

const SPACE = 0x20
const EQUALS = 0x3d
const NEWLINE = 0x0a

/** An entry has a handful; a header full of empty ones would hold everybody up while it is read. */
const MOST_RECORDS = 1024

/** No record is longer than what its header may have. */
const LENGTH = /^[1-9][0-9]{0,6}$/

/**
 * Reads the records of an extended header (POSIX.1-2001 pax: `LENGTH NAME=VALUE\n`), byte for byte.
 *
 * @throws Refusal `body-malformed`, also for a name that comes twice
 */
export function decodeRecords(bytes: Buffer): Records {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(SPACE, at)
    const digits = space < 0 ? '' : bytes.toString('latin1', at, Math.min(space, at + 8))
    const end = at + Number(digits)
    if (!LENGTH.test(digits) || end > bytes.length || bytes[end - 1] !== NEWLINE) throw badRecord()
    const equals = bytes.indexOf(EQUALS, space)
    if (equals <= space + 1 || equals >= end) throw badRecord()
    const name = bytes.toString('latin1', space + 1, equals)
    if (name.includes('\0') || records.has(name)) throw badRecord()
    if (records.size === MOST_RECORDS) throw malformed(`an extended header with more than ${MOST_RECORDS} records`)
    records.set(name, bytes.toString('latin1', equals + 1, end - 1))
    at = end
  }
  return records
}

/** Writes records; the inverse of `decodeRecords`. */
export function encodeRecords(records: Records): Buffer {
  let text = ''
  for (const [name, value] of records) text += record(name, value)
  return Buffer.from(text, 'latin1')
}

/** The length counts its own digits. */
function record(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length++
  return `${length}${rest}`
}

function badRecord(): Error {
  return malformed('an extended header with a record that is none, or comes twice')
}
