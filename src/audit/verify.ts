import type { KeyObject } from 'node:crypto'
import { GENESIS, type Head, isSigned, keyId, lineHash } from './chain.ts'
import type { Line } from './lines.ts'

/** A place where the chain does not hold. */
interface Break {
  readonly file: string
  readonly line: number
  /** What the line says its number in the chain is; null when it says none. */
  readonly seq: number | null
  readonly what: string
}

/** What was found in files of chained records. */
export interface Verdict {
  /** Lines that were read. */
  lines: number
  /** Lines before the chain begins: nothing tells whether they were changed. */
  unchained: number
  /** Numbers of the first and the last line of the chain; null when there is none. */
  first: number | null
  last: number | null
  checkpoints: number
  /** Places where it does not hold: the first of them, and how many there are. */
  readonly breaks: Break[]
  broken: number
  /** Lines whose writing was broken off, as the next start of the gate says. */
  torn: number
  /** Lines behind the last checkpoint, that nothing signs yet, and the first of them. */
  unsigned: number
  unsignedFrom: Pick<Line, 'file' | 'number'> | null
}

interface Link {
  readonly seq: number
  readonly prev: string
  readonly event: unknown
  readonly torn: unknown
  readonly key: unknown
}

const MOST_BREAKS = 100

/**
 * Goes through chained records in the order in which they were written and finds what was removed, changed, moved or
 * repeated. The lines behind the last checkpoint are checked as well, but whoever has changed them may have made them fit.
 *
 * @param key the public half of the key that signs checkpoints; null leaves signatures out
 */
export async function verifyChain(
  lines: AsyncIterable<Line> | Iterable<Line>,
  key: KeyObject | null,
): Promise<Verdict> {
  const verdict: Verdict = {
    lines: 0,
    unchained: 0,
    first: null,
    last: null,
    checkpoints: 0,
    breaks: [],
    broken: 0,
    torn: 0,
    unsigned: 0,
    unsignedFrom: null,
  }
  const id = key === null ? null : keyId(key)
  let head: Head | null = null
  let strange: Line | null = null

  function broken(line: Pick<Line, 'file' | 'number'>, seq: number | null, what: string): void {
    verdict.broken++
    if (verdict.breaks.length < MOST_BREAKS) verdict.breaks.push({ file: line.file, line: line.number, seq, what })
  }

  /** Something that is no line of the chain: right where a start of the gate says that it was found so. */
  function explain(before: Line, link: Link | null): void {
    if (link?.event === 'checkpoint' && isTorn(link.torn, before.bytes)) verdict.torn++
    else if (head === null && before.ended) verdict.unchained++
    else broken(before, null, 'is no line of the chain: it was changed, or put there')
  }

  function checkSignature(line: Line, link: Link): boolean {
    if (key === null) return true
    if (link.key !== id) broken(line, link.seq, `is a checkpoint of another key, ${String(link.key).slice(0, 16)}`)
    else if (!isSigned(line.bytes, key)) broken(line, link.seq, 'is a checkpoint whose signature does not verify')
    else return true
    return false
  }

  for await (const line of lines) {
    verdict.lines++
    const link = linkOf(line.bytes)
    if (strange !== null) explain(strange, link)
    else if (link?.torn !== undefined && head !== null) {
      broken(line, link.seq, 'says that an unfinished line stands before it, which is not there')
    }
    strange = link === null ? line : null
    if (link === null) continue
    if (!line.ended) broken(line, link.seq, 'has lost its line feed')
    const problem = head === null ? beginning(link, verdict) : continuation(link, head)
    if (problem !== null) broken(line, link.seq, problem)
    verdict.first ??= link.seq
    verdict.last = link.seq
    head = { seq: link.seq, hash: lineHash(line.bytes) }
    if (link.event === 'checkpoint' && checkSignature(line, link)) {
      verdict.checkpoints++
      verdict.unsigned = 0
      verdict.unsignedFrom = null
    } else {
      verdict.unsigned++
      verdict.unsignedFrom ??= { file: line.file, number: line.number }
    }
  }
  // A line that is being written, or was when the gate was killed: its next start says so.
  if (strange !== null && !strange.ended && head !== null) {
    verdict.unsigned++
    verdict.unsignedFrom ??= { file: strange.file, number: strange.number }
  } else if (strange !== null) explain(strange, null)
  return verdict
}

function beginning({ seq, prev }: Link, { unchained }: Verdict): string | null {
  if (seq === 1) return prev === GENESIS.hash ? null : 'is the first of a chain, and names one before'
  return unchained === 0 ? null : `is number ${seq} of the chain, and what stands before is not in it`
}

/** Null: it follows. */
function continuation({ seq, prev }: Link, head: Head): string | null {
  if (seq === head.seq + 1) return prev === head.hash ? null : `the line before, number ${head.seq}, was changed`
  if (seq === head.seq + 2) return `number ${head.seq + 1} is missing before it`
  if (seq > head.seq) return `numbers ${head.seq + 1} to ${seq - 1} are missing before it`
  if (seq === 1) return `another chain begins, behind number ${head.seq}`
  return `number ${seq} comes behind number ${head.seq}: lines were moved, repeated or changed`
}

function linkOf(bytes: Buffer): Link | null {
  try {
    const value = JSON.parse(bytes.toString()) as Link
    return Number.isSafeInteger(value?.seq) && typeof value.prev === 'string' ? value : null
  } catch {
    return null
  }
}

function isTorn(torn: unknown, bytes: Buffer): boolean {
  const said = torn as { bytes?: unknown; sha256?: unknown } | undefined
  return said?.bytes === bytes.length && said.sha256 === lineHash(bytes)
}
