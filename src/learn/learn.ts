import type { OperationId } from '../engine/operations.ts'
import { linesOf } from './lines.ts'
import { readLine } from './record.ts'
import { roleOf } from './role.ts'
import { nothingSeen, see } from './seen.ts'
import { soundRole, writeRole } from './write.ts'

/** Records, and what messages call them. */
export interface Source {
  readonly name: string
  readonly stream: AsyncIterable<Buffer>
}

interface Wish {
  /** The name of the role. */
  readonly role: string
  /** `issuer/subject` each; empty: everybody. */
  readonly principals: readonly string[]
}

export interface Lesson {
  /** YAML; null: there was nothing to learn from. */
  readonly role: string | null
  readonly used: number
  readonly refused: number
  readonly bad: number
  /** The first of the bad lines, each with its place and what is wrong with it. */
  readonly problems: readonly string[]
  /** Of the principals that were asked for, those of whom nothing was found. */
  readonly missing: readonly string[]
}

const MOST_PROBLEMS = 10
const MOST_NAMED = 8
/** Allowed to everybody, so no role needs them. */
const EVERYBODYS: ReadonlySet<OperationId> = new Set<OperationId>(['SystemPing', 'SystemPingHead', 'SystemVersion'])

/**
 * Reads records one by one, and makes the smallest role that would have allowed what was let through.
 *
 * @throws Error when a stream fails
 */
export async function learn(sources: readonly Source[], { role, principals }: Wish): Promise<Lesson> {
  const seen = nothingSeen()
  const wanted = new Set(principals)
  const problems: string[] = []
  let used = 0
  let refused = 0
  let bad = 0
  for (const { name, stream } of sources) {
    for await (const [number, text] of linesOf(stream)) {
      const line = readLine(text)
      if (line === 'other') continue
      if (line === 'refused') refused++
      else if ('problem' in line) {
        bad++
        if (problems.length < MOST_PROBLEMS) problems.push(`${name}:${number} ${line.problem}`)
      } else if (wanted.size === 0 || wanted.has(`${line.issuer}/${line.subject}`)) {
        used++
        if (EVERYBODYS.has(line.operation)) seen.principals.add(`${line.issuer}/${line.subject}`)
        else see(seen, line)
      }
    }
  }
  const missing = principals.filter((principal) => !seen.principals.has(principal))
  const counted = { used, refused, bad, problems, missing }
  if (seen.operations.size === 0) return { role: null, ...counted }
  const made = roleOf(seen)
  seen.left += soundRole(role, made)
  return { role: writeRole(role, made, headOf(counted, seen)), ...counted }
}

function headOf(
  { used, refused, bad }: Pick<Lesson, 'used' | 'refused' | 'bad'>,
  seen: ReturnType<typeof nothingSeen>,
) {
  const names = [...seen.principals].sort()
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : ''
  return [
    `Made by dockgate learn of ${used} records: the smallest role that would have allowed them. Read it before it is used:`,
    'whoever was let through has chosen what stands here.',
    `Principals: ${names.slice(0, MOST_NAMED).join(', ')}${more}.`,
    ...(refused > 0 ? [`Left out: ${refused} that were refused.`] : []),
    ...(bad > 0 ? [`Left out: ${bad} lines that are no records.`] : []),
    ...(seen.cut > 0
      ? [`Of ${seen.cut} records not all is known that was asked for: the role may refuse the same again.`]
      : []),
    ...(seen.left > 0
      ? [`Left out: ${seen.left} values of which no pattern can be made, or beyond the most that are kept.`]
      : []),
  ]
}
