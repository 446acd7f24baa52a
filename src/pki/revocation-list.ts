import { type KeyObject, verify, type X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  Certificate,
  CertificateList,
  CRLNumber,
  CRLReason,
  CRLReasons,
  type Extension,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  id_ce_deltaCRLIndicator,
  id_ce_invalidityDate,
  id_ce_issuingDistributionPoint,
  id_ce_keyUsage,
  KeyUsage,
  KeyUsageFlags,
  type Name,
} from '@peculiar/asn1-x509'
import { PkiError } from './errors.ts'

/** A list of this size has about 100,000 entries, and takes two seconds to read. */
export const MOST_LIST_BYTES = 4 * 1024 * 1024
/** What the library takes for an attack unless told otherwise; an entry has four to eight nodes. */
const MOST_NODES = 2_000_000

const LIST = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g
const DER_SEQUENCE = 0x30

/** Digests by signature algorithm; null where the algorithm has its own. MD5 and SHA-1 prove nothing any more. */
const SIGNATURES: ReadonlyMap<string, string | null> = new Map([
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.3.101.112', null],
  ['1.3.101.113', null],
])

/** Extensions of the list and of its entries that are understood; another that is critical makes the list useless. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  id_ce_invalidityDate,
])

/** That a certificate was revoked: when, and why as RFC 5280 section 5.3.1 names it. */
export interface Revocation {
  readonly at: Date
  readonly reason: keyof typeof CRLReasons
}

/** A certificate revocation list (RFC 5280 section 5) that covers all certificates of its authority. */
export interface RevocationList {
  /** 0 for a list without one. */
  readonly number: bigint
  readonly thisUpdate: Date
  /** From then on the authority has a newer one; null when it does not say. */
  readonly nextUpdate: Date | null
  /** By serial number as `serialOf` writes it. */
  readonly revoked: ReadonlyMap<string, Revocation>
  /** Whether this authority has signed it, and may sign lists. */
  isOf(authority: X509Certificate): boolean
}

/**
 * Reads the lists of a file: PEM, one or more, or one in DER.
 *
 * @throws PkiError, whose message continues the file's name
 */
export function readRevocationLists(bytes: Buffer): RevocationList[] {
  if (bytes.length > MOST_LIST_BYTES) throw new PkiError('is larger than 4 MiB')
  if (bytes[0] === DER_SEQUENCE) return [readList(bytes)]
  const blocks = [...bytes.toString('latin1').matchAll(LIST)]
  if (blocks.length === 0) throw new PkiError('holds no revocation list (-----BEGIN X509 CRL-----, or DER)')
  return blocks.map(([, base64 = '']) => readList(Buffer.from(base64, 'base64')))
}

/** A certificate's serial number, in hexadecimal as the certificate has it: what two parties compare must be one text. */
export function serialOf(certificate: X509Certificate): string {
  return hexadecimal(AsnConvert.parse(certificate.raw, Certificate).tbsCertificate.serialNumber)
}

function readList(der: Buffer): RevocationList {
  try {
    return decode(der)
  } catch (error) {
    if (error instanceof PkiError) throw error
    throw new PkiError('holds a revocation list that cannot be read', { cause: error })
  }
}

function decode(der: Buffer): RevocationList {
  const parsed = AsnConvert.parse(der, CertificateList, { berOptions: { maxNodes: MOST_NODES } })
  const { tbsCertList, tbsCertListRaw = new ArrayBuffer(), signatureAlgorithm, signature } = parsed
  const digest = SIGNATURES.get(signatureAlgorithm.algorithm)
  if (digest === undefined || tbsCertList.signature.algorithm !== signatureAlgorithm.algorithm) {
    throw new PkiError(`holds a revocation list with a signature that is not taken (${signatureAlgorithm.algorithm})`)
  }
  const extensions = tbsCertList.crlExtensions ?? []
  refusePartial(extensions)
  const number = extensions.find(({ extnID }) => extnID === id_ce_cRLNumber)
  const revoked = new Map<string, Revocation>()
  for (const { userCertificate, revocationDate, crlEntryExtensions } of tbsCertList.revokedCertificates ?? []) {
    revoked.set(hexadecimal(userCertificate), { at: revocationDate.getTime(), reason: reasonOf(crlEntryExtensions) })
  }
  const signed = Buffer.from(tbsCertListRaw)
  return {
    // The library gives a number that is too large for a JavaScript one as text.
    number: number === undefined ? 0n : BigInt(AsnConvert.parse(number.extnValue, CRLNumber).value),
    thisUpdate: tbsCertList.thisUpdate.getTime(),
    nextUpdate: tbsCertList.nextUpdate?.getTime() ?? null,
    revoked,
    isOf(authority) {
      const { tbsCertificate } = AsnConvert.parse(authority.raw, Certificate)
      if (!isSameName(tbsCertificate.subject, tbsCertList.issuer)) return false
      return maySignLists(tbsCertificate.extensions) && isSignedBy(authority.publicKey)
    },
  }

  function isSignedBy(key: KeyObject): boolean {
    try {
      return verify(digest, signed, key, Buffer.from(signature))
    } catch {
      return false
    }
  }
}

/** A list that says nothing of some certificates would let those pass: deltas, and lists of a distribution point. */
function refusePartial(extensions: readonly Extension[]): void {
  const ids = extensions.map(({ extnID }) => extnID)
  if (ids.includes(id_ce_deltaCRLIndicator)) throw new PkiError('holds a delta list; wants the whole one')
  if (ids.includes(id_ce_issuingDistributionPoint)) {
    throw new PkiError("holds the list of a distribution point; wants the one of all the authority's certificates")
  }
  refuseUnknown(extensions)
}

function refuseUnknown(extensions: readonly Extension[]): void {
  const unknown = extensions.find(({ critical, extnID }) => critical && !UNDERSTOOD.has(extnID))
  if (unknown)
    throw new PkiError(`holds a revocation list with an extension that is not understood (${unknown.extnID})`)
}

function reasonOf(extensions: readonly Extension[] = []): Revocation['reason'] {
  refuseUnknown(extensions)
  const found = extensions.find(({ extnID }) => extnID === id_ce_cRLReasons)
  const { reason } = found ? AsnConvert.parse(found.extnValue, CRLReason) : new CRLReason()
  return (CRLReasons[reason] as Revocation['reason'] | undefined) ?? 'unspecified'
}

/** RFC 5280 section 6.3.3 (f): a key usage, when there is one, must name the signing of lists. */
function maySignLists(extensions: readonly Extension[] = []): boolean {
  const usage = extensions.find(({ extnID }) => extnID === id_ce_keyUsage)
  return usage === undefined || (AsnConvert.parse(usage.extnValue, KeyUsage).toNumber() & KeyUsageFlags.cRLSign) !== 0
}

function isSameName(one: Name, other: Name): boolean {
  return Buffer.from(AsnConvert.serialize(one)).equals(Buffer.from(AsnConvert.serialize(other)))
}

function hexadecimal(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}
