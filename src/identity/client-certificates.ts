import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import { type CertificateIssuer, createAttribution, isCurrent } from './authorities.ts'
import { readCertificate, untrusted } from './certificate.ts'
import type { CertificateFacts, Claims, Principal } from './principal.ts'

export interface ClientCertificates {
  /**
   * Who the connection's certificate says it is; null when the connection has none.
   *
   * @throws Refusal certificate-untrusted
   */
  principalOf(socket: TLSSocket): Principal | null
  /** The certificate as evidence beside a token; null when there is none that could stand for anybody now. */
  evidenceOf(socket: TLSSocket): CertificateFacts | null
}

/** A connection's certificate, read once. */
interface Presented {
  readonly leaf: X509Certificate
  /** The refusal when the certificate may stand for nobody. */
  readonly facts: CertificateFacts | Refusal
  /** The refusal when no issuer stands behind the certificate. */
  readonly principal: Principal | Refusal
}

const NO_CLAIMS: Claims = Object.freeze(Object.create(null))
/** A client may present what it likes: more certificates than this are not looked at. */
const MAX_CHAIN = 16

/**
 * Reads client certificates, once a connection: the TLS session that proved them lasts as long as the connection.
 * Their dates are checked at every use, since a connection, or a resumed session, may outlive a certificate.
 *
 * @param now milliseconds since the epoch
 */
export function createClientCertificates(issuers: readonly CertificateIssuer[], now: () => number): ClientCertificates {
  const standingOf = createAttribution(issuers)
  const bySocket = new WeakMap<TLSSocket, Presented | null>()

  function identify(leaf: X509Certificate, facts: CertificateFacts): Principal | Refusal {
    const standing = standingOf(leaf, chainAbove(leaf), now())
    if (standing === null) {
      const issuer = quoted(leaf.issuer?.replaceAll('\n', ',') ?? '')
      const out = 'add the certificate of that authority, intermediate ones too, to the "authorities" of an issuer'
      return untrusted(`was issued by ${issuer}, and no configured issuer stands behind that; ${out}`)
    }
    const end = Math.min(leaf.validToDate.getTime(), standing.notAfter)
    return Object.freeze({
      issuer: standing.issuer,
      subject: subjectOf(facts),
      claims: NO_CLAIMS,
      certificate: facts,
      expiresAt: Math.floor(end / 1000),
    })
  }

  function read(socket: TLSSocket): Presented | null {
    const known = bySocket.get(socket)
    if (known !== undefined) return known
    // A session of TLS 1.3 without a certificate, resumed, is "authorized" on some releases of Node: no leaf, no name.
    const leaf = socket.authorized ? socket.getPeerX509Certificate() : undefined
    const presented = leaf === undefined ? null : presentedBy(leaf)
    bySocket.set(socket, presented)
    return presented
  }

  function presentedBy(leaf: X509Certificate): Presented {
    try {
      const facts = readCertificate(leaf)
      return { leaf, facts, principal: identify(leaf, facts) }
    } catch (error) {
      const refusal = error instanceof Refusal ? error : untrusted('cannot be read')
      return { leaf, facts: refusal, principal: refusal }
    }
  }

  return {
    principalOf(socket) {
      const presented = read(socket)
      if (presented === null) return null
      const { leaf, principal } = presented
      if (!isCurrent(leaf, now())) throw untrusted('has expired, or is not valid yet')
      if (principal instanceof Refusal) throw new Refusal(principal.reason, principal.message)
      if (now() / 1000 >= principal.expiresAt)
        throw untrusted('comes from an authority whose own certificate has expired')
      return principal
    },

    evidenceOf(socket) {
      const presented = read(socket)
      if (presented === null || presented.facts instanceof Refusal) return null
      return isCurrent(presented.leaf, now()) ? presented.facts : null
    },
  }
}

/** A SPIFFE certificate has an empty subject: its first name stands for it, or its fingerprint when it has none. */
export function subjectOf({ subject, uri, dns, email, fingerprint }: CertificateFacts): string {
  return subject || uri[0] || dns[0] || email[0] || `sha256:${fingerprint}`
}

/** What the client presented above its leaf, in its order. It proves nothing by being there. */
function chainAbove(leaf: X509Certificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let certificate = leaf.issuerCertificate
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate)
    certificate = certificate.issuerCertificate
  }
  return chain
}
