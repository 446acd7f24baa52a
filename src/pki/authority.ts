import { X509Certificate } from 'node:crypto'
import type { GeneralName } from '@peculiar/asn1-x509'
import { distinguishedName, keyIdentifier, makeCertificate, signerOf } from './certificate.ts'
import { PkiError } from './errors.ts'
import { createCertificateKey, type KeyKind, readCertificateKey } from './keys.ts'
import { makeRevocationList, type RevocationListFields } from './make-revocation-list.ts'
import { alternativeName, commonName, serverName } from './names.ts'

const DAY = 24 * 60 * 60 * 1000
/** Ten years: what an authority lives, and the most that anything may. */
export const AUTHORITY_DAYS = 3650
/** What browsers and Apple's TLS accept at most; renewing is one command. */
export const LEAF_DAYS = 397
/** Clocks differ: a certificate is good a little before it was made. */
const BACKDATE = 5 * 60 * 1000

/** A certificate and its private key, both PEM (PKCS #8 for the key). */
export interface Issued {
  readonly certificate: string
  readonly key: string
  readonly notAfter: Date
}

export interface IssueOptions {
  /** Days of life, 397 unless told; never beyond the authority's own end. */
  readonly days?: number
  /** An existing key (PEM) to certify again; a fresh one unless told. */
  readonly key?: string
  /** The kind of a fresh key, P-256 unless told. */
  readonly keyKind?: KeyKind | undefined
  /** When the life begins; five minutes ago unless told. */
  readonly notBefore?: Date
}

/** A certificate authority held in memory: it signs certificates for servers and clients. */
export interface Authority {
  readonly certificate: string
  readonly key: string
  readonly notAfter: Date
  /** `names`: DNS names and IP addresses, the first is the subject too. Throws PkiError for a bad name. */
  issueServer(options: IssueOptions & { readonly names: readonly string[] }): Issued
  /**
   * `name`: the common name that bindings match; `names`: alternative names, as `alternativeName` reads them.
   * Throws PkiError for a bad name.
   */
  issueClient(options: IssueOptions & { readonly name: string; readonly names?: readonly string[] }): Issued
  /** Signs the list of what is revoked (PEM). */
  revocationList(fields: RevocationListFields): string
}

/** The life of a certificate in whole seconds, as X.509 has them. */
function lifetime(days: number, notBefore: Date | undefined, end: Date | null): { notBefore: Date; notAfter: Date } {
  if (!Number.isInteger(days) || days < 1 || days > AUTHORITY_DAYS) {
    throw new PkiError(`a certificate's life is 1 to ${AUTHORITY_DAYS} whole days, not ${days}`)
  }
  const start = Math.floor((notBefore?.getTime() ?? Date.now() - BACKDATE) / 1000) * 1000
  const wanted = start + days * DAY
  return { notBefore: new Date(start), notAfter: new Date(end === null ? wanted : Math.min(wanted, end.getTime())) }
}

/**
 * Makes a new certificate authority (ten years, no intermediate authorities).
 * `key` certifies an existing key again. Throws PkiError.
 */
export function createAuthority(options: IssueOptions & { readonly name?: string } = {}): Authority {
  const pem = options.key ?? createCertificateKey(options.keyKind)
  const key = readCertificateKey(pem, "the authority's key")
  // Two authorities of one name confuse everybody who holds both, OpenSSL's store included.
  const suffix = Buffer.from(keyIdentifier(key)).toString('hex', 0, 4)
  const certificate = makeCertificate({
    purpose: 'authority',
    subject: distinguishedName(commonName(options.name ?? `dockgate local CA ${suffix}`)),
    names: [],
    key,
    ...lifetime(options.days ?? AUTHORITY_DAYS, options.notBefore, null),
    signer: null,
  })
  return loadAuthority(certificate, pem)
}

/** Reads an authority from its certificate and key (PEM). Throws PkiError when they do not belong together. */
export function loadAuthority(certificate: string, key: string): Authority {
  const own = readCertificate(certificate, "the authority's certificate")
  const privateKey = readCertificateKey(key, "the authority's key")
  if (!own.ca) throw new PkiError("the authority's certificate is not one of a certificate authority")
  if (!own.checkPrivateKey(privateKey)) throw new PkiError("the authority's key does not belong to its certificate")
  const end = new Date(own.validTo)
  const signer = signerOf(own, privateKey)

  function issue(
    purpose: 'server' | 'client',
    subject: string,
    names: readonly GeneralName[],
    options: IssueOptions,
  ): Issued {
    const pem = options.key ?? createCertificateKey(options.keyKind)
    const life = lifetime(options.days ?? LEAF_DAYS, options.notBefore, end)
    if (life.notAfter <= life.notBefore) throw new PkiError(`the authority's certificate ended on ${end.toISOString()}`)
    const fields = { purpose, subject: distinguishedName(commonName(subject)), names }
    const leafKey = readCertificateKey(pem, `the key for ${subject}`)
    return {
      certificate: makeCertificate({ ...fields, key: leafKey, ...life, signer }),
      key: pem,
      notAfter: life.notAfter,
    }
  }

  return {
    certificate,
    key,
    notAfter: end,
    issueServer(options) {
      const [first] = options.names
      if (first === undefined) throw new PkiError('a server certificate needs at least one name')
      // Clients look at the alternative names only; a long name does not fit the subject.
      return issue('server', first.length <= 64 ? first : 'dockgate', options.names.map(serverName), options)
    },
    issueClient: (options) => issue('client', options.name, (options.names ?? []).map(alternativeName), options),
    revocationList: (fields) => makeRevocationList(fields, signer),
  }
}

/** Reads one certificate from PEM; `what` names it in the PkiError. */
export function readCertificate(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new PkiError(`${what} is not a certificate in PEM`, { cause: error })
  }
}
