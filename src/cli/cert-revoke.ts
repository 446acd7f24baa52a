import { Command, Option } from 'commander'
import { type Authority, readCertificate } from '../pki/authority.ts'
import { PkiError } from '../pki/errors.ts'
import { readIfThere } from '../pki/files.ts'
import { type IssuedCertificate, readRegister, revoke } from '../pki/register.ts'
import { type Revocation, serialOf } from '../pki/revocation-list.ts'
import { describe } from './cert-list.ts'
import { readDays, stateOption } from './cert-options.ts'
import { printJson } from './failure.ts'
import { near, statePaths } from './paths.ts'
import { readAuthority } from './state.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Those of RFC 5280 section 5.3.1 that a person has. */
const REASONS: readonly Revocation['reason'][] = [
  'unspecified',
  'keyCompromise',
  'superseded',
  'affiliationChanged',
  'cessationOfOperation',
  'privilegeWithdrawn',
]

interface Options {
  readonly state: string
  readonly reason: Revocation['reason']
  readonly nextUpdate?: number
  readonly json?: true
}

/** `dockgate cert revoke`. */
export function revokeCommand(): Command {
  return new Command('revoke')
    .description('take certificates back: adds them to crl.pem beside the authority; without any, signs it again')
    .argument('[what...]', 'names, serial numbers, SHA-256 fingerprints, or paths of certificates (with a "/" or .pem)')
    .addOption(stateOption())
    .addOption(new Option('--reason <reason>', 'why').choices(REASONS).default('unspecified'))
    .option('--next-update <days>', 'when the list runs out; with the authority unless told', readDays)
    .option('--json', 'what was revoked, and the list, as JSON')
    .addHelpText('after', '\nExample:\n  $ dockgate cert revoke alice --reason keyCompromise')
    .action((what: string[], { state, reason, nextUpdate: days, json }: Options) => {
      const { register } = statePaths(state)
      const authority = readAuthority(state)
      const issued = readRegister(register, authority)
      const now = new Date()
      const found = what.flatMap((text) => find(text, issued, authority, now.getTime()))
      const nextUpdate = days === undefined ? undefined : new Date(now.getTime() + days * DAY_MS)
      revoke(register, authority, { serials: found.map(({ serial }) => serial), reason, now, nextUpdate })
      const revoked = found.map((one) => describe({ ...one, revocation: { at: now, reason } }, now.getTime()))
      if (json) return printJson({ crl: register.revoked, revoked })
      for (const { name, purpose, serial } of revoked)
        process.stdout.write(`revoked: ${name} (${purpose}, ${serial})\n`)
      process.stdout.write(`${near(register.revoked)} is signed; a gate whose issuer names it in "crl" follows it\n`)
    })
}

/** The certificates that somebody means; all current ones of a name. Throws PkiError when there is none to revoke. */
function find(text: string, issued: readonly IssuedCertificate[], authority: Authority, now: number) {
  const meant = isPath(text) ? [readIssued(text, issued, authority)] : issued.filter((one) => isMeant(one, text, now))
  if (meant.length === 0)
    throw new PkiError(`nothing that is called ${JSON.stringify(text)} was issued; see "cert list"`)
  const open = meant.filter(({ revocation }) => revocation === null)
  if (open.length > 0) return open
  throw new PkiError(`${JSON.stringify(text)} was revoked on ${meant[0]?.revocation?.at.toISOString()} already`)
}

function isPath(text: string): boolean {
  return text.includes('/') || text.endsWith('.pem') || text.endsWith('.crt')
}

function isMeant(one: IssuedCertificate, text: string, now: number): boolean {
  const { name, serial, fingerprint, state } = describe(one, now)
  const digits = text.replaceAll(':', '')
  if (digits.toUpperCase() === serial || digits.toLowerCase() === fingerprint) return true
  return text === name && state !== 'expired'
}

/** A certificate of this authority, whether or not it is in the index. */
function readIssued(path: string, issued: readonly IssuedCertificate[], authority: Authority): IssuedCertificate {
  const pem = readIfThere(path)
  if (pem === null) throw new PkiError(`${path} does not exist`)
  const certificate = readCertificate(pem, path)
  const signer = readCertificate(authority.certificate, "the authority's certificate")
  if (!certificate.checkIssued(signer) || !certificate.verify(signer.publicKey)) {
    throw new PkiError(`${path} is not of this authority: only the one that issued a certificate can revoke it`)
  }
  const serial = serialOf(certificate)
  return issued.find((one) => one.serial === serial) ?? { certificate, serial, revocation: null }
}
