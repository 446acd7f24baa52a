import { z } from 'zod'
import { completeIssuer } from './issuer.ts'
import { ISSUER_PRESETS } from './issuer-presets.ts'
import { duration, HOUR, MINUTE, SECOND } from './quantities.ts'
import { path, paths, text } from './scalars.ts'

/** Signature algorithms that an issuer may be given (RFC 7518, RFC 8037, RFC 9864): asymmetric ones only. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
  error: 'is no id such as 01234567-89ab-cdef-0123-456789abcdef',
})

const jwtIssuerAsWritten = z.strictObject({
  preset: z
    .enum(ISSUER_PRESETS)
    .optional()
    .describe('An identity provider that is known; docs/issuers.md has a block to copy for each'),
  host: z
    .string()
    .regex(/^[a-z0-9.-]{1,253}(:[1-9][0-9]{0,4})?$/, { error: 'is no host such as git.example.com' })
    .optional()
    .describe('Host of an own GitHub or GitLab, for presets github-actions and gitlab-ci, instead of issuer'),
  tenant: uuid.optional().describe('Id of the directory, for preset azure-ad, instead of issuer'),
  organization: uuid.optional().describe('Id of the organization, for preset circleci, instead of issuer'),
  issuer: text.optional().describe("Equals the token's `iss`, to the letter; required without a preset that knows it"),
  audience: z
    .union([text, z.array(text).min(1)], { error: 'wants an audience or a list of audiences, none of them empty' })
    .optional()
    .describe("One that the token's `aud` must hold, or a list of them; required, but for preset circleci"),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .optional()
    .describe(
      "Signature algorithms, asymmetric ones only. Left out: the preset's, else RS256, PS256, ES256, ES384, EdDSA, Ed25519",
    ),
  jwksUri: z
    .url({ error: 'is no URL' })
    .optional()
    .describe(
      'URL of the keys (JWKS): https, or http on loopback. Left out, with jwksFile and publicKey: by OIDC discovery below issuer',
    ),
  jwksFile: path.optional().describe('File of the keys (JWKS), instead of a URL'),
  publicKey: path.optional().describe('PEM file of the only key, instead of a URL'),
  ca: path
    .optional()
    .describe("PEM bundle that the server of the keys is verified against. Left out: Node's authorities"),
  proxy: z
    .url({ error: 'is no URL' })
    .optional()
    .describe('`http://host:port` or `https://host:port` of a proxy on the way to the keys'),
  refresh: duration(MINUTE, 24 * HOUR)
    .optional()
    .describe('Keys are fetched again before they are this old: 1m to 24h. Left out: 10m'),
  outage: duration(0, 7 * 24 * HOUR)
    .optional()
    .describe('How long keys serve beyond that while they cannot be fetched: 0s to 168h. Left out: 1h'),
  confirmation: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('required: only tokens that are bound to the client certificate of their connection'),
  clockTolerance: duration(0, 5 * MINUTE)
    .default(30 * SECOND)
    .describe('For `exp`, `nbf` and `iat`, 0s to 5m'),
})

/** An issuer of tokens before its preset and the defaults are filled in. */
export type JwtIssuerAsWritten = z.output<typeof jwtIssuerAsWritten>
export type Algorithm = (typeof ALGORITHMS)[number]

const jwtIssuer = jwtIssuerAsWritten.transform(completeIssuer)

/** One pattern, or several of which one must fit; `*` stands for any run of characters. */
const patterns = z
  .union([text, z.array(text).min(1)], { error: 'wants a pattern or a list of patterns, none of them empty' })
  .transform((value) => (typeof value === 'string' ? [value] : value))

const pin = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, {
  error: "is no pin: wants the SHA-256 of a public key's SubjectPublicKeyInfo in base64, 44 characters",
})
/** The SPIFFE ID standard, section 2.1. */
const trustDomain = z.string().regex(/^[a-z0-9._-]{1,255}$/, {
  error: 'is no trust domain: lower-case letters, digits, ".", "-" and "_", without spiffe://',
})

/** The attributes of a subject that a rule may name, as OpenSSL calls them. */
const subjectRule = z.strictObject({
  CN: patterns.optional().describe('Common name'),
  O: patterns.optional().describe('Organisation'),
  OU: patterns.optional().describe('Organisational unit'),
  C: patterns.optional().describe('Country'),
  ST: patterns.optional().describe('State or province'),
  L: patterns.optional().describe('Locality'),
  DC: patterns.optional().describe('Domain component'),
  UID: patterns.optional().describe('User id'),
  title: patterns.optional().describe('Title'),
  serialNumber: patterns.optional().describe('Serial number of the subject'),
  emailAddress: patterns.optional().describe('E-mail address'),
})

/** Authorities between a client's certificate and one that is configured; real paths have one or two. */
const MOST_INTERMEDIATES = 8

const certificateIssuer = z.strictObject({
  authorities: paths.describe(
    'PEM bundle, or a list of bundles: the issuer speaks for client certificates that one of these authorities has signed',
  ),
  crl: paths
    .optional()
    .describe(
      'Revocation lists of those authorities (PEM or DER, up to 4 MiB each): a file, a folder of such files, or a list of both',
    ),
  depth: z
    .int()
    .min(0)
    .max(MOST_INTERMEDIATES)
    .default(MOST_INTERMEDIATES)
    .describe("Most intermediate authorities between a client's certificate and one of `authorities`, 0 to 8"),
  pins: z
    .array(pin)
    .min(1)
    .optional()
    .describe(
      "SHA-256 of public keys (SPKI) in base64; the client's key, or that of an authority on its path, must be one of them",
    ),
  subject: subjectRule.optional().describe('Patterns by attribute of the subject: `{ O: acme, OU: [ops, "build-*"] }`'),
  san: z
    .strictObject({
      dns: patterns.optional().describe('DNS names'),
      uri: patterns.optional().describe('URIs'),
      email: patterns.optional().describe('e-mail addresses'),
    })
    .optional()
    .describe('Patterns by kind of alternative name: `{ dns: "*.ci.acme.io" }`'),
  spiffe: trustDomain
    .optional()
    .describe(
      'A SPIFFE trust domain, `acme.io`: only certificates with exactly one URI, an ID of that domain, which is then the subject',
    ),
})

/** One value of `issuers`. */
export const issuerSchema = z
  .strictObject({
    jwt: jwtIssuer.optional().describe('An issuer of tokens (JWT)'),
    certificate: certificateIssuer.optional().describe('An issuer of client certificates'),
  })
  .meta({ minProperties: 1, maxProperties: 1 })
