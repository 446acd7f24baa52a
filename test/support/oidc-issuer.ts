import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider, { type Context } from 'oidc-provider'
import { Agent, request } from 'undici'
import { makeTestCertificate } from './certificates.ts'

interface OidcTokenOptions {
  /** `https://docker.example` unless told; an absolute URI, as RFC 8707 has it. */
  readonly audience?: string
  /** Seconds, 300 unless told. */
  readonly lifetime?: number
}

/** A real OpenID provider on the loopback interface, over TLS with an authority of its own. */
export interface OidcIssuer {
  /** Its issuer URL, below which discovery works: `https://localhost:PORT`. */
  readonly issuer: string
  readonly port: number
  /** PEM of the authority that signed its certificate. */
  readonly ca: string
  /** The `sub` of its tokens. */
  readonly subject: string
  /** The paths that it was asked for, tokens left away. */
  readonly asked: string[]
  /** Publishes the keys with these ids, made at their first use, and signs with the first. */
  useKeys(first: string, ...more: string[]): Promise<void>
  /** Answers everything but the token endpoint instead of the provider; null gives it back to the provider. */
  answerWith(answer: RequestListener | null): void
  /** Asks the token endpoint for a JWT access token (RFC 9068, client credentials) with these claims beside its own. */
  token(claims?: Readonly<Record<string, unknown>>, options?: OidcTokenOptions): Promise<string>
  close(): Promise<void>
}

const SUBJECT = 'ci-runner'
const AUDIENCE = 'https://docker.example'

/** Starts oidc-provider on a free port, with a key `one`. Close it when done. */
export async function startOidcIssuer(): Promise<OidcIssuer> {
  const secret = randomBytes(16).toString('hex')
  const authority = makeTestCertificate({ subject: [{ CN: 'issuer CA' }], ca: true })
  const usages = ['1.3.6.1.5.5.7.3.1']
  const own = makeTestCertificate({ subject: [{ CN: 'issuer' }], issuer: authority, dns: ['localhost'], usages })
  const server = https.createServer({ cert: own.certificate, key: own.key })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const issuer = `https://localhost:${port}`

  const keys = new Map<string, JWK>()
  const asked: string[] = []
  let provider: RequestListener
  let instead: RequestListener | null = null
  const useKeys: OidcIssuer['useKeys'] = async (...kids) => {
    for (const kid of kids) if (!keys.has(kid)) keys.set(kid, await makeKey(kid))
    provider = new Provider(
      issuer,
      configuration(
        secret,
        kids.flatMap((kid) => keys.get(kid) ?? []),
      ),
    ).callback()
  }
  await useKeys('one')
  server.on('request', (incoming, response) => {
    if (incoming.url === '/token') return provider(incoming, response)
    asked.push(incoming.url ?? '')
    return (instead ?? provider)(incoming, response)
  })

  const dispatcher = new Agent({ connect: { ca: authority.certificate } })
  return {
    issuer,
    port,
    ca: authority.certificate,
    subject: SUBJECT,
    asked,
    useKeys,
    answerWith(answer) {
      instead = answer
    },
    async token(claims = {}, { audience = AUDIENCE, lifetime = 300 } = {}) {
      const { body } = await request(`${issuer}/token`, {
        method: 'POST',
        dispatcher,
        headers: {
          authorization: `Basic ${Buffer.from(`${SUBJECT}:${secret}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
          'x-test-claims': JSON.stringify(claims),
          'x-test-lifetime': String(lifetime),
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }).toString(),
      })
      const answer = (await body.json()) as { access_token?: string }
      if (answer.access_token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`)
      return answer.access_token
    },
    async close() {
      await dispatcher.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function makeKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' }
}

function configuration(secret: string, keys: readonly JWK[]) {
  return {
    clients: [
      {
        client_id: SUBJECT,
        client_secret: secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientAuthMethods: ['client_secret_basic'],
    jwks: { keys },
    cookies: { keys: [secret] },
    ttl: { ClientCredentials: (context: Context) => Number(context.get('x-test-lifetime')) },
    extraTokenClaims: (context: Context) => JSON.parse(context.get('x-test-claims')),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (context: Context, audience: string) => ({
          scope: '',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: Number(context.get('x-test-lifetime')),
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  }
}
