import { compileCondition } from '../policy/condition.ts'
import { namesTenant, neverMatches } from '../policy/condition-claims.ts'
import type { Findings } from './findings.ts'
import { issuerPreset } from './issuer-presets.ts'
import type { Pieces } from './pieces.ts'
import type { JwtIssuerConfig } from './schema.ts'
import { sharedIssuer } from './shared-issuers.ts'

/**
 * Checks bindings against what is known of their issuer's tokens: a shared issuer's must name a tenant, and a claim that
 * the tokens do not have is worth a word. A condition that cannot be compiled is told where it is compiled.
 */
export function checkConditions(pieces: Pieces, findings: Findings): void {
  const bindings = pieces.bindings.map(({ index, value }) => ({ what: 'binding', path: ['bindings', index], value }))
  const allow = pieces.adminListener?.allow ?? []
  const admin = allow.map((value, index) => ({ what: 'entry', path: ['admin', 'listener', 'allow', index], value }))
  for (const rule of [...bindings, ...admin]) {
    const jwt = pieces.issuers.get(rule.value.issuer)?.jwt
    if (jwt === undefined) continue
    checkTenant(rule, jwt, findings)
    checkClaims(rule, jwt, findings)
  }
}

/** Says which principals of an issuer something is for. */
interface Rule {
  readonly what: string
  readonly path: readonly PropertyKey[]
  readonly value: { readonly when?: string | undefined }
}

function checkTenant({ what, path, value }: Rule, jwt: JwtIssuerConfig, findings: Findings): void {
  const shared = sharedIssuer(jwt.issuer)
  if (shared === null) return
  const everybody = `${jwt.issuer} signs tokens for everybody who has an account there`
  if (value.when === undefined) {
    findings.problem(path, `${everybody}, so this ${what} needs a "when": add when: ${shared.example}`)
    return
  }
  const condition = compileCondition(value.when)
  if ('problem' in condition || namesTenant(condition.ast, shared.tenant)) return
  const claims = shared.tenant.map(({ path }) => `claims.${path.join('.')}`).join(', ')
  findings.problem(
    [...path, 'when'],
    `${everybody}, and this condition lets strangers in: add && ${shared.example} (==, "in" a list, or a startsWith ` +
      `that fits one owner only, on one of ${claims})`,
  )
}

function checkClaims({ path, value }: Rule, jwt: JwtIssuerConfig, findings: Findings): void {
  const table = jwt.preset === undefined ? null : issuerPreset(jwt.preset).claims
  if (table === null || value.when === undefined) return
  const condition = compileCondition(value.when)
  if ('problem' in condition) return
  for (const { problem, offset } of neverMatches(condition.ast, table)) {
    const place = offset === undefined ? {} : { offset }
    findings.warn([...path, 'when'], `a token of ${jwt.preset} ${problem}`, place)
  }
}
