import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Context } from 'oidc-provider'

interface OidcTokenOptions {
  /** `https://docker.example` unless told; an absolute URI, as RFC 8707 has it. */
  readonly audience?: string
  /** Seconds, 300 unless told. */
  readonly lifetime?: number
}

/** A real OpenID provider on the loopback interface. */
export interface OidcIssuer {
  /** Its issuer URL, below which discovery works. */
  readonly issuer: string
  /** The `sub` of its tokens. */
  readonly subject: string
  /** Asks the token endpoint for a JWT access token (RFC 9068, client credentials) with these claims beside its own. */
  token(claims?: Readonly<Record<string, unknown>>, options?: OidcTokenOptions): Promise<string>
  close(): Promise<void>
}

const SUBJECT = 'ci-runner'
const AUDIENCE = 'https://docker.example'

/** Starts oidc-provider on a free port. Close it when done. */
export async function startOidcIssuer(): Promise<OidcIssuer> {
  const secret = randomBytes(16).toString('hex')
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'one', alg: 'ES256', use: 'sig' }

  const server = http.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, configuration(secret, key))
  server.on('request', provider.callback())

  return {
    issuer,
    subject: SUBJECT,
    async token(claims = {}, { audience = AUDIENCE, lifetime = 300 } = {}) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${SUBJECT}:${secret}`).toString('base64')}`,
          'x-test-claims': JSON.stringify(claims),
          'x-test-lifetime': String(lifetime),
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
      })
      const answer = (await response.json()) as { access_token?: string }
      if (answer.access_token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`)
      return answer.access_token
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function configuration(secret: string, key: object) {
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
    jwks: { keys: [key] },
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
