import { matchesAny } from '../../policy/profile/pattern.ts'
import { normaliseSecurityOption } from '../../policy/profile/security-option.ts'
import type { FieldValue } from '../fields.ts'
import { finding, listing, shown } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { flagOf, items, lastName, member, textOf } from './values.ts'

/** The docker client's word for lifting the masks over /proc and /sys, which it sends as empty lists. */
const NO_MASKS = 'systempaths=unconfined'

/** These only take something away, or say what holds without them. */
const HARMLESS: ReadonlySet<string> = new Set(['no-new-privileges=true', 'writable-cgroups=false'])

const SELINUX_PARTS = ['User', 'Role', 'Type', 'Level'] as const

/** seccomp, AppArmor, SELinux labels, masked paths, and the switches beside them; of services too. */
export const judgeSecurityOptions: WorkloadJudge = (fields, context) =>
  fields.flatMap(optionsOf).flatMap(([field, option]) => judge(field, option, context))

type Option = readonly [field: FieldValue, normalised: string | null]

function optionsOf(field: FieldValue): readonly Option[] {
  switch (lastName(field)) {
    case 'SecurityOpt':
      return items(field).map((item) => [item, normaliseSecurityOption(textOf(item))])
    // Any list takes the place of the engine's own, which differs from version to version.
    case 'MaskedPaths':
    case 'ReadonlyPaths':
      return [[field, NO_MASKS]]
    case 'SELinuxContext':
      return selinux(field)
    case 'Seccomp':
      return seccomp(field)
    case 'AppArmor':
      return [[member(field, 'Mode'), apparmor(textOf(member(field, 'Mode')))]]
    default:
      return [[field, null]]
  }
}

function selinux(field: FieldValue): readonly Option[] {
  const disable = member(field, 'Disable')
  const parts = SELINUX_PARTS.map((part) => member(field, part)).filter((part) => textOf(part) !== '')
  return [
    ...(flagOf(disable) ? [[disable, 'label=disable'] as const] : []),
    ...parts.map((part) => [part, `label=${lastName(part).toLowerCase()}:${textOf(part)}`] as const),
  ]
}

function seccomp(field: FieldValue): readonly Option[] {
  const mode = member(field, 'Mode')
  const profile = member(field, 'Profile')
  if (textOf(profile) !== '') return [[profile, `seccomp=${textOf(profile)}`]]
  return [[mode, textOf(mode) === 'unconfined' ? 'seccomp=unconfined' : null]]
}

/** Services say `disabled` where containers say `unconfined`. */
function apparmor(mode: string): string | null {
  return mode === 'disabled' ? 'apparmor=unconfined' : null
}

function judge(
  field: FieldValue,
  option: string | null,
  { workload: { securityOptions }, principal }: WorkloadContext,
): readonly Finding[] {
  if (option === null) return [finding(field, shown(field.value), 'securityOptions', 'it is no security option')]
  if (HARMLESS.has(option) || matchesAny(securityOptions, option, principal)) return []
  const [asked, spelt] = [shown(field.value), shown(option)]
  const why = listing('securityOptions', securityOptions)
  return [finding(field, asked, 'securityOptions', asked === spelt ? why : `${why}; asked for is ${spelt}`)]
}
