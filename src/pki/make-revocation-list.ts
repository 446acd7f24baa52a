import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  CertificateList,
  CRLNumber,
  CRLReason,
  CRLReasons,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  KeyIdentifier,
  RevokedCertificate,
  TBSCertList,
  Time,
  Version,
} from '@peculiar/asn1-x509'
import { exactBytes, extension, type Signer, signatureAlgorithmOf, signatureOf } from './certificate.ts'
import type { Revocation } from './revocation-list.ts'

export interface RevocationListFields {
  /** Greater than that of every earlier list of the authority. */
  readonly number: number
  /** By serial number as `serialOf` writes it. */
  readonly revoked: ReadonlyMap<string, Revocation>
  readonly thisUpdate: Date
  /** From then on nobody should trust the list. */
  readonly nextUpdate: Date
}

/** Makes and signs a certificate revocation list (RFC 5280 section 5); the result is PEM. */
export function makeRevocationList({ number, revoked, thisUpdate, nextUpdate }: RevocationListFields, signer: Signer) {
  const signature = signatureAlgorithmOf(signer.key)
  const keyIdentifier = new KeyIdentifier(signer.keyIdentifier)
  const tbsCertList = new TBSCertList({
    version: Version.v2,
    signature,
    issuer: signer.name,
    thisUpdate: new Time(thisUpdate),
    nextUpdate: new Time(nextUpdate),
    // RFC 5280 section 5.1.2.6: the list of entries is left out when there is none.
    ...(revoked.size > 0 ? { revokedCertificates: [...revoked].map(entryOf) } : {}),
    crlExtensions: [
      extension(id_ce_authorityKeyIdentifier, false, new AuthorityKeyIdentifier({ keyIdentifier })),
      extension(id_ce_cRLNumber, false, new CRLNumber(number)),
    ],
  })
  const list = new CertificateList({
    tbsCertList,
    signatureAlgorithm: signature,
    signature: signatureOf(tbsCertList, signer.key),
  })
  return pem(Buffer.from(AsnConvert.serialize(list)))
}

/** RFC 5280 section 5.3.1: "unspecified" is said by leaving the reason out. */
function entryOf([serial, { at, reason }]: readonly [string, Revocation]): RevokedCertificate {
  const said = extension(id_ce_cRLReasons, false, new CRLReason(CRLReasons[reason]))
  return new RevokedCertificate({
    userCertificate: exactBytes(Buffer.from(serial, 'hex')),
    revocationDate: new Time(at),
    ...(reason === 'unspecified' ? {} : { crlEntryExtensions: [said] }),
  })
}

/** RFC 7468, section 6. */
function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n')
}
