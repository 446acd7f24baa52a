import { matchesAny } from '../../policy/profile/pattern.ts'
import type { FieldValue } from '../fields.ts'
import { finding, lacking, listing, missing, shown, unlessHostField } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { entries, lastName, member, textOf, wholeOf } from './values.ts'

/** What the engine takes for the name of a volume of its own (moby's `RestrictedNamePattern`). */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/** Volumes beside those that stand among the mounts. */
export const judgeVolumes: WorkloadJudge = (fields, context) => [
  ...fields.flatMap((field) => judge(field, context)),
  ...judgeCreate(context),
]

function judge(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  switch (lastName(field)) {
    case 'Volumes':
      return entries(field).flatMap(([, volume]) => judgeVolumeName(volume, '', context))
    case 'Subpath':
      return judgeSubpath(field)
    default:
      if (field.name === 'Name') return judgeMade(field, context)
      return unlessHostField(field, shown(field.value), 'what a volume driver mounts is not bounded', context)
  }
}

/** A volume that is made. Whoever may make every volume hears from the engine itself which names there are. */
function judgeMade(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  if (context.workload.volumes?.some(({ text }) => text === '*')) return []
  return judgeVolumeName(field, textOf(field), context)
}

/** A volume by its name; empty for one without a name. */
export function judgeVolumeName(
  field: FieldValue,
  name: string,
  { workload: { volumes }, principal }: WorkloadContext,
): readonly Finding[] {
  const refuse = (why: string) => [
    finding(field, name === '' ? 'a volume without a name' : shown(name), 'volumes', why),
  ]
  if (volumes === null) return refuse(lacking('volumes'))
  if (name === '') return []
  if (!NAME.test(name)) return refuse('it is neither an absolute path nor the name of a volume')
  return matchesAny(volumes, name, principal) ? [] : refuse(listing('volumes', volumes))
}

/** Engines before 26 do not know subpaths; later ones refuse what leads out of the volume, as this does. */
function judgeSubpath(field: FieldValue): readonly Finding[] {
  const path = textOf(field)
  if (!path.startsWith('/') && !path.split('/').includes('..')) return []
  return [finding(field, shown(path), 'volumes', 'it leads out of the volume')]
}

function judgeCreate(context: WorkloadContext): readonly Finding[] {
  if (context.operation.spec.id !== 'VolumeCreate' || context.workload.volumes !== null) return []
  const name = member(wholeOf(context.body), 'Name')
  return textOf(name) === '' ? [missing(name, 'volumes', lacking('volumes'))] : []
}
