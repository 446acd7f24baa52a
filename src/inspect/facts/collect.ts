import type { CheckedFields } from '../fields.ts'
import { judgeArchiveFields } from '../judge/archive.ts'
import { judgeExec } from '../judge/exec.ts'
import { mayBeImageId } from '../judge/images.ts'
import { partOf } from '../judge/places.ts'
import { isJudged, judgeQuery } from '../judge/query.ts'
import type { JudgeContext } from '../judge/types.ts'
import { items, member, textOf } from '../judge/values.ts'
import { judgeWorkload } from '../judge/workload.ts'
import { noteBody } from './body.ts'
import { createFactSheet, type FactSheet, type Facts } from './facts.ts'
import { listeningProfile } from './listening.ts'
import { noteQuery } from './query.ts'

/** A request that was judged. */
interface Judged extends Omit<JudgeContext, 'profile'> {
  readonly headers: readonly string[]
  /** What its body asks for; null where it has none that is JSON. */
  readonly checked: CheckedFields | null
}

/**
 * What a request asks for, for its record: it is judged once more, by a profile that allows everything and writes down
 * what it is asked, and what patterns cannot tell is read beside. Most requests ask for nothing: then it is cheap.
 *
 * @returns null: nothing, or nothing that a role speaks of
 */
export function collectFacts(judged: Judged): Facts | null {
  const { operation, headers, checked, principal } = judged
  const byQuery = isJudged(operation.spec.id)
  if (!byQuery && checked === null) return null
  const sheet = createFactSheet()
  const profile = listeningProfile(sheet)
  if (byQuery) {
    const { findings } = judgeQuery(operation, headers, { profile, principal, buildkit: true })
    if (findings.length > 0) sheet.cut()
    noteQuery(judged, sheet)
  }
  if (checked !== null) judgeBody(checked, { ...judged, profile }, sheet)
  return sheet.facts()
}

function judgeBody(checked: CheckedFields, context: JudgeContext, sheet: FactSheet): void {
  const { id } = context.operation.spec
  noteBody(checked, context, sheet)
  const findings = [...judgeWorkload(checked, context)]
  if (id === 'ContainerExec') findings.push(...judgeExec(checked, context))
  if (id === 'ContainerCopy') findings.push(...judgeArchiveFields(checked.bounded.get('archive.get') ?? [], context))
  const seen = new Set(findings.map(({ key }) => key))
  // Labels are refused to be counted, and networks where their name may be an id: those are noted as they are.
  for (const known of ['workload.labels', 'workload.networks']) seen.delete(known)
  if (seen.delete('workload.logDrivers')) sheet.set('logOptions', true)
  if (imagesOf(checked, context).some(mayBeImageId) && seen.delete('workload.images')) sheet.set('imageById', true)
  if (seen.size > 0) sheet.cut()
}

function imagesOf({ bounded }: CheckedFields, context: JudgeContext): readonly string[] {
  const run = partOf('image', context)
  const mounts = (bounded.get('workload.mounts') ?? []).flatMap(items)
  return [...(run === null ? [] : [run]), ...mounts.map((mount) => member(mount, 'Source'))].map(textOf)
}
