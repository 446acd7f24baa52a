import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { Refusal } from '../refusal.ts'
import { isCurrent } from './authorities.ts'
import { readCertificate, untrusted } from './certificate.ts'
import { type FollowedIssuer, followCertificateIssuers } from './certificate-issuers.ts'
import type { CertificateFacts, Claims, Principal } from './principal.ts'
import { type CertificateIssuer, createAttribution } from './standing.ts'

export interface ClientCertificates {
  /**
   * Who the connection's certificate says it is; null when the connection has none.
   *
   * @throws Refusal certificate-untrusted, certificate-revoked
   */
  principalOf(socket: TLSSocket): Principal | null
  /** The certificate as evidence beside a token; null when there is none that could stand for anybody now. */
  evidenceOf(socket: TLSSocket): CertificateFacts | null
  /** Makes these the ones that look after the connections that are open, and looks at each of them again. */
  takeOver(): void
  /** As their files are now. */
  issuers(): readonly FollowedIssuer[]
}

/** The connections that have shown a certificate, whatever the configuration. */
export interface CertifiedConnections {
  readonly bySocket: WeakMap<TLSSocket, Presented | null>
  /** Those that are open and have a certificate. */
  readonly open: Set<TLSSocket>
}

export function createCertifiedConnections(): CertifiedConnections {
  return { bySocket: new WeakMap(), open: new Set() }
}

/** Takes a connection that was let in with a certificate which is no longer good, and why it is not. */
export type Distrust = (socket: TLSSocket, refusal: Refusal) => void

/** A connection's certificate, read once for as long as the issuers stay the same. */
interface Presented {
  readonly issuers: readonly CertificateIssuer[]
  readonly leaf: X509Certificate
  /** The refusal when the certificate may stand for nobody. */
  readonly facts: CertificateFacts | Refusal
  /** The refusal when no issuer stands behind the certificate. */
  readonly principal: Principal | Refusal
  /** What the connection was let in for so far. */
  usedAs: 'nothing' | 'evidence' | 'principal'
}

const NO_CLAIMS: Claims = Object.freeze(Object.create(null))
/** A client may present what it likes: more certificates than this are not looked at. */
const MAX_CHAIN = 16

export interface ClientCertificatesOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Takes lines for the operator. */
  readonly warn: (line: string) => void
  readonly distrust: Distrust
  /** Ends the following of files. */
  readonly signal: AbortSignal
  readonly connections: CertifiedConnections
}

/**
 * Reads client certificates: once a connection, resumed TLS session or not, and again when the authorities or revocation
 * lists of the issuers have changed; then the connections that are open are looked at again at once. Their dates are
 * checked at every use, since a connection, or a resumed session, may outlive a certificate. Open connections are those
 * of `takeOver`: before it, nothing is done about them.
 *
 * @throws Error with a message for the operator when a file cannot be used
 */
export function createClientCertificates(
  configured: Config['issuers'],
  { now, warn, distrust, signal, connections }: ClientCertificatesOptions,
): ClientCertificates {
  const standingOf = createAttribution()
  const { bySocket, open } = connections
  let inCharge = false
  const { current, close } = followCertificateIssuers(configured, { warn, changed: () => inCharge && recheck() })
  signal.addEventListener('abort', close, { once: true })

  function identify(leaf: X509Certificate, facts: CertificateFacts): Principal {
    const standing = standingOf(current(), leaf, facts, chainAbove(leaf), now())
    const end = Math.min(leaf.validToDate.getTime(), standing.notAfter)
    return Object.freeze({
      issuer: standing.issuer.name,
      subject: subjectOf(facts, standing.issuer.isSpiffe),
      claims: NO_CLAIMS,
      certificate: facts,
      expiresAt: Math.floor(end / 1000),
    })
  }

  function read(socket: TLSSocket): Presented | null {
    const known = bySocket.get(socket)
    if (known !== undefined) return known === null || known.issuers === current() ? known : readAgain(socket, known)
    // A session of TLS 1.3 without a certificate, resumed, is "authorized" on some releases of Node: no leaf, no name.
    const leaf = socket.authorized ? socket.getPeerX509Certificate() : undefined
    const presented = leaf === undefined ? null : presentedBy(leaf)
    bySocket.set(socket, presented)
    if (presented !== null && !socket.destroyed) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    return presented
  }

  function readAgain(socket: TLSSocket, { leaf, usedAs }: Presented): Presented {
    const presented = { ...presentedBy(leaf), usedAs }
    bySocket.set(socket, presented)
    return presented
  }

  function presentedBy(leaf: X509Certificate): Presented {
    const common = { issuers: current(), leaf, usedAs: 'nothing' } as const
    const facts = orRefusal(() => readCertificate(leaf))
    const principal = facts instanceof Refusal ? facts : orRefusal(() => identify(leaf, facts))
    return { ...common, facts, principal }
  }

  function recheck(): void {
    for (const socket of open) {
      const before = bySocket.get(socket)
      const after = read(socket)
      const refusal = before && after ? changeOf(before, after) : null
      if (refusal !== null) distrust(socket, refusal)
    }
  }

  return {
    issuers: current,

    principalOf(socket) {
      const presented = read(socket)
      if (presented === null) return null
      const { leaf, principal } = presented
      if (!isCurrent(leaf, now())) throw untrusted('has expired, or is not valid yet')
      if (principal instanceof Refusal) throw new Refusal(principal.reason, principal.message)
      if (now() / 1000 >= principal.expiresAt)
        throw untrusted('comes from an authority whose own certificate has expired')
      presented.usedAs = 'principal'
      return principal
    },

    evidenceOf(socket) {
      const presented = read(socket)
      if (presented === null || presented.facts instanceof Refusal) return null
      if (!isCurrent(presented.leaf, now()) || isRevoked(presented)) return null
      if (presented.usedAs === 'nothing') presented.usedAs = 'evidence'
      return presented.facts
    },

    takeOver() {
      inCharge = true
      recheck()
    },
  }
}

function isRevoked({ principal }: Presented): boolean {
  return principal instanceof Refusal && principal.reason === 'certificate-revoked'
}

/** Why a connection that was let in as before must not go on; null when it may. */
function changeOf(before: Presented, after: Presented): Refusal | null {
  const { principal } = after
  if (before.usedAs === 'nothing') return null
  if (principal instanceof Refusal) return before.usedAs === 'principal' || isRevoked(after) ? principal : null
  if (before.usedAs === 'evidence') return null
  const was = before.principal as Principal
  if (was.issuer === principal.issuer && was.subject === principal.subject) return null
  return untrusted('is one of another issuer now')
}

/** What was found, or the refusal that looking for it threw: anything else that throws is a certificate that cannot be read. */
function orRefusal<T>(find: () => T): T | Refusal {
  try {
    return find()
  } catch (error) {
    return error instanceof Refusal ? error : untrusted('cannot be read')
  }
}

/**
 * What a certificate's principal is called: its subject; without one its first alternative name, or its fingerprint. For
 * an issuer of SPIFFE IDs the ID is the name, whatever else the certificate says.
 */
export function subjectOf({ subject, uri, dns, email, fingerprint }: CertificateFacts, isSpiffe: boolean): string {
  return (isSpiffe && uri[0]) || subject || uri[0] || dns[0] || email[0] || `sha256:${fingerprint}`
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
