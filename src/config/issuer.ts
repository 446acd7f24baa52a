import { z } from 'zod'
import { ISSUER_PRESET_KEYS, ISSUER_PRESETS, issuerPreset } from './issuer-presets.ts'
import type { Algorithm, JwtIssuerAsWritten } from './issuer-schema.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Milliseconds: how long a key works that the issuer has taken back. */
const REFRESH = 10 * MINUTE
/**
 * Milliseconds. An issuer that is away gives out no tokens, and those that it gave live for minutes to an hour: what
 * would be served longer is mostly a key that was taken back, which the gate could not learn of.
 */
const OUTAGE = HOUR

const ALGORITHMS: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']

/** What says how keys are fetched. */
const FETCHING = ['ca', 'proxy', 'refresh', 'outage'] as const

/** An issuer with everything that its preset knows, and with defaults. */
type CompleteIssuer = Omit<JwtIssuerAsWritten, 'issuer' | 'audience' | 'algorithms' | 'refresh' | 'outage'> & {
  issuer: string
  audience: string | string[]
  algorithms: readonly Algorithm[]
  /** Milliseconds. */
  refresh: number
  /** Milliseconds. */
  outage: number
}

/** Fills in what the preset knows and what was left out; what is missing then, or makes no sense, becomes an issue. */
export function completeIssuer(
  written: JwtIssuerAsWritten,
  context: z.core.$RefinementCtx<JwtIssuerAsWritten>,
): CompleteIssuer {
  const problems: [key: string, message: string][] = [...unusedKeys(written)]
  const preset = written.preset === undefined ? null : issuerPreset(written.preset)
  const issuer = written.issuer ?? preset?.issuer(written) ?? { wants: 'is missing' }
  const audience = written.audience ?? preset?.audience?.(written)
  if (typeof issuer !== 'string') problems.push([preset?.key ?? 'issuer', issuer.wants])
  if (audience === undefined) problems.push(['audience', 'is missing'])
  for (const [key, message] of problems) context.addIssue({ code: 'custom', path: [key], message })
  if (typeof issuer !== 'string' || audience === undefined || problems.length > 0) return z.NEVER
  return {
    ...written,
    issuer,
    audience,
    algorithms: written.algorithms ?? preset?.algorithms ?? ALGORITHMS,
    refresh: written.refresh ?? REFRESH,
    outage: written.outage ?? OUTAGE,
  }
}

/** A key without effect is a mistake about what the gate does. */
function* unusedKeys(written: JwtIssuerAsWritten): Generator<[key: string, message: string]> {
  for (const key of ISSUER_PRESET_KEYS) {
    if (written[key] === undefined) continue
    if (written.preset === undefined || issuerPreset(written.preset).key !== key) {
      yield [key, `is for preset ${ISSUER_PRESETS.filter((name) => issuerPreset(name).key === key).join(' and ')} only`]
    } else if (written.issuer !== undefined) yield [key, '"issuer" is given already, and says the same; keep one']
  }
  const fixed = written.publicKey === undefined ? 'jwksFile' : 'publicKey'
  if (written[fixed] === undefined) return
  for (const key of FETCHING) {
    if (written[key] !== undefined) yield [key, `has no use with ${fixed}: those keys are not fetched; remove it`]
  }
}
