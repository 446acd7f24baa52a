import type { Findings } from '../config/findings.ts'
import { issuerPreset } from '../config/issuer-presets.ts'
import type { BindingConfig, IssuerConfig } from '../config/schema.ts'
import type { Principal } from '../identity/principal.ts'
import { printable, quoted } from '../text.ts'
import { lacksClaim } from './condition-claims.ts'
import { parseTemplate, type TemplatePart } from './profile/template.ts'
import type { Role } from './types.ts'

/** How a binding makes the owner key of a principal. */
export interface OwnerTemplate {
  /** As the configuration, or the issuer's preset, has it. */
  readonly text: string
  /** Where the text comes from. */
  readonly from: 'binding' | 'issuer'
  /** Begins with what no claim decides, so that whoever chooses a claim's value cannot choose the key. */
  readonly anchored: boolean
  readonly keyFor: (principal: Principal) => OwnerKey
}

/** `problem` continues "the owner template". */
type OwnerKey = { readonly key: string } | { readonly key: null; readonly problem: string }

/** UTF-16 units: a key is a label's value, and is shown to people. */
const KEY_LENGTH = 256
/** Who a certificate names is for its authority to say, and the authority is the operator's choice. */
const OF_CERTIFICATES = '${issuer}:${subject}'

/** What a template is compiled with. */
interface Context {
  readonly binding: BindingConfig
  /** Undefined while its name, or its part of the configuration, is wrong. */
  readonly issuer: IssuerConfig | undefined
  /** The names of all issuers. */
  readonly issuers: { has(name: string): boolean }
  readonly path: readonly PropertyKey[]
  readonly findings: Findings
}

/**
 * Compiles the owner of a binding: its own template or, under a role with objects of its own, the one that the issuer's
 * preset has. Under such a role, none to be had is a problem.
 *
 * A key that begins with the name of an issuer and a colon is that issuer's: only a template that says so before its first
 * claim makes one. So the keys of presets are met by no value of a claim.
 */
export function compileOwner(role: Role, context: Context): OwnerTemplate | null {
  const { binding, issuer, path, findings } = context
  if (binding.owner !== undefined) return compileTemplate(binding.owner, 'binding', context)
  if (role.objects === null || issuer === undefined) return null
  const text = templateOf(issuer)
  if (text !== null) return compileTemplate(text, 'issuer', context)
  const what = `role "${role.name}" is for own objects, and nothing says which objects are a caller's own`
  const out = 'add owner: "${issuer}:${subject}", or another template over claims that callers cannot choose'
  findings.problem(path, `${what}: ${out}`)
  return null
}

function templateOf({ jwt, certificate }: IssuerConfig): string | null {
  if (certificate !== undefined) return OF_CERTIFICATES
  return jwt?.preset === undefined ? null : issuerPreset(jwt.preset).owner
}

function compileTemplate(text: string, from: OwnerTemplate['from'], context: Context): OwnerTemplate | null {
  const { path, findings } = context
  const template = parseTemplate(text)
  if ('problem' in template) {
    findings.problem([...path, 'owner'], template.problem, { offset: template.offset })
    return null
  }
  const { parts } = template
  const written = parts.filter((part) => typeof part === 'string').join('')
  const problem = keyProblem(written)
  if (problem !== null) {
    findings.problem([...path, 'owner'], `${quoted(text, 80)} ${problem}`)
    return null
  }
  checkClaims(parts, context)
  const prefix = fixedPrefix(parts, context.binding.issuer)
  return {
    text,
    from,
    anchored: prefix !== '' && (prefix !== context.binding.issuer || parts.length === 1),
    keyFor: (principal) => keyFor(parts, prefix, context.issuers, principal),
  }
}

function keyFor(
  parts: readonly TemplatePart[],
  prefix: string,
  issuers: Context['issuers'],
  principal: Principal,
): OwnerKey {
  let key = ''
  for (const part of parts) {
    const text = typeof part === 'string' ? part : part.textFor(principal)
    if (text === null || text === '') {
      const name = typeof part === 'string' ? '' : part.name
      return { key: null, problem: `wants ${name}, which is missing, empty or no text` }
    }
    key += text
  }
  const problem = keyProblem(key) ?? strangersProblem(key, prefix, issuers)
  return problem === null ? { key } : { key: null, problem }
}

function keyProblem(key: string): string | null {
  if (key.length > KEY_LENGTH) return `makes a key of more than ${KEY_LENGTH} characters`
  return printable(key, KEY_LENGTH) === key ? null : 'makes a key with a character that is not printable'
}

function strangersProblem(key: string, prefix: string, issuers: Context['issuers']): string | null {
  const holder = key.slice(0, Math.max(0, key.indexOf(':')))
  if (!issuers.has(holder) || prefix.startsWith(`${holder}:`)) return null
  return `makes a key that begins with ${quoted(`${holder}:`, 80)}, which stands for the issuer of that name; text of its own before the first claim rules that out`
}

/** What stands before the first value that a client could have chosen. */
function fixedPrefix(parts: readonly TemplatePart[], issuer: string): string {
  let prefix = ''
  for (const part of parts) {
    if (typeof part !== 'string' && part.name !== 'issuer') break
    prefix += typeof part === 'string' ? part : issuer
  }
  return prefix
}

/** A claim that the issuer's tokens never have as text would leave every caller without an owner. */
function checkClaims(parts: readonly TemplatePart[], { issuer, path, findings }: Context): void {
  const preset = issuer?.jwt?.preset
  const table = preset === undefined ? null : issuerPreset(preset).claims
  for (const part of parts) {
    if (typeof part === 'string' || part.claim === null) continue
    const [name = '', ...below] = part.claim
    const place = { offset: part.offset }
    if (issuer?.certificate !== undefined) {
      findings.problem([...path, 'owner'], 'a certificate has no claims; there are subject and cert.commonName', place)
    } else if (table !== null) {
      const type = table.types.get(name)
      const wrong = below.length === 0 && type !== undefined && type !== 'text'
      const problem = wrong ? `has no text as ${quoted(name, 80)}, and a key is made of texts` : lacksClaim(name, table)
      if (problem !== null) findings.warn([...path, 'owner'], `a token of ${preset} ${problem}`, place)
    }
  }
}
