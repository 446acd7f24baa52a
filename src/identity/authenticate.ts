import type { TLSSocket } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/schema.ts'
import { Refusal } from '../refusal.ts'
import { readBearer, readTokenHeader, type TokenHeader } from './bearer.ts'
import type { FollowedIssuer } from './certificate-issuers.ts'
import {
  type CertifiedConnections,
  createCertifiedConnections,
  createClientCertificates,
  type Distrust,
} from './client-certificates.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { checkConfirmation } from './confirmation.ts'
import type { KeysState } from './issuer-keys.ts'
import { createKeyRing, type HeldKeys, type KeyRing } from './key-ring.ts'
import type { CertificateFacts, Claims, Principal } from './principal.ts'
import { createTokenCache, type TokenCacheTally } from './token-cache.ts'
import type { TokenIssuer } from './token-issuer.ts'
import { createVerifier, isFor } from './verify.ts'

/** What a request brings to prove who asks. */
export interface Evidence {
  /** Every value of the Authorization header, as received; empty where it is not looked at. */
  readonly authorization: readonly string[]
  /** On a listener whose tokens come in a header of its own. */
  readonly tokenHeader?: TokenHeader
  /** The connection on which it came, whatever that proves; absent: unknown. */
  readonly connection?: object
  /** The connection when its client certificate was verified by the TLS handshake (`authorized` is true), else null. */
  readonly socket: TLSSocket | null
}

export interface Authenticator {
  /**
   * Who asks. A principal at once when it is known already, a promise when a token must be verified first.
   *
   * @throws Refusal (or rejects with one): no credentials, bad credentials, or an issuer's keys that cannot be had
   */
  authenticate(evidence: Evidence): Principal | Promise<Principal>
  /** Whether a principal that was proved by a token, also under an older configuration, would still be proved by it. */
  stillProves(principal: Principal): boolean
  /**
   * The authenticator of other issuers: itself where they are the same, files included. What the two have in common goes
   * on: the keys of an issuer that has not changed, and what is known of open connections. It is in charge of those once
   * `takeOver` is called, and then this one is to be closed.
   *
   * @throws as createAuthenticator
   */
  next(issuers: Config['issuers']): Promise<Authenticator>
  /** Looks at every open connection's certificate again, and whenever the issuers' files change. */
  takeOver(): void
  /** How it stands with what tokens and certificates are proved by. */
  issuers(): { readonly tokens: readonly TokenIssuerState[]; readonly certificates: readonly FollowedIssuer[] }
  /** How many tokens are remembered now, and how often one was and was not since the first configuration. */
  tokenCache(): Readonly<TokenCacheTally> & { readonly size: number }
  /** Ends fetches that are under way for nobody else, and follows no file any more. */
  close(): void
}

export interface TokenIssuerState extends KeysState {
  readonly name: string
}

export interface AuthenticatorOptions {
  /** Milliseconds since the epoch; the system's clock unless told. */
  readonly now?: Clock['now']
  /** The system's timers unless told. */
  readonly after?: Clock['after']
  /**
   * Takes lines for the operator: an issuer's keys can no longer be fetched, or can again; changed files are in use, or
   * cannot be used.
   */
  readonly warn?: (message: string) => void
  /** Takes open connections whose certificate, by which they were let in, is revoked or no longer an issuer's. */
  readonly distrust?: Distrust
}

function missing(tokenHeader: TokenHeader | undefined): Refusal {
  const { header, value } =
    tokenHeader === undefined
      ? { header: 'Authorization', value: 'Bearer <token>' }
      : { header: tokenHeader.name, value: '<token>' }
  return new Refusal(
    'credentials-missing',
    `no credentials: give a token ("HttpHeaders": {"${header}": "${value}"} in the docker client's config.json, ` +
      `or DOCKER_CUSTOM_HEADERS="${header}=${value}"), or a client certificate ` +
      '(docker --tlsverify --tlscert FILE --tlskey FILE)',
  )
}

/**
 * Makes the authenticator of all configured issuers. Key files and authorities are read now; remote keys are fetched in
 * the background, so that an issuer that is away does not keep the gate from starting.
 *
 * A token decides whenever there is one: a bad token is refused, whatever certificate stands beside it, and a good
 * one's principal has that certificate's facts as evidence.
 *
 * @throws Error (as a rejection) with a message for the operator when a file or a URL cannot be used
 */
export async function createAuthenticator(
  issuers: Config['issuers'],
  options: AuthenticatorOptions = {},
): Promise<Authenticator> {
  const { now = SYSTEM_CLOCK.now, after = SYSTEM_CLOCK.after, warn = () => {}, distrust = () => {} } = options
  const ring = createKeyRing({ clock: { now, after }, warn })
  const connections = createCertifiedConnections()
  const lasting = { now, warn, distrust, ring, connections, proofs: new WeakMap(), tally: { hits: 0, misses: 0 } }
  const first = create(issuers, await takeKeys(issuers, ring), lasting)
  first.takeOver()
  return first
}

/** What outlives a configuration. */
interface Lasting extends Required<Pick<AuthenticatorOptions, 'now' | 'warn' | 'distrust'>> {
  readonly ring: KeyRing
  readonly connections: CertifiedConnections
  /** By what a token with these claims was proved (`HeldKeys.source`). */
  readonly proofs: WeakMap<Claims, string>
  readonly tally: TokenCacheTally
}

interface HeldIssuer extends TokenIssuer {
  readonly held: HeldKeys
}

/** Releases the keys when it throws. */
function create(issuers: Config['issuers'], tokens: readonly HeldIssuer[], lasting: Lasting): Authenticator {
  const { now, warn, distrust, connections, proofs, ring, tally } = lasting
  const closing = new AbortController()
  const certificates = orRelease(tokens, () =>
    createClientCertificates(issuers, { now, warn, distrust, signal: closing.signal, connections }),
  )
  const byName = new Map(tokens.map((issuer) => [issuer.name, issuer]))
  const verify = createVerifier(tokens, now)
  const principalOf = createTokenCache(
    async (token) => {
      const verified = await verify(token)
      const { claims, issuer } = verified.principal
      proofs.set(claims, byName.get(issuer)?.held.source ?? '')
      return verified
    },
    now,
    tally,
  )

  function principalOfCertificate({ socket, tokenHeader }: Evidence): Principal {
    const principal = socket === null ? null : certificates.principalOf(socket)
    if (principal === null) throw missing(tokenHeader)
    return principal
  }

  function confirm(principal: Principal, certificate: CertificateFacts | null): void {
    checkConfirmation(principal, certificate, byName.get(principal.issuer)?.jwt.confirmation === 'required')
  }

  /** The cached principal is shared by all who send its token; the certificate belongs to this connection alone. */
  function onConnection(principal: Principal, certificate: CertificateFacts | null): Principal {
    confirm(principal, certificate)
    return certificate === null ? principal : Object.freeze({ ...principal, certificate })
  }

  const authenticator: Authenticator = {
    authenticate(given) {
      const { authorization, tokenHeader, connection, socket } = given
      const token = tokenHeader === undefined ? readBearer(authorization) : readTokenHeader(tokenHeader)
      if (token === null) return principalOfCertificate(given)
      const evidence = socket === null ? null : certificates.evidenceOf(socket)
      const principal = principalOf(token, connection)
      return principal instanceof Promise
        ? principal.then((proved) => onConnection(proved, evidence))
        : onConnection(principal, evidence)
    },

    stillProves(principal) {
      const source = proofs.get(principal.claims)
      // No token proved it: connections' certificates are looked at by `takeOver`.
      if (source === undefined) return issuers[principal.issuer]?.certificate !== undefined
      const issuer = byName.get(principal.issuer)
      if (issuer === undefined || issuer.held.source !== source || !isFor(issuer.jwt, principal)) return false
      try {
        confirm(principal, principal.certificate)
        return true
      } catch {
        return false
      }
    },

    async next(changed) {
      const taken = await takeKeys(changed, ring)
      const same = taken.length === tokens.length && taken.every(({ keys }, index) => keys === tokens[index]?.keys)
      if (!same || !isDeepStrictEqual(changed, issuers)) return create(changed, taken, lasting)
      release(taken)
      return authenticator
    },

    takeOver: certificates.takeOver,

    issuers: () => ({
      tokens: tokens.map(({ name, keys }) => ({ name, ...keys.state() })),
      certificates: certificates.issuers(),
    }),

    tokenCache: () => ({ ...tally, size: principalOf.size() }),

    close() {
      closing.abort()
      release(tokens)
    },
  }
  return authenticator
}

async function takeKeys(issuers: Config['issuers'], ring: KeyRing): Promise<HeldIssuer[]> {
  const taken: HeldIssuer[] = []
  try {
    for (const [name, { jwt }] of Object.entries(issuers)) {
      if (jwt === undefined) continue
      const held = await ring.take(`issuers.${name}.jwt`, jwt)
      taken.push({ name, jwt, keys: held.keys, held })
    }
  } catch (error) {
    release(taken)
    throw error
  }
  return taken
}

function release(tokens: readonly HeldIssuer[]): void {
  for (const { held } of tokens) held.release()
}

function orRelease<T>(tokens: readonly HeldIssuer[], make: () => T): T {
  try {
    return make()
  } catch (error) {
    release(tokens)
    throw error
  }
}
