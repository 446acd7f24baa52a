import { createHash, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  type GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

const COMMON_NAME = '2.5.4.3'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
/** RFC 8410, section 3. */
const ED25519 = '1.3.101.112'

type Purpose = 'authority' | 'server' | 'client'

/** Who signs: the name and key identifier are copied into what is signed, so that chains are found. */
export interface Signer {
  readonly name: Name
  readonly keyIdentifier: ArrayBuffer
  readonly key: KeyObject
}

export interface CertificateFields {
  readonly purpose: Purpose
  readonly subject: Name
  readonly names: readonly GeneralName[]
  /** The private key whose public half is certified. */
  readonly key: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  /** Null: signed with its own key. */
  readonly signer: Signer | null
}

/** A distinguished name of one common name. */
export function distinguishedName(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName })
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])])
}

const publicInfo = (key: KeyObject) =>
  AsnConvert.parse(createPublicKey(key).export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)

export const exactBytes = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer

/** The key identifier of RFC 7093, section 2, method 1: the leftmost 160 bits of the SHA-256 of the public key. */
export function keyIdentifier(key: KeyObject): ArrayBuffer {
  const digest = createHash('sha256')
    .update(new Uint8Array(publicInfo(key).subjectPublicKey))
    .digest()
  return exactBytes(digest.subarray(0, 20))
}

/** Who signs with this certificate and its key: name and key identifier as the certificate has them. */
export function signerOf(certificate: X509Certificate, key: KeyObject): Signer {
  const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate)
  const found = tbsCertificate.extensions?.find((extension) => extension.extnID === id_ce_subjectKeyIdentifier)
  const identifier = found ? AsnConvert.parse(found.extnValue, SubjectKeyIdentifier).buffer : keyIdentifier(key)
  return { name: tbsCertificate.subject, keyIdentifier: identifier, key }
}

/** An X.509 extension of a value that the library can write. */
export const extension = (extnID: string, critical: boolean, value: unknown) =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

/** RFC 5280, section 4.2.1; Go and OpenSSL refuse a leaf whose extended key usage is for the other side. */
function extensionsOf(fields: CertificateFields): Extensions {
  const authority = fields.purpose === 'authority'
  const usage = authority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature
  const list = [
    extension(id_ce_basicConstraints, true, new BasicConstraints(authority ? { cA: true, pathLenConstraint: 0 } : {})),
    extension(id_ce_keyUsage, true, new KeyUsage(usage)),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier(fields.key))),
  ]
  if (fields.signer !== null) {
    const identifier = new KeyIdentifier(fields.signer.keyIdentifier)
    list.push(extension(id_ce_authorityKeyIdentifier, false, new AuthorityKeyIdentifier({ keyIdentifier: identifier })))
  }
  if (!authority) {
    const purpose = fields.purpose === 'server' ? id_kp_serverAuth : id_kp_clientAuth
    list.push(extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([purpose])))
  }
  if (fields.names.length > 0) {
    list.push(extension(id_ce_subjectAltName, false, new SubjectAlternativeName([...fields.names])))
  }
  return new Extensions(list)
}

/** 128 random bits, but for the top two: positive and of one length in DER (RFC 5280, section 4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return exactBytes(bytes)
}

/** The algorithm that a key signs with: Ed25519, else ECDSA with SHA-256. */
export function signatureAlgorithmOf(key: KeyObject): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm: key.asymmetricKeyType === 'ed25519' ? ED25519 : ECDSA_WITH_SHA256 })
}

/** The signature of what is to be signed, with the algorithm of `signatureAlgorithmOf`. */
export function signatureOf(toBeSigned: unknown, key: KeyObject): ArrayBuffer {
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return exactBytes(sign(digest, Buffer.from(AsnConvert.serialize(toBeSigned)), key))
}

/** Makes and signs an X.509 v3 certificate (RFC 5280); the result is PEM. */
export function makeCertificate(fields: CertificateFields): string {
  const key = fields.signer?.key ?? fields.key
  const algorithm = signatureAlgorithmOf(key)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: fields.signer?.name ?? fields.subject,
    validity: new Validity({ notBefore: fields.notBefore, notAfter: fields.notAfter }),
    subject: fields.subject,
    subjectPublicKeyInfo: publicInfo(fields.key),
    extensions: extensionsOf(fields),
  })
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: signatureOf(tbsCertificate, key),
  })
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString()
}
