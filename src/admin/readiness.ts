import type { Inside } from '../gate/start.ts'
import type { Check } from './check.ts'
import { checkCertificates } from './check-certificates.ts'
import { checkEngine } from './check-engine.ts'
import { checkKeys } from './check-keys.ts'
import { checkLists } from './check-lists.ts'
import { checkRecords } from './check-records.ts'

/** Whether the gate can do its work, and what stands in the way. */
export interface Readiness {
  /** Every check is well. */
  readonly ready: boolean
  readonly checks: readonly Check[]
}

/** Makes the function that looks. Whoever asks while it looks gets the same answer: the engine is asked once. */
export function createReadiness(inside: () => Inside): () => Promise<Readiness> {
  let running: Promise<Readiness> | null = null
  return () => {
    running ??= look(inside()).finally(() => {
      running = null
    })
    return running
  }
}

async function look({ gate, loaded, isClosing }: Inside): Promise<Readiness> {
  const engine = await checkEngine(gate.engine)
  const now = Date.now()
  const { tokens, certificates } = gate.authenticator.issuers()
  const checks = [
    ...(isClosing ? [{ name: 'gate', ok: false, detail: 'shutting down' }] : []),
    engine,
    ...tokens.map((issuer) => checkKeys(issuer, now)),
    ...checkCertificates(loaded.config, certificates, now),
    ...certificates.flatMap((issuer) => checkLists(issuer, now)),
    checkRecords(gate.records.state()),
  ]
  return { ready: checks.every(({ ok }) => ok), checks }
}
