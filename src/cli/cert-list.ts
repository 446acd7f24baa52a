import type { X509Certificate } from 'node:crypto'
import { Command } from 'commander'
import { pinOf } from '../pki/pin.ts'
import { type IssuedCertificate, readRegister } from '../pki/register.ts'
import { stateOption } from './cert-options.ts'
import { printJson } from './failure.ts'
import { near, statePaths } from './paths.ts'
import { readAuthority } from './state.ts'
import { table } from './table.ts'

/** Ends this near are worth a word. */
const SOON_MS = 30 * 24 * 60 * 60 * 1000
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'

/** A row of `cert list --json`. */
export interface ListedCertificate {
  /** The common name. */
  readonly name: string
  readonly purpose: 'server' | 'client'
  /** Alternative names as Node writes them, `DNS:docker.acme.io, IP Address:10.0.0.5`. */
  readonly names: string
  readonly state: 'valid' | 'expires soon' | 'expired' | 'revoked'
  /** As conditions see them in `cert`. */
  readonly serial: string
  readonly fingerprint: string
  /** For the `pins` of an issuer. */
  readonly pin: string
  readonly notBefore: string
  readonly notAfter: string
  readonly revokedAt: string | null
  readonly reason: string | null
}

/** `dockgate cert list`. */
export function listCommand(): Command {
  return new Command('list')
    .description('what the authority has issued: valid, expires soon, expired or revoked')
    .addOption(stateOption())
    .option('--json', 'as JSON, with fingerprints and pins')
    .addHelpText('after', '\nExample:\n  $ dockgate cert list --state /etc/dockgate/pki')
    .action(({ state, json }: { state: string; json?: true }) => {
      const now = Date.now()
      const listed = readRegister(statePaths(state).register, readAuthority(state)).map((one) => describe(one, now))
      if (json) return printJson(listed)
      if (listed.length === 0) process.stdout.write(`nothing was issued in ${near(state)} so far\n`)
      else process.stdout.write(`${[HEAD, ...table(listed.map(row))].join('\n')}\n`)
    })
}

/** What is told of an issued certificate. `now` is milliseconds since the epoch. */
export function describe({ certificate, revocation }: IssuedCertificate, now: number): ListedCertificate {
  const usages: readonly string[] | undefined = certificate.keyUsage
  return {
    name: nameOf(certificate),
    purpose: usages?.includes(SERVER_AUTHENTICATION) ? 'server' : 'client',
    names: certificate.subjectAltName ?? '',
    state: revocation ? 'revoked' : lifeOf(certificate, now),
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    pin: pinOf(certificate),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    revokedAt: revocation?.at.toISOString() ?? null,
    reason: revocation?.reason ?? null,
  }
}

const HEAD = 'certificates, the oldest first'

function row({ name, purpose, names, state, serial, notAfter, revokedAt, reason }: ListedCertificate): string[] {
  const when = revokedAt === null ? `until ${notAfter.slice(0, 10)}` : `on ${revokedAt.slice(0, 10)} (${reason})`
  return [name, purpose, state, when, serial, names]
}

function lifeOf({ validToDate }: X509Certificate, now: number): ListedCertificate['state'] {
  const left = validToDate.getTime() - now
  if (left <= 0) return 'expired'
  return left < SOON_MS ? 'expires soon' : 'valid'
}

function nameOf(certificate: X509Certificate): string {
  const { CN } = certificate.toLegacyObject().subject as unknown as { CN?: string }
  return typeof CN === 'string' ? CN : ''
}
