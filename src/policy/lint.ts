import type { Findings } from '../config/findings.ts'
import type { Pieces } from '../config/pieces.ts'

/** What is legal in a policy and probably not meant: rules without effect, and the widest rule of all. */
export function policyWarnings(pieces: Pick<Pieces, 'issuers' | 'roles' | 'bindings'>, findings: Findings): void {
  warnBindings(pieces, findings)
  const roles = new Set(pieces.bindings.map(({ value }) => value.role))
  const issuers = new Set(pieces.bindings.map(({ value }) => value.issuer))
  for (const name of pieces.issuers.keys()) {
    if (!issuers.has(name))
      findings.warn(['issuers', name], 'no binding names this issuer, so it gives nobody a role', { atKey: true })
  }
  for (const [name, role] of pieces.roles) {
    if (!roles.has(name)) findings.warn(['roles', name], 'no binding gives anybody this role', { atKey: true })
    for (const [index, item] of role?.allow?.entries() ?? []) {
      if (!/^\*+$/.test(item)) continue
      const what = 'allows every operation, with prune, swarm, plugins and BuildKit: root on the host'
      findings.warn(['roles', name, 'allow', index], what)
    }
  }
}

function warnBindings(pieces: Pick<Pieces, 'bindings'>, findings: Findings): void {
  if (pieces.bindings.length === 0)
    findings.warn(['bindings'], 'there is no binding, so nobody has a role', { atKey: true })
  const closed = new Map<string, number>()
  for (const { index, value } of pieces.bindings) {
    const earlier = closed.get(value.issuer)
    if (earlier !== undefined) {
      const why = `bindings[${earlier}] has the same issuer, no "when", and decides first`
      findings.warn(['bindings', index], `never used: ${why}; move this one before it`)
    } else if (value.when === undefined) closed.set(value.issuer, index)
  }
}
