import { issuerPreset } from '../config/issuer-presets.ts'
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from '../pki/token.ts'
import { type CiCaller, celText, ownerOf } from './callers.ts'
import type { WrittenRole } from './proxy-role.ts'
import { isOwnRole, type RoleName, roleLines } from './roles.ts'

/** Somebody with a certificate. */
export interface Person {
  /** The common name. */
  readonly name: string
  readonly role: RoleName
}

/** Everything that goes into dockgate.yaml, decided. Paths are as the file has them. */
export interface Draft {
  /** The first line, by which editors find the schema. */
  readonly schema: string
  /** Why it is as it is: comment lines without `#`. */
  readonly about: readonly string[]
  readonly addresses: readonly string[]
  readonly certificate: string
  readonly key: string
  /** The authority of people's certificates and its revocation list, the list null where there is none; null: nobody has one. */
  readonly staff: { readonly authority: string; readonly crl: string | null } | null
  /** Somebody with any certificate of the authority; null: each person has a binding. */
  readonly everybody: RoleName | null
  readonly people: readonly Person[]
  readonly ci: (CiCaller & { readonly role: RoleName }) | null
  /** The plain address for callers of this host, who have tokens; null: there is none. */
  readonly local: string | null
  readonly engine: string
  readonly proxy: WrittenRole | null
  readonly ledger: string
  readonly admin: string
}

/** Paths and addresses as they are: nothing in YAML reads them as something else. */
const PLAIN = /^(?:unix:\/\/)?\/?[A-Za-z0-9][A-Za-z0-9/._-]*(?:\.pem|\.sock|\.sqlite|:[0-9]+)$/

/** Any text as a YAML scalar: YAML 1.2 takes JSON's strings. */
function yaml(text: string): string {
  if (PLAIN.test(text)) return text
  return /^[\x20-\x26\x28-\x7e]*$/.test(text) ? `'${text}'` : JSON.stringify(text)
}

/** Roles that somebody has, in the order of first use. */
export function rolesOf({ everybody, people, ci }: Pick<Draft, 'everybody' | 'people' | 'ci'>): readonly RoleName[] {
  const used = [...(everybody === null ? [] : [everybody]), ...people.map(({ role }) => role), ...(ci ? [ci.role] : [])]
  return [...new Set(used)]
}

/** The text of dockgate.yaml. */
export function configText(draft: Draft): string {
  const { schema, about, engine, ledger, admin } = draft
  const roles = rolesOf(draft)
  const own = roles.some(isOwnRole)
  return `${[
    schema,
    '# Made by "dockgate init"; yours to change. What it says: dockgate check --config dockgate.yaml',
    ...about.map((line) => `# ${line}`),
    '',
    'listeners:',
    ...draft.addresses.flatMap((address, index) => listenerLines(draft, address, index)),
    ...localLines(draft),
    '',
    "# The Docker Engine's socket: dockgate is the only one that should open it.",
    `engine: ${yaml(engine)}`,
    '',
    'issuers:',
    ...staffLines(draft),
    ...ciLines(draft),
    '',
    'roles:',
    '  # What may be done, and what may be asked for; everything else is refused.',
    ...roles.flatMap((name) => roleLines(name, draft.proxy)),
    '',
    'bindings:',
    '  # The first that matches decides; without a match, nothing is allowed.',
    ...bindingLines(draft),
    '',
    ...(own
      ? ['# Whose images and unnamed volumes are whose: what labels cannot say.', `ledger: { file: ${yaml(ledger)} }`]
      : []),
    '# For dockgate ready and dockgate sessions. Records go to standard output: journalctl --unit dockgate',
    `admin: { socket: ${yaml(admin)} }`,
  ].join('\n')}\n`
}

function listenerLines({ certificate, key, staff, ci }: Draft, address: string, index: number): string[] {
  const asks =
    staff === null
      ? []
      : [
          `      clientAuthorities: ${yaml(staff.authority)}`,
          `      clientCertificates: ${ci === null ? 'required' : 'optional'}`,
        ]
  return [
    `  - name: ${index === 0 ? 'public' : `public-${index + 1}`}`,
    `    address: ${yaml(address)}`,
    '    tls:',
    `      certificate: ${yaml(certificate)}`,
    `      key: ${yaml(key)}`,
    ...asks,
  ]
}

function localLines({ local }: Draft): string[] {
  if (local === null) return []
  return [
    '  # Plain, for programs on this host that know this address alone. They need a token all the same.',
    '  - name: local',
    `    address: ${yaml(local)}`,
  ]
}

function staffLines({ staff, local }: Draft): string[] {
  const crl = staff?.crl === null ? '' : `, crl: ${yaml(staff?.crl ?? '')}`
  return [
    ...(staff === null
      ? []
      : [
          '  # Client certificates of this authority.',
          `  staff: { certificate: { authorities: ${yaml(staff.authority)}${crl} } }`,
        ]),
    ...(local === null
      ? []
      : [
          '  # Tokens that "dockgate token" signs with the key in this folder.',
          `  local: { jwt: { issuer: ${LOCAL_ISSUER}, audience: ${LOCAL_AUDIENCE}, publicKey: token-key.pub.pem } }`,
        ]),
  ]
}

function ciLines({ ci }: Draft): string[] {
  if (ci === null) return []
  const told = Object.entries(ci.told).map(([key, value]) => `, ${key}: ${yaml(value)}`)
  const audience = ci.audience === null ? '' : `, audience: ${yaml(ci.audience)}`
  return [
    `  # Tokens of the CI system: docs/issuers.md`,
    `  ci: { jwt: { preset: ${ci.preset}${told.join('')}${audience} } }`,
  ]
}

function bindingLines({ everybody, people, ci, local }: Draft): string[] {
  const persons = people.flatMap(({ name, role }) => [
    binding(role, 'staff', `cert.commonName == ${celText(name)}`),
    ...(local === null ? [] : [binding(role, 'local', `subject == ${celText(name)}`)]),
  ])
  return [
    ...persons,
    ...(everybody === null ? [] : [`  - { role: ${everybody}, issuer: staff }`]),
    ...(ci === null ? [] : [binding(ci.role, 'ci', ci.when, isOwnRole(ci.role) ? ownerOf(ci.preset) : null)]),
  ]
}

function binding(role: RoleName, issuer: string, when: string, owner: string | null = null): string {
  const own = owner === null ? '' : `, owner: ${yaml(owner)}`
  return `  - { role: ${role}, issuer: ${issuer}, when: ${yaml(when)}${own} }`
}

/** Whether a caller of the preset has to be told an audience. */
export function wantsAudience({ preset, told }: Pick<CiCaller, 'preset' | 'told'>): boolean {
  return issuerPreset(preset).audience?.(told) === undefined
}
