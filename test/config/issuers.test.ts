import { afterAll, describe, expect, it } from 'vitest'
import { certificateFor, createWorkspace } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())
workspace.write('ca.pem', certificateFor().certificate)

const GITHUB = 'https://token.actions.githubusercontent.com'
const ID = '01234567-89ab-cdef-0123-456789abcdef'

const jwt = (settings: string) => ({ 4: `  local: {jwt: {${settings}}}` })
const bound = (settings: string, when: string) => ({
  ...jwt(settings),
  8: `  - {role: observer, issuer: local, when: '${when}'}`,
})
const issuerOf = (settings: string, when = 'false') =>
  workspace.loadWith(bound(settings, when)).config.issuers.local?.jwt

describe('a preset', () => {
  it.each([
    ['preset: github-actions', GITHUB],
    ['preset: github-actions, host: github.com', GITHUB],
    ['preset: github-actions, host: git.acme.io', 'https://git.acme.io/_services/token'],
    ['preset: github-actions, host: "git.acme.io:8443"', 'https://git.acme.io:8443/_services/token'],
    ['preset: github-actions, host: acme.ghe.com', 'https://token.actions.acme.ghe.com'],
    [`preset: github-actions, issuer: "${GITHUB}/acme"`, `${GITHUB}/acme`],
    ['preset: gitlab-ci', 'https://gitlab.com'],
    ['preset: gitlab-ci, host: git.acme.io', 'https://git.acme.io'],
    ['preset: gitlab-ci, issuer: "https://acme.io/gitlab"', 'https://acme.io/gitlab'],
    ['preset: buildkite', 'https://agent.buildkite.com'],
    ['preset: google', 'https://accounts.google.com'],
    [`preset: circleci, organization: ${ID}`, `https://oidc.circleci.com/org/${ID}`],
    [`preset: azure-ad, tenant: ${ID}`, `https://login.microsoftonline.com/${ID}/v2.0`],
    [`preset: azure-ad, issuer: "https://sts.windows.net/${ID}/"`, `https://sts.windows.net/${ID}/`],
    ['preset: kubernetes, issuer: "https://kubernetes.default.svc"', 'https://kubernetes.default.svc'],
    ['preset: generic-oidc, issuer: "https://id.acme.io"', 'https://id.acme.io'],
  ])('{%s} is for %s', (settings, issuer) => {
    expect(issuerOf(`${settings}, audience: docker`)).toMatchObject({ issuer, audience: 'docker' })
  })

  it('lets tokens be signed only with what the provider signs with, unless told', () => {
    const algorithms = (settings: string) => issuerOf(`${settings}, audience: b`)?.algorithms
    expect(algorithms('preset: github-actions')).toEqual(['RS256'])
    expect(algorithms('preset: kubernetes, issuer: "https://k"')).toEqual(['RS256', 'ES256', 'ES384', 'ES512'])
    expect(algorithms('preset: generic-oidc, issuer: "https://k"')).toEqual(algorithms('issuer: "https://k"'))
    expect(algorithms('preset: gitlab-ci, algorithms: [ES256]')).toEqual(['ES256'])
  })

  it('of CircleCI has the organization for an audience, which is what its default tokens are for', () => {
    expect(issuerOf(`preset: circleci, organization: ${ID}`)).toMatchObject({ audience: ID })
    expect(issuerOf(`preset: circleci, organization: ${ID}, audience: docker`)).toMatchObject({ audience: 'docker' })
  })

  it.each([
    ['preset: github', 'jwt.preset: "github" is not one of github-actions, gitlab-ci, kubernetes, buildkite, circleci'],
    ['preset: github-actions', 'issuers.local.jwt: is missing'.replace('jwt:', 'jwt.audience:')],
    ['preset: kubernetes, audience: b', 'jwt.issuer: add issuer: what kubectl get --raw /.well-known/openid-conf'],
    ['preset: generic-oidc, audience: b', 'jwt.issuer: add issuer: the URL that stands as "iss" in its tokens'],
    ['preset: circleci, audience: b', 'jwt.organization: add organization: the id that Organization Settings'],
    ['preset: azure-ad, audience: b', 'jwt.tenant: add tenant: the id of the directory (tenant)'],
    ['preset: azure-ad, tenant: common, audience: b', 'jwt.tenant: "common" is no id such as 01234567-89ab'],
    ['preset: gitlab-ci, tenant: b, audience: b', 'jwt.tenant: "b" is no id'],
    [`preset: gitlab-ci, tenant: ${ID}, audience: b`, 'jwt.tenant: is for preset azure-ad only'],
    ['host: a.example, issuer: "https://a", audience: b', 'jwt.host: is for preset github-actions and gitlab-ci only'],
    ['preset: gitlab-ci, host: "https://git.acme.io", audience: b', 'jwt.host: "https://git.acme.io" is no host such'],
    ['preset: gitlab-ci, host: git.acme.io/x, audience: b', 'jwt.host: "git.acme.io/x" is no host such as'],
    [
      'preset: gitlab-ci, host: git.acme.io, issuer: "https://git.acme.io", audience: b',
      'jwt.host: "issuer" is given already, and says the same; keep one',
    ],
    ['audience: b', 'jwt.issuer: is missing'],
  ])('refuses {%s} and says what to write', (settings, message) => {
    expect(workspace.problemsWith(bound(settings, 'false')).join('\n')).toContain(message)
  })

  it('takes its keys through a proxy, with authorities of its own, and for as long as it is told', () => {
    const settings = 'preset: gitlab-ci, host: git.acme.io, audience: b, ca: ca.pem, proxy: "http://proxy:3128"'
    expect(issuerOf(`${settings}, refresh: 5m, outage: 2h`)).toMatchObject({
      ca: `${workspace.directory}/ca.pem`,
      proxy: 'http://proxy:3128',
      refresh: 300_000,
      outage: 7_200_000,
    })
    expect(issuerOf(settings)).toMatchObject({ refresh: 600_000, outage: 3_600_000 })
  })
})

describe('a binding to an issuer that signs tokens for everybody', () => {
  it.each([
    ['preset: github-actions', 'claims.repository_owner == "your-organisation"'],
    [`issuer: "${GITHUB}"`, 'claims.repository_owner == "your-organisation"'],
    [`issuer: "${GITHUB}/"`, 'claims.repository_owner == "your-organisation"'],
    ['preset: gitlab-ci', 'claims.namespace_path == "your-group"'],
    ['preset: buildkite', 'claims.organization_slug == "your-organisation"'],
    ['issuer: "https://app.terraform.io"', 'claims.terraform_organization_name == "your-organisation"'],
    ['preset: google', 'claims.email == "your-account@your-project.iam.gserviceaccount.com"'],
    ['preset: azure-ad, tenant: 9188040d-6c67-4c5b-b112-36a304b66dad', 'claims.oid == "id-of-your-account"'],
  ])('is refused for {%s} without a condition that names a tenant, and the line to add works', (settings, example) => {
    const issuer = `${settings}, audience: b`
    expect(workspace.problemsWith(jwt(issuer))).toEqual([
      expect.stringMatching(
        /^dockgate\.yaml:8:5: bindings\[0\]: https:.* signs tokens for everybody who has an account/,
      ),
    ])
    expect(workspace.problemsWith(jwt(issuer)).join()).toContain(`so this binding needs a "when": add when: ${example}`)
    const [problem] = workspace.problemsWith(bound(issuer, 'claims.aud == "b"'))
    expect(problem).toMatch(/^dockgate\.yaml:8:43: bindings\[0\]\.when: .* this condition lets strangers in: add && /)
    expect(problem).toContain(`add && ${example} (`)
    expect(workspace.problemsWith(bound(issuer, example))).toEqual([])
    expect(workspace.problemsWith(bound(issuer, `claims.aud == "b" && ${example}`))).toEqual([])
  })

  it.each([
    'preset: github-actions, host: git.acme.io',
    `preset: github-actions, issuer: "${GITHUB}/acme"`,
    'preset: gitlab-ci, host: git.acme.io',
    `preset: circleci, organization: ${ID}`,
    `preset: azure-ad, tenant: ${ID}`,
    'preset: kubernetes, issuer: "https://kubernetes.default.svc"',
  ])('is not what {%s} is: all its tokens are of one owner', (settings) => {
    expect(workspace.problemsWith(jwt(`${settings}, audience: b`))).toEqual([])
  })

  it('says nothing of a condition that cannot be read but what is wrong with it', () => {
    expect(workspace.problemsWith(bound('preset: github-actions, audience: b', 'claims.ref ='))).toEqual([
      expect.stringContaining('not a CEL condition'),
    ])
  })
})

describe('a condition over claims that the tokens of a preset never have', () => {
  const warnings = (settings: string, when: string) => workspace.warningsWith(bound(`${settings}, audience: b`, when))
  const OWN = 'preset: github-actions, host: git.acme.io'

  it.each([
    [
      OWN,
      'claims.repository_ownr == "acme"',
      '8:44: bindings[0].when: a token of github-actions has no claim "repository_ownr"; did you mean "repository_owner"?',
    ],
    [OWN, 'has(claims.project_path)', 'a token of github-actions has no claim "project_path"'],
    [
      OWN,
      'claims.run_attempt == 1',
      '8:66: bindings[0].when: a token of github-actions has a text as "run_attempt", which never equals this',
    ],
    [OWN, 'claims.actor_id in [12, 13]', 'has a text as "actor_id", which never equals this'],
    [
      'preset: gitlab-ci, host: git.acme.io',
      'claims.ref_protected == true',
      'a token of gitlab-ci has a text as "ref_protected"',
    ],
    [
      'preset: kubernetes, issuer: "https://k"',
      'claims.namespace == "ci"',
      'a token of kubernetes has no claim "namespace"',
    ],
    [
      `preset: circleci, organization: ${ID}`,
      'claims["oidc.circleci.com/ssh-rerun"] == "true"',
      'has a boolean as "oidc.circleci.com/ssh-rerun"',
    ],
    [`preset: azure-ad, tenant: ${ID}`, '"admins" == claims.groups', 'has a list as "groups", which never equals this'],
  ])('is worth a word: {%s} %s', (settings, when, message) => {
    expect(warnings(settings, when)).toEqual([expect.stringContaining(message)])
  })

  it.each([
    [OWN, 'claims.repository_owner == "acme" && claims.ref == "refs/heads/main" && subject.startsWith("repo:")'],
    [OWN, 'claims.repo_property_team == "platform" || "acme" in claims.aud || claims.aud == "x"'],
    [OWN, 'claims.exp > 1 && claims.jti != "x"'],
    ['preset: kubernetes, issuer: "https://k"', 'claims["kubernetes.io"].namespace == "ci"'],
    [`preset: azure-ad, tenant: ${ID}`, '"admin" in claims.roles && claims.extension_ab12_team == "x"'],
    ['issuer: "https://id.acme.io"', 'claims.anything == 1'],
  ])('is not %s %s', (settings, when) => {
    expect(warnings(settings, when)).toEqual([])
  })
})
