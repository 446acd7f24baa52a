import { matchesAny } from '../../policy/profile/pattern.ts'
import { printable } from '../../text.ts'
import { MOST_UNKNOWN, type UnknownName } from '../unknown-name.ts'
import type { Finding, JudgeContext } from './types.ts'

const PATH_SHOWN = 160

/**
 * Names that the table does not have. A role may allow those of newer engines, by name without the places in lists and
 * keys on the way (`HostConfig.Mounts.Foo`); never what did not stay in the body (`kept`).
 */
export function judgeUnknownFields(
  unknown: readonly UnknownName[],
  { profile, principal }: JudgeContext,
): readonly Finding[] {
  const listed = profile.workload?.unknownFields ?? []
  return unknown.flatMap((field, index) =>
    field.kept && matchesAny(listed, field.name, principal)
      ? []
      : [
          {
            field: printable(field.path, PATH_SHOWN),
            asked: 'a field that is not known here',
            key: 'workload.unknownFields',
            why: whyNot(field, index),
          },
        ],
  )
}

function whyNot({ belongs, nearest, name, kept }: UnknownName, index: number): string {
  if (index >= MOST_UNKNOWN) return `a body may have ${MOST_UNKNOWN} such fields, and this one has more`
  if (belongs !== null) return `it belongs at ${belongs}`
  if (nearest !== null) return `did you mean ${nearest}?`
  return kept ? `the role would have to list ${printable(name, PATH_SHOWN)}` : 'no engine has such a name'
}
