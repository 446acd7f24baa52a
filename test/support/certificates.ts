import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_kp_clientAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

const OIDS: Readonly<Record<string, string>> = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', C: '2.5.4.6' }
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const HOUR = 3_600_000

/** PEM texts; `key` is PKCS #8. */
export interface MadeCertificate {
  readonly certificate: string
  readonly key: string
}

export interface CertificateWish {
  /** RDNs in the order of the certificate; one entry with several attributes is a multi-valued RDN. */
  readonly subject: readonly Readonly<Record<string, string>>[]
  /** Signs with its own key unless told. */
  readonly issuer?: MadeCertificate
  readonly ca?: boolean
  /** False leaves the key usage extension out. */
  readonly keyUsage?: boolean
  /** False takes the right to sign revocation lists from an authority. */
  readonly signsLists?: boolean
  readonly dns?: readonly string[]
  readonly uri?: readonly string[]
  readonly email?: readonly string[]
  /** Extended key usages by OID; clientAuth for a leaf unless told, null for none. */
  readonly usages?: readonly string[] | null
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** PKCS #8 PEM of the key to certify; a fresh P-256 key unless told. */
  readonly key?: string
}

const exactBytes = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer

function distinguishedName(rdns: CertificateWish['subject']): Name {
  return new Name(
    rdns.map((rdn) => {
      const attributes = Object.entries(rdn).map(([type, utf8String]) => {
        return new AttributeTypeAndValue({ type: OIDS[type] ?? type, value: new AttributeValue({ utf8String }) })
      })
      return new RelativeDistinguishedName(attributes)
    }),
  )
}

function extensionsOf(wish: CertificateWish): Extensions {
  const make = (extnID: string, critical: boolean, value: unknown) =>
    new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
  const ca = wish.ca ?? false
  const list = [make(id_ce_basicConstraints, true, new BasicConstraints({ cA: ca }))]
  if (wish.keyUsage ?? true) {
    const signs = KeyUsageFlags.keyCertSign | (wish.signsLists === false ? 0 : KeyUsageFlags.cRLSign)
    const usage = KeyUsageFlags.digitalSignature | (ca ? signs : 0)
    list.push(make(id_ce_keyUsage, true, new KeyUsage(usage)))
  }
  const usages = wish.usages === undefined ? (ca ? null : [id_kp_clientAuth]) : wish.usages
  if (usages !== null) list.push(make(id_ce_extKeyUsage, false, new ExtendedKeyUsage([...usages])))
  const names = [
    ...(wish.dns ?? []).map((dNSName) => new GeneralName({ dNSName })),
    ...(wish.uri ?? []).map((uniformResourceIdentifier) => new GeneralName({ uniformResourceIdentifier })),
    ...(wish.email ?? []).map((rfc822Name) => new GeneralName({ rfc822Name })),
  ]
  if (names.length > 0) list.push(make(id_ce_subjectAltName, false, new SubjectAlternativeName(names)))
  return new Extensions(list)
}

/** Makes a certificate (RFC 5280, ECDSA with SHA-256) exactly as wished, however wrong: for tests only. */
export function makeTestCertificate(wish: CertificateWish): MadeCertificate {
  const key =
    wish.key ??
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const spki = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' })
  const issuer = wish.issuer ? AsnConvert.parse(new X509Certificate(wish.issuer.certificate).raw, Certificate) : null
  const serialNumber = randomBytes(16)
  serialNumber.writeUInt8((serialNumber.readUInt8(0) & 0x3f) | 0x40, 0)
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 })
  const subject = distinguishedName(wish.subject)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: exactBytes(serialNumber),
    signature: algorithm,
    issuer: issuer?.tbsCertificate.subject ?? subject,
    validity: new Validity({
      notBefore: wish.notBefore ?? new Date(Date.now() - HOUR),
      notAfter: wish.notAfter ?? new Date(Date.now() + HOUR),
    }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: extensionsOf(wish),
  })
  const signer = createPrivateKey(wish.issuer?.key ?? key)
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer)
  const signed = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: exactBytes(signature),
  })
  return { certificate: new X509Certificate(Buffer.from(AsnConvert.serialize(signed))).toString(), key }
}
