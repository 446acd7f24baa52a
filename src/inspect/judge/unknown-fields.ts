import { matchesAny } from '../../policy/profile/pattern.ts'
import { printable } from '../../text.ts'
import type { UnknownName } from '../fields.ts'
import type { Finding, JudgeContext } from './types.ts'

const PATH_SHOWN = 160

/**
 * Names that the table does not have. A role may allow those of newer engines; never one that an engine could read as a
 * name of the table, as Go folds case, nor one that stands in the wrong place.
 */
export function judgeUnknownFields(
  names: readonly UnknownName[],
  { profile, principal }: JudgeContext,
): readonly Finding[] {
  const listed = profile.workload?.unknownFields ?? []
  return names
    .filter((unknown) => mayBeKnown(unknown) || !matchesAny(listed, unknown.path, principal))
    .map((unknown) => ({
      field: printable(unknown.path, PATH_SHOWN),
      asked: 'a field that is not known here',
      key: 'workload.unknownFields',
      why: whyNot(unknown),
    }))
}

function mayBeKnown({ path, belongs, nearest }: UnknownName): boolean {
  if (belongs !== null) return true
  const written = path.slice(path.lastIndexOf('.') + 1)
  // Names with other characters than letters and digits are in brackets: some of those fold to letters.
  return written.endsWith(']') || written.toLowerCase() === nearest?.toLowerCase()
}

function whyNot(unknown: UnknownName): string {
  const { belongs, nearest, path } = unknown
  if (belongs !== null) return `it belongs at ${belongs}`
  if (nearest !== null) return `did you mean ${nearest}?`
  return mayBeKnown(unknown)
    ? 'no engine has such a name'
    : `the role would have to list ${printable(path, PATH_SHOWN)}`
}
