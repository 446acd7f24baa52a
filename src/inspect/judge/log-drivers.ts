import { matchesAny } from '../../policy/profile/pattern.ts'
import type { FieldValue } from '../fields.ts'
import { finding, listing, shown } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { lastName, member, textOf } from './values.ts'

/** Log drivers by name, with whatever options, which are never shown: they may hold a token. */
export const judgeLogDrivers: WorkloadJudge = (fields, context) => fields.flatMap((field) => judge(field, context))

function judge(field: FieldValue, { workload: { logDrivers }, principal }: WorkloadContext): readonly Finding[] {
  const ofService = lastName(field) === 'LogDriver'
  const driver = member(field, ofService ? 'Name' : 'Type')
  const name = textOf(driver)
  if (name !== '') {
    if (matchesAny(logDrivers, name, principal)) return []
    return [finding(driver, shown(name), 'logDrivers', listing('logDrivers', logDrivers))]
  }
  // Options without a driver go to the engine's default one, whichever that is.
  if (logDrivers.some((pattern) => pattern.text === '*')) return []
  const options = member(field, ofService ? 'Options' : 'Config')
  const why = 'options go to the default driver, which is not known here: name the driver'
  return [finding(options, shown(options.value), 'logDrivers', `${why}; ${listing('logDrivers', logDrivers)}`)]
}
