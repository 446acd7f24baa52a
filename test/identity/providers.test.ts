import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issuerPreset } from '../../src/config/issuer-presets.ts'
import { createAuthenticator } from '../../src/identity/authenticate.ts'
import type { Claims, Principal } from '../../src/identity/principal.ts'
import { compileCondition } from '../../src/policy/condition.ts'
import { REQUEST } from '../policy/fixtures.ts'
import { bearer, createFiles, createSigner, type Issuers, jwtIssuer, refusalOf, type Signer } from './fixture.ts'
import { PROVIDER_TOKENS } from './provider-tokens.ts'

type Provider = keyof typeof PROVIDER_TOKENS
const PROVIDERS = Object.keys(PROVIDER_TOKENS) as Provider[]

/** What a configuration says of each beside `preset` and `audience`. */
const SETTINGS: Readonly<Partial<Record<Provider, object>>> = {
  'gitlab-ci': { host: 'gitlab.example.com' },
  kubernetes: { issuer: 'https://kubernetes.default.svc.cluster.local' },
  circleci: { organization: '01234567-89ab-cdef-0123-456789abcdef' },
  'azure-ad': { tenant: '01234567-89ab-cdef-0123-456789abcdef' },
}

const files = createFiles()
let signer: Signer
let issuers: Issuers
beforeAll(async () => {
  signer = await createSigner('RS256', 'provider')
  const jwksFile = files.write('keys.json', JSON.stringify({ keys: [signer.jwk] }))
  issuers = Object.fromEntries(
    PROVIDERS.map((preset) => [preset, jwtIssuer({ preset, issuer: undefined, jwksFile, ...SETTINGS[preset] })]),
  )
})
afterAll(() => files.remove())

async function principalOf(provider: Provider): Promise<Principal> {
  const authenticator = await createAuthenticator(issuers)
  const principal = await authenticator.authenticate(bearer(await signer.sign(PROVIDER_TOKENS[provider])))
  authenticator.close()
  return principal
}

function holds(text: string, principal: Principal): boolean {
  const condition = compileCondition(text)
  if ('problem' in condition) throw new Error(condition.problem)
  return condition.evaluate(principal, REQUEST).holds
}

describe('a token as its provider documents it', () => {
  it.each(PROVIDERS)('of %s is one of the issuer with that preset', async (provider) => {
    const principal = await principalOf(provider)
    expect(principal).toMatchObject({ issuer: provider, subject: PROVIDER_TOKENS[provider].sub })
    expect(JSON.parse(JSON.stringify(principal.claims))).toMatchObject(PROVIDER_TOKENS[provider])
  })

  it.each(PROVIDERS)('of %s has only claims that the preset knows, and of the types that it knows', (provider) => {
    const table = issuerPreset(provider).claims
    const types = Object.entries(PROVIDER_TOKENS[provider]).map(([name, value]) => [name, typeOf(value)])
    const known = types.map(([name = '']) => [
      name,
      table?.types.get(name) ?? (table?.open.some((prefix) => name.startsWith(prefix)) ? 'text' : 'unknown'),
    ])
    expect(known).toEqual(types)
  })

  it.each<[Provider, string]>([
    ['github-actions', 'claims.repository_owner == "octo-org" && claims.environment == "prod"'],
    ['github-actions', 'claims.repository.startsWith("octo-org/") && claims.repo_property_business_unit == "payments"'],
    ['gitlab-ci', 'claims.project_path.startsWith("my-group/") && claims.ref_protected == "false"'],
    ['gitlab-ci', 'claims.user_identities.exists(one, one.provider == "github")'],
    ['kubernetes', 'subject == "system:serviceaccount:default:default"'],
    ['kubernetes', 'claims["kubernetes.io"].serviceaccount.name == "default"'],
    ['buildkite', 'claims.organization_slug == "acme-inc" && claims.build_number == 1'],
    ['circleci', '!claims["oidc.circleci.com/ssh-rerun"] && claims["oidc.circleci.com/vcs-ref"] == "refs/heads/main"'],
    ['google', 'claims.google.compute_engine.project_id == "my-project" && claims.email_verified == true'],
    ['azure-ad', '"docker.ci" in claims.roles'],
  ])('of %s can be told by %s', async (provider, condition) => {
    expect(holds(condition, await principalOf(provider))).toBe(true)
    const other: Claims = Object.create(null)
    expect(holds(condition, { ...(await principalOf(provider)), subject: 'other', claims: other })).toBe(false)
  })

  it('of one instance is not one of another', async () => {
    const authenticator = await createAuthenticator(issuers)
    for (const iss of ['https://gitlab.com', 'https://GITLAB.example.com', 'https://gitlab.example.com/']) {
      const token = await signer.sign({ ...PROVIDER_TOKENS['gitlab-ci'], iss })
      expect((await refusalOf(authenticator, token)).reason).toBe('token-issuer-unknown')
    }
    authenticator.close()
  })

  it('is refused when it is signed with an algorithm that the provider does not use', async () => {
    const elliptic = await createSigner('ES256', 'provider')
    const authenticator = await createAuthenticator(issuers)
    const refusal = await refusalOf(authenticator, await elliptic.sign(PROVIDER_TOKENS['github-actions']))
    expect(refusal.reason).toBe('token-algorithm')
    expect(refusal.message).toBe('the token is signed with "ES256"; issuer "github-actions" may use RS256 only')
    authenticator.close()
  })
})

function typeOf(value: unknown): string {
  if (typeof value === 'string') return 'text'
  if (Array.isArray(value)) return 'list'
  return typeof value === 'object' ? 'map' : typeof value
}
