/** A JSON value from a verified token; objects have a null prototype. */
export type ClaimValue =
  | string
  | number
  | boolean
  | null
  | readonly ClaimValue[]
  | { readonly [name: string]: ClaimValue }

export type Claims = Readonly<Record<string, ClaimValue>>

/** What a verified client certificate's leaf says (RFC 5280). */
export interface CertificateFacts {
  /** RFC 4514-like, one line, e.g. `CN=ops,O=acme`. */
  readonly subject: string
  /** The first CN of the subject, or the empty string. */
  readonly commonName: string
  readonly dns: readonly string[]
  readonly uri: readonly string[]
  readonly email: readonly string[]
  /** The name of the authority that signed it, in the subject's form. */
  readonly issuer: string
  /** Upper-case hex without separators. */
  readonly serial: string
  /** SHA-256 of the DER, lower-case hex without separators. */
  readonly fingerprint: string
}

/** Who asks: proved by a token or a certificate, never by what a client merely says. */
export interface Principal {
  /** The configured issuer's name (the key under `issuers:`). */
  readonly issuer: string
  /** RFC 7519 `sub`, or the certificate's subject. */
  readonly subject: string
  /** The verified token's claims; empty for a certificate alone. Null prototype. */
  readonly claims: Claims
  /** The verified certificate of the connection, also when a token decides (evidence beside it). */
  readonly certificate: CertificateFacts | null
  /** When the proof ends, seconds since the epoch. */
  readonly expiresAt: number
}
