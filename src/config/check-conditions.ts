import { compileCondition } from '../policy/condition.ts'
import { namesTenant, neverMatches } from '../policy/condition-claims.ts'
import type { Findings } from './findings.ts'
import { issuerPreset } from './issuer-presets.ts'
import type { Entry, Pieces } from './pieces.ts'
import type { BindingConfig, JwtIssuerConfig } from './schema.ts'
import { sharedIssuer } from './shared-issuers.ts'

/**
 * Checks bindings against what is known of their issuer's tokens: a shared issuer's must name a tenant, and a claim that
 * the tokens do not have is worth a word. A condition that cannot be compiled is told where it is compiled.
 */
export function checkConditions(pieces: Pieces, findings: Findings): void {
  for (const binding of pieces.bindings) {
    const jwt = pieces.issuers.get(binding.value.issuer)?.jwt
    if (jwt === undefined) continue
    checkTenant(binding, jwt, findings)
    checkClaims(binding, jwt, findings)
  }
}

function checkTenant({ index, value }: Entry<BindingConfig>, jwt: JwtIssuerConfig, findings: Findings): void {
  const shared = sharedIssuer(jwt.issuer)
  if (shared === null) return
  const everybody = `${jwt.issuer} signs tokens for everybody who has an account there`
  if (value.when === undefined) {
    findings.problem(['bindings', index], `${everybody}, so this binding needs a "when": add when: ${shared.example}`)
    return
  }
  const condition = compileCondition(value.when)
  if ('problem' in condition || namesTenant(condition.ast, shared.tenant)) return
  const claims = shared.tenant.map(({ path }) => `claims.${path.join('.')}`).join(', ')
  findings.problem(
    ['bindings', index, 'when'],
    `${everybody}, and this condition lets strangers in: add && ${shared.example} (==, "in" a list, or a startsWith ` +
      `that fits one owner only, on one of ${claims})`,
  )
}

function checkClaims({ index, value }: Entry<BindingConfig>, jwt: JwtIssuerConfig, findings: Findings): void {
  const table = jwt.preset === undefined ? null : issuerPreset(jwt.preset).claims
  if (table === null || value.when === undefined) return
  const condition = compileCondition(value.when)
  if ('problem' in condition) return
  for (const { problem, offset } of neverMatches(condition.ast, table)) {
    const place = offset === undefined ? {} : { offset }
    findings.warn(['bindings', index, 'when'], `a token of ${jwt.preset} ${problem}`, place)
  }
}
