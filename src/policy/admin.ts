import type { AdminAllowConfig, AdminPage } from '../config/admin-schema.ts'
import type { Findings } from '../config/findings.ts'
import type { Pieces } from '../config/pieces.ts'
import type { Principal } from '../identity/principal.ts'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import { tryBinding } from './bindings.ts'
import { type Condition, compileCondition } from './condition.ts'
import type { RequestFacts } from './types.ts'

/** Which callers get which pages on the admin listener. */
export interface AdminRule {
  readonly issuer: string
  /** Null: every principal of the issuer. An evaluation error is a non-match. */
  readonly when: Condition | null
  readonly pages: ReadonlySet<AdminPage>
}

/** Compiles `admin.listener.allow`; none where there is no such listener. */
export function compileAdmin(
  { adminListener, issuers }: Pick<Pieces, 'adminListener' | 'issuers'>,
  findings: Findings,
): readonly AdminRule[] {
  return (adminListener?.allow ?? []).flatMap((rule, index) => compileRule(rule, index, issuers, findings))
}

function compileRule(
  { issuer, when: text, pages }: AdminAllowConfig,
  index: number,
  issuers: Pieces['issuers'],
  findings: Findings,
): AdminRule[] {
  const path = ['admin', 'listener', 'allow', index]
  if (!issuers.has(issuer)) {
    const hint = didYouMean(issuer, issuers.keys())
    findings.problem([...path, 'issuer'], `no issuer ${quoted(issuer, 80)}${hint || '; add it under "issuers"'}`)
  }
  const when = text === undefined ? null : compileCondition(text)
  if (when !== null && 'problem' in when) {
    findings.problem([...path, 'when'], when.problem, when.offset === undefined ? {} : { offset: when.offset })
    return []
  }
  return [{ issuer, when, pages: new Set(pages) }]
}

/** Whether one of the rules gives the page to the principal. Never throws. */
export function mayAsk(
  rules: readonly AdminRule[],
  principal: Principal,
  page: AdminPage,
  request: RequestFacts,
): boolean {
  return rules.some((rule) => rule.pages.has(page) && tryBinding(rule, principal, request).outcome === 'matched')
}
