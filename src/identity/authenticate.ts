import type { TLSSocket } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { Refusal } from '../refusal.ts'
import { readBearer, readTokenHeader, type TokenHeader } from './bearer.ts'
import { createClientCertificates, type Distrust } from './client-certificates.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { checkConfirmation } from './confirmation.ts'
import { createKeys } from './keys.ts'
import type { CertificateFacts, Principal } from './principal.ts'
import type { RemoteKeysOptions } from './remote-keys.ts'
import { createTokenCache } from './token-cache.ts'
import type { TokenIssuer } from './token-issuer.ts'
import { createVerifier } from './verify.ts'

/** What a request brings to prove who asks. */
export interface Evidence {
  /** Every value of the Authorization header, as received; empty where it is not looked at. */
  readonly authorization: readonly string[]
  /** On a listener whose tokens come in a header of its own. */
  readonly tokenHeader?: TokenHeader
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
  /** Ends fetches that are under way, and follows no file any more. */
  close(): void
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
  const closing = new AbortController()
  const certificates = createClientCertificates(issuers, { now, warn, distrust, signal: closing.signal })

  const remote = { clock: { now, after }, signal: closing.signal, warn }
  const tokens = await readTokenIssuers(issuers, remote).catch((error: unknown) => {
    closing.abort()
    throw error
  })
  const principalOf = createTokenCache(createVerifier(tokens, now), now)
  const confirmed = new Set(tokens.filter(({ jwt }) => jwt.confirmation === 'required').map(({ name }) => name))

  function principalOfCertificate({ socket, tokenHeader }: Evidence): Principal {
    const principal = socket === null ? null : certificates.principalOf(socket)
    if (principal === null) throw missing(tokenHeader)
    return principal
  }

  /** The cached principal is shared by all who send its token; the certificate belongs to this connection alone. */
  function onConnection(principal: Principal, certificate: CertificateFacts | null): Principal {
    checkConfirmation(principal, certificate, confirmed.has(principal.issuer))
    return certificate === null ? principal : Object.freeze({ ...principal, certificate })
  }

  return {
    authenticate(given) {
      const { authorization, tokenHeader, socket } = given
      const token = tokenHeader === undefined ? readBearer(authorization) : readTokenHeader(tokenHeader)
      if (token === null) return principalOfCertificate(given)
      const evidence = socket === null ? null : certificates.evidenceOf(socket)
      const principal = principalOf(token)
      return principal instanceof Promise
        ? principal.then((proved) => onConnection(proved, evidence))
        : onConnection(principal, evidence)
    },
    close: () => closing.abort(),
  }
}

async function readTokenIssuers(issuers: Config['issuers'], remote: RemoteKeysOptions): Promise<TokenIssuer[]> {
  const tokens: TokenIssuer[] = []
  for (const [name, { jwt }] of Object.entries(issuers)) {
    if (jwt) tokens.push({ name, jwt, keys: await createKeys(`issuers.${name}.jwt`, jwt, remote) })
  }
  return tokens
}
