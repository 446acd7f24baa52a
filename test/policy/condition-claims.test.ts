import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedIssuer } from '../../src/config/shared-issuers.ts'
import { compileCondition } from '../../src/policy/condition.ts'
import { namesTenant } from '../../src/policy/condition-claims.ts'
import { principalWith, REQUEST } from './fixtures.ts'

function compiled(text: string) {
  const condition = compileCondition(text)
  if ('problem' in condition) throw new Error(`${text}: ${condition.problem}`)
  return condition
}

const names = (text: string, issuer = 'https://token.actions.githubusercontent.com') =>
  namesTenant(compiled(text).ast, sharedIssuer(issuer)?.tenant ?? [])

describe('a condition for tokens of GitHub', () => {
  it.each([
    'claims.repository_owner == "acme"',
    '"acme" == claims.repository_owner',
    'claims["repository_owner"] == "acme"',
    'claims.repository_owner_id == "65"',
    'claims.repository == "acme/app"',
    'claims.repository in ["acme/app", "acme/web"]',
    'claims.repository.startsWith("acme/")',
    'claims.enterprise == "acme"',
    'claims.sub == "repo:acme/app:ref:refs/heads/main"',
    'subject == "repo:acme/app:environment:prod"',
    'subject == "repo:acme@65/app@74:ref:refs/heads/main"',
    'subject.startsWith("repo:acme/")',
    'subject.startsWith("repo:acme@65/")',
    'subject == "repository_owner:acme"',
    'subject.startsWith("repository_owner:acme:")',
    'claims.ref == "refs/heads/main" && claims.repository_owner == "acme"',
    'claims.repository_owner == "acme" || claims.repository_owner == "acme-labs"',
    'claims.ref == "x" ? claims.repository_owner == "acme" : claims.repository == "acme/app"',
    'claims.repository_owner == "acme" ? claims.ref == "x" : false',
    '(claims.repository == "acme/a" || claims.repository == "acme/b") && !(claims.ref == "x")',
    'false',
  ])('names an owner: %s', (text) => {
    expect(names(text)).toBe(true)
  })

  it.each([
    'true',
    'claims.ref == "refs/heads/main"',
    'claims.repository_owner != "evil"',
    '!(claims.repository_owner == "evil")',
    '!(claims.repository_owner != "acme")',
    'claims.repository_owner == "acme" || claims.ref == "refs/heads/main"',
    'claims.repository_owner == "acme" ? true : true',
    'claims.ref == "x" ? true : claims.repository_owner == "acme"',
    'has(claims.repository_owner)',
    'claims.repository_owner in ["acme", string(claims.actor)]',
    'claims.repository_owner in dyn("acme,acme-labs")',
    '"acme" in claims.repository_owner',
    'claims.repository_owner == claims.actor',
    'claims.repository_owner == ""',
    'claims.repository_owner.startsWith("acme")',
    'claims.repository.startsWith("acme")',
    'claims.repository.startsWith("")',
    'claims.repository.endsWith("/app")',
    'claims.repository.contains("acme/")',
    'size(claims.repository_owner) == 4',
    'claims.repository_owner > "acme"',
    'claims.actor == "octocat"',
    'claims.job_workflow_ref.startsWith("acme/workflows/")',
    'claims.repository.owner == "acme"',
    'claims.sub == "environment:prod"',
    'subject == "ref:refs/heads/main"',
    'subject == "environment:prod:repo:acme/app"',
    'subject.startsWith("repo:acme")',
    'subject.startsWith("repo:")',
    'subject.startsWith("repository_owner:acme")',
    '["acme"].exists(claims, claims == "acme")',
    '[{"repository_owner": "acme"}].exists(claims, claims.repository_owner == "acme")',
    'cert.commonName == "ops"',
    'request.address.inNetwork("10.0.0.0/8")',
  ])('names none: %s', (text) => {
    expect(names(text)).toBe(false)
  })

  /** What somebody who is not acme can make a token say. */
  const strangers = ['evil', 'acme-evil', 'acmeevil', 'ACME', 'a'].flatMap((owner) =>
    [
      `repo:${owner}/app:ref:refs/heads/main`,
      'environment:prod',
      'ref:refs/heads/main',
      `repository_owner:${owner}`,
    ].map((sub) => principalWith({ subject: sub, claims: strangersClaims(owner, sub) })),
  )
  function strangersClaims(owner: string, sub: string) {
    return {
      sub,
      repository_owner: owner,
      repository_owner_id: '66',
      repository: `${owner}/app`,
      ref: 'refs/heads/main',
      environment: 'prod',
      actor: 'acme',
      job_workflow_ref: 'acme/workflows/.github/workflows/build.yml@refs/heads/main',
    }
  }

  it('that names an owner lets no stranger in, however it is put together', () => {
    const claim = fc.constantFrom(
      'claims.repository_owner',
      'claims.repository',
      'claims["repository_owner_id"]',
      'subject',
      'claims.sub',
      'claims.ref',
      'claims.environment',
      'claims.actor',
    )
    const text = fc.constantFrom(
      '"acme"',
      '"acme/"',
      '"acme/app"',
      '"65"',
      '"repo:acme"',
      '"repo:acme/"',
      '"repo:acme/app:ref:refs/heads/main"',
      '"environment:prod"',
      '"repository_owner:acme"',
      '"refs/heads/main"',
      '""',
    )
    const atom = fc.oneof(
      fc.tuple(claim, fc.constantFrom('==', '!='), text).map((parts) => parts.join(' ')),
      fc.tuple(text, claim).map(([left, right]) => `${left} == ${right}`),
      fc.tuple(claim, text, text).map(([left, one, two]) => `${left} in [${one}, ${two}]`),
      fc.tuple(claim, text).map(([left, right]) => `${left} in dyn(${right})`),
      fc
        .tuple(claim, fc.constantFrom('startsWith', 'endsWith', 'contains'), text)
        .map(([left, call, right]) => `${left}.${call}(${right})`),
      fc.tuple(claim, claim).map(([left, right]) => `${left} == ${right}`),
      fc.constantFrom('true', 'false', 'has(claims.repository_owner)', 'request.listener == "public"'),
    )
    const { condition } = fc.letrec<{ condition: string }>((tie) => ({
      condition: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a}) && (${b})`),
        fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a}) || (${b})`),
        tie('condition').map((a) => `!(${a})`),
        fc.tuple(tie('condition'), tie('condition'), tie('condition')).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
      ),
    }))
    let named = 0
    fc.assert(
      fc.property(condition, (written) => {
        const one = compiled(written)
        if (!namesTenant(one.ast, sharedIssuer('https://token.actions.githubusercontent.com')?.tenant ?? [])) return
        named += 1
        for (const stranger of strangers) expect(one.evaluate(stranger, REQUEST).holds).toBe(false)
      }),
      { numRuns: 4000 },
    )
    expect(named).toBeGreaterThan(100)
  })
})

describe('a condition for tokens of other shared issuers', () => {
  it.each([
    ['https://gitlab.com', 'claims.namespace_path == "acme"', true],
    ['https://gitlab.com', 'claims.namespace_path.startsWith("acme/")', true],
    ['https://gitlab.com', 'claims.namespace_path.startsWith("acme")', false],
    ['https://gitlab.com', 'claims.project_path in ["acme/app"]', true],
    ['https://gitlab.com', 'subject.startsWith("project_path:acme/app:")', true],
    ['https://gitlab.com', 'subject.startsWith("project_path:acme")', false],
    ['https://gitlab.com', 'claims.job_project_path == "acme/app"', false],
    ['https://gitlab.com', 'claims.user_login == "me"', false],
    ['https://agent.buildkite.com', 'subject.startsWith("organization:acme:")', true],
    ['https://agent.buildkite.com', 'subject.startsWith("organization:acme")', false],
    ['https://agent.buildkite.com', 'claims.pipeline_slug == "app"', false],
    ['https://accounts.google.com', 'claims.hd == "acme.io"', true],
    ['https://accounts.google.com', 'claims.email.endsWith("@acme.iam.gserviceaccount.com")', true],
    ['https://accounts.google.com', 'claims.email.endsWith("acme.iam.gserviceaccount.com")', false],
    ['https://accounts.google.com', 'claims.email.endsWith("@acme.io")', false],
    ['https://accounts.google.com', 'claims.google.compute_engine.project_id == "acme"', true],
    ['https://accounts.google.com', 'claims.google.compute_engine.project_number == 739419398126', true],
    ['https://accounts.google.com', 'claims.google.compute_engine.zone == "us-west1-a"', false],
  ])('%s: %s names a tenant: %s', (issuer, text, expected) => {
    expect(names(text, issuer)).toBe(expected)
  })
})
