import { mayBeRoot } from '../../policy/profile/user.ts'
import type { FieldValue } from '../fields.ts'
import { finding, lacking, missing, shown } from './findings.ts'
import { partOf } from './places.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { items, lastName, textOf } from './values.ts'

const NUMBER_WANTED =
  'the role has user: nonRoot: state a number above zero, such as 1000:1000, as a name proves nothing'

/** The user, and the groups beside the user's own. */
export const judgeUser: WorkloadJudge = (fields, context) => [
  ...fields.flatMap((field) => (lastName(field) === 'User' ? [field] : items(field))).flatMap(judgeWith(context)),
  ...judgeMissing(context),
]

function judgeWith({ workload: { user } }: WorkloadContext): (field: FieldValue) => readonly Finding[] {
  if (user === 'any') return () => []
  // A group is read as a user is: a number, or a name that the image's /etc/group resolves.
  if (user === 'nonRoot') {
    return (field) => (mayBeRoot(textOf(field)) ? [finding(field, shown(field.value), 'user', NUMBER_WANTED)] : [])
  }
  return (field) => [finding(field, shown(field.value), 'user', lacking('user'))]
}

/** The user of an image is root in most. */
function judgeMissing(context: WorkloadContext): readonly Finding[] {
  const user = partOf('user', context)
  if (context.workload.user !== 'nonRoot' || user === null || textOf(user) !== '') return []
  return [missing(user, 'user', NUMBER_WANTED)]
}
