import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { issuerSchema } from '../../src/config/issuer-schema.ts'
import { roleSchema } from '../../src/config/schema.ts'
import { authorise } from '../../src/policy/authorise.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { Policy } from '../../src/policy/types.ts'
import { createWorkspace } from '../config/workspace.ts'
import { CERTIFICATE, operation, principalWith, REQUEST } from './fixtures.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

const LOCAL = 'local: {jwt: {issuer: local, audience: b, publicKey: local.pub}}'
const ID = '01234567-89ab-cdef-0123-456789abcdef'

/** A configuration in which everybody of some issuers has a role for own objects. */
function own({
  issuers = [LOCAL],
  bindings = ['{role: ci, issuer: local, owner: "${claims.team}"}'],
  role = '{allow: [read], objects: own}',
}: {
  issuers?: string[]
  bindings?: string[]
  role?: string
} = {}): string {
  return [
    'listeners: [{address: 127.0.0.1:2375}]',
    'ledger: {file: ledger.sqlite}',
    `issuers:\n${issuers.map((one) => `  ${one}\n`).join('')}`,
    `roles: {ci: ${role}, other: {allow: [read], objects: own}}`,
    `bindings:\n${bindings.map((one) => `  - ${one}\n`).join('')}`,
  ].join('\n')
}
const policyOf = (text: string) => workspace.load(text).policy
const decide = (policy: Policy, ...[part]: Parameters<typeof principalWith>) =>
  authorise(policy, principalWith({ issuer: 'local', ...part }), operation('ContainerList'), REQUEST)

describe('the owner of a caller', () => {
  it('is made by the template of the binding that gave the role', () => {
    const policy = policyOf(own({ bindings: ['{role: ci, issuer: local, owner: "t-${claims.team}/${claims.id}"}'] }))
    expect(decide(policy, { claims: { team: 'web', id: '7' } })).toMatchObject({ allow: true, owner: 't-web/7' })
  })

  it.each([
    ['${claims["a.b/c"].d}', { 'a.b/c': { d: 'x' } }, 'x'],
    ['${claims.a["b c"]}', { a: { 'b c': 'x' } }, 'x'],
    ['${subject}', {}, 'repo:acme/app'],
    ['${claims.url}', { url: 'https://acme.io//x/../y' }, 'https://acme.io//x/../y'],
    ['platform team', {}, 'platform team'],
  ])('by %s of %j is %j', (template, claims, key) => {
    const policy = policyOf(own({ bindings: [`{role: ci, issuer: local, owner: '${template}'}`] }))
    expect(decide(policy, { claims }).owner).toBe(key)
  })

  it.each([
    ['has not the claim', {}],
    ['has the claim empty', { team: '' }],
    ['has a number for a text', { team: 7 }],
    ['has a list for a text', { team: ['web'] }],
    ['has a mapping for a text', { team: { a: 'web' } }],
  ])('T102 is not known to a role for own objects, which then allows nothing, where a token %s', (_what, claims) => {
    expect(decide(policyOf(own()), { claims })).toMatchObject({
      allow: false,
      owner: null,
      reason: 'owner-unknown',
      message:
        'role "ci" is for own objects, and the gate cannot tell which are yours: the owner template "${claims.team}" wants claims.team, which is missing, empty or no text. An operator can set another one as bindings[0].owner',
    })
  })

  it.each([
    ['more than 256 characters', 'x'.repeat(257), 'makes a key of more than 256 characters'],
    ['a line feed', 'a\nb', 'makes a key with a character that is not printable'],
    ['a lone surrogate', '\ud800', 'not printable'],
    ['a bidirectional override', 'a\u202eb', 'not printable'],
    ['a zero-width space', 'web\u200b', 'not printable'],
    ['a no-break space', 'a\u00a0b', 'not printable'],
  ])('T102 is not known where a claim has %s', (_what, team, problem) => {
    const decision = decide(policyOf(own()), { claims: { team } })
    expect(decision).toMatchObject({ allow: false, owner: null, reason: 'owner-unknown' })
    expect(decision.message).toContain(problem)
    expect(decision.message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
  })

  it('may have 256 characters, of any script', () => {
    const team = `Größe \u{1f433} ${'x'.repeat(247)}`
    expect(team).toHaveLength(256)
    expect(decide(policyOf(own()), { claims: { team } }).owner).toBe(team)
  })

  it('is told with an operation that the role does not allow, too', () => {
    const policy = policyOf(own())
    const principal = principalWith({ issuer: 'local', claims: { team: 'web' } })
    expect(authorise(policy, principal, operation('ContainerCreate'), REQUEST)).toMatchObject({
      reason: 'operation-not-allowed',
      owner: 'web',
    })
  })

  it('needs not be known for ping and version, nor to a role for all objects', () => {
    const ping = principalWith({ issuer: 'local' })
    expect(authorise(policyOf(own()), ping, operation('SystemPing'), REQUEST).allow).toBe(true)
    const all = policyOf(own({ role: '{allow: [read]}' }))
    expect(decide(all)).toMatchObject({ allow: true, owner: null })
    expect(decide(all, { claims: { team: 'web' } })).toMatchObject({ allow: true, owner: 'web' })
  })

  it('does not send a caller without owner on to the next binding', () => {
    const bindings = [
      '{role: ci, issuer: local, when: claims.a == "b", owner: "${claims.team}"}',
      '{role: other, issuer: local, owner: everybody}',
    ]
    expect(decide(policyOf(own({ bindings })), { claims: { a: 'b' } })).toMatchObject({ reason: 'owner-unknown' })
  })

  it('is the same key for the same claims, and nothing but what the template says', () => {
    const policy = policyOf(own({ bindings: ['{role: ci, issuer: local, owner: "k/${claims.team}"}'] }))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (team) => {
        const { allow, owner } = decide(policy, { claims: { team } })
        expect(owner).toBe(allow ? `k/${team}` : null)
        expect(owner ?? '').not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})

describe('without a template, the owner of a caller', () => {
  const K8S = 'preset: kubernetes, issuer: "https://k"'
  it.each([
    ['preset: github-actions, host: git.acme.io', { repository: 'acme/app', repository_id: '74' }, 'local:acme/app#74'],
    ['preset: gitlab-ci, host: git.acme.io', { project_path: 'acme/x/app', project_id: '9' }, 'local:acme/x/app#9'],
    [K8S, { 'kubernetes.io': { namespace: 'ci' } }, 'local:ci'],
    [`preset: circleci, organization: ${ID}`, { 'oidc.circleci.com/project-id': ID }, `local:${ID}`],
    [`preset: azure-ad, tenant: ${ID}`, {}, 'local:repo:acme/app'],
  ])('is what the preset of its issuer says: {%s}', (settings, claims, key) => {
    const text = own({ issuers: [`local: {jwt: {${settings}, audience: b}}`], bindings: ['{role: ci, issuer: local}'] })
    expect(decide(policyOf(text), { claims }).owner).toBe(key)
  })

  it.each([
    [
      'buildkite',
      'claims.organization_slug == "acme"',
      { organization_slug: 'acme', pipeline_slug: 'app', pipeline_id: ID },
      `local:acme/app#${ID}`,
    ],
    ['google', 'subject == "repo:acme/app"', {}, 'local:repo:acme/app'],
  ])('is what the preset of its issuer says: %s', (preset, when, claims, key) => {
    const issuers = [`local: {jwt: {preset: ${preset}, audience: b}}`]
    const text = own({ issuers, bindings: [`{role: ci, issuer: local, when: '${when}'}`] })
    expect(decide(policyOf(text), { claims }).owner).toBe(key)
  })

  it("is the subject of a certificate, as the issuer's authority wrote it", () => {
    const policy = compilePolicy({
      issuers: { staff: issuerSchema.parse({ certificate: { authorities: 'ca.pem' } }) },
      roles: { ci: roleSchema.parse({ allow: ['read'], objects: 'own' }) },
      bindings: [{ role: 'ci', issuer: 'staff' }],
    })
    const certificates = principalWith({ issuer: 'staff', subject: 'CN=ops,O=acme', certificate: CERTIFICATE })
    expect(authorise(policy, certificates, operation('ContainerList'), REQUEST).owner).toBe('staff:CN=ops,O=acme')
  })

  it('is another one of another issuer, whatever claims they share', () => {
    const issuer = (name: string) => `${name}: {jwt: {preset: gitlab-ci, host: ${name}.acme.io, audience: b}}`
    const text = own({
      issuers: [issuer('one'), issuer('two')],
      bindings: ['{role: ci, issuer: one}', '{role: ci, issuer: two}'],
    })
    const claims = { project_path: 'acme/app', project_id: '9' }
    const policy = policyOf(text)
    expect(decide(policy, { issuer: 'one', claims }).owner).toBe('one:acme/app#9')
    expect(decide(policy, { issuer: 'two', claims }).owner).toBe('two:acme/app#9')
  })

  it('is not asked for by a role for all objects', () => {
    const text = own({ role: '{allow: [read]}', bindings: ['{role: ci, issuer: local}'] })
    expect(decide(policyOf(text))).toMatchObject({ allow: true, owner: null })
  })

  it.each(['issuer: local, publicKey: local.pub', 'preset: generic-oidc, issuer: "https://id.acme.io"'])(
    'cannot be told for {%s}: the line to add is named, and works',
    (settings) => {
      const issuers = [`local: {jwt: {${settings}, audience: b}}`]
      const [problem, ...more] = workspace.problems(own({ issuers, bindings: ['{role: ci, issuer: local}'] }))
      expect(more).toEqual([])
      expect(problem).toMatch(
        /^dockgate\.yaml:\d+:5: bindings\[0\]: role "ci" is for own objects, and nothing says which/,
      )
      const line = /add (owner: ".*?"),/.exec(problem ?? '')?.[1]
      expect(line).toBe('owner: "${issuer}:${subject}"')
      const policy = policyOf(own({ issuers, bindings: [`{role: ci, issuer: local, ${line}}`] }))
      expect(decide(policy).owner).toBe('local:repo:acme/app')
    },
  )
})

describe('T102 a claim with the text of another key', () => {
  const issuers = [LOCAL, 'gitlab: {jwt: {preset: gitlab-ci, host: git.acme.io, audience: b}}']
  const forged = { team: 'gitlab:acme/app#9' }
  const ownerBy = (template: string) =>
    decide(
      policyOf(
        own({
          issuers,
          bindings: ['{role: other, issuer: gitlab}', `{role: ci, issuer: local, owner: "${template}"}`],
        }),
      ),
      { claims: { ...forged, colon: ':acme/app#9', rest: 'lab:acme/app#9' } },
    )

  it.each(['${claims.team}', 'git${claims.rest}', 'gitlab${claims.colon}'])(
    'does not make the key of an issuer whose name it has: %s',
    (template) => {
      expect(ownerBy(template)).toMatchObject({ allow: false, owner: null, reason: 'owner-unknown' })
      expect(ownerBy(template).message).toContain('makes a key that begins with "gitlab:", which stands for the issuer')
    },
  )

  it('does not make that of its own issuer either', () => {
    const bindings = ['{role: ci, issuer: local, owner: "${issuer}${claims.colon}"}']
    expect(decide(policyOf(own({ bindings })), { claims: { colon: ':x' } })).toMatchObject({ owner: null })
  })

  it('stays behind what the template begins with', () => {
    expect(ownerBy('${issuer}:${claims.team}').owner).toBe('local:gitlab:acme/app#9')
    expect(ownerBy('team:${claims.team}').owner).toBe('team:gitlab:acme/app#9')
  })

  it('is taken where the operator wrote the name before it', () => {
    expect(ownerBy('gitlab:${claims.team}').owner).toBe('gitlab:gitlab:acme/app#9')
  })
})

describe('an owner template that is wrong', () => {
  const problems = (owner: string, issuers = [LOCAL]) =>
    workspace.problems(own({ issuers, bindings: [`{role: ci, issuer: local, owner: '${owner}'}`] }))

  it.each([
    ['${claim.team}', '"${claim.team}" is not known here; did you mean "claims"?'],
    ['${claims["a}', '"${claims["a}" is not known here'.replaceAll('["', '[\\"')],
    ['${claims[a]}', '"${claims[a]}" is not known here; did you mean'],
    ['${claims["a"]b}', 'is not known here'],
    ['x${claims.a', '"${" has no "}"'],
    ['x'.repeat(257), 'makes a key of more than 256 characters'],
    ['a\u200bb', 'makes a key with a character that is not printable'],
  ])('is told with its place: %s', (template, message) => {
    expect(problems(template)).toEqual([expect.stringContaining(message)])
    expect(problems(template)[0]).toMatch(/^dockgate\.yaml:\d+:\d+: bindings\[0\]\.owner: /)
  })

  it('is told at the variable that is wrong', () => {
    const column = (template: string) => Number(/:(\d+): bindings/.exec(problems(template)[0] ?? '')?.[1])
    expect(column('abc-${claim.x}') - column('${claim.x}')).toBe(4)
  })

  it('is told where the binding has a role for all objects too', () => {
    const bindings = ["{role: ci, issuer: local, owner: '${nope}'}"]
    expect(workspace.problems(own({ role: '{allow: [read]}', bindings }))).toEqual([
      expect.stringContaining('bindings[0].owner: "${nope}" is not known here'),
    ])
  })

  const GITHUB = 'local: {jwt: {preset: github-actions, host: git.acme.io, audience: b}}'
  const warnings = (owner: string, issuer: string) =>
    workspace
      .load(own({ issuers: [issuer], bindings: [`{role: ci, issuer: local, owner: '${owner}'}`] }))
      .warnings.map(({ path, message }) => `${path}: ${message}`)
      .filter((line) => line.startsWith('bindings'))

  it.each([
    [
      '${issuer}:${claims.repositry}',
      GITHUB,
      'bindings[0].owner: a token of github-actions has no claim "repositry"; did you mean "repository"?',
    ],
    [
      '${issuer}:${claims.runner_id}',
      'local: {jwt: {preset: gitlab-ci, host: git.acme.io, audience: b}}',
      'bindings[0].owner: a token of gitlab-ci has no text as "runner_id", and a key is made of texts',
    ],
  ])('%s is worth a word: tokens of the preset have no such text', (template, issuer, warning) => {
    expect(warnings(template, issuer)).toEqual([warning])
  })

  it.each([
    ['${issuer}:${claims.repository_id}:${claims.repo_property_team}', GITHUB],
    [
      '${claims["kubernetes.io"].serviceaccount.uid}',
      'local: {jwt: {preset: kubernetes, issuer: "https://k", audience: b}}',
    ],
    ['${claims.anything}', LOCAL],
  ])('%s is not', (template, issuer) => {
    expect(warnings(template, issuer)).toEqual([])
  })

  it('wants no claim of a certificate', () => {
    expect(problems('${claims.x}', ['local: {certificate: {authorities: nowhere.pem}}']).join()).toContain(
      'bindings[0].owner: a certificate has no claims; there are subject and cert.commonName',
    )
  })
})

describe('two bindings whose callers may meet by accident', () => {
  const issuers = [LOCAL, 'second: {jwt: {issuer: second, audience: b, publicKey: local.pub}}']
  const warnings = (...bindings: string[]) =>
    workspace
      .load(own({ issuers, bindings }))
      .warnings.map(({ path, message }) => `${path}: ${message}`)
      .filter((line) => line.startsWith('bindings'))
  const both = (first: string, second: string) =>
    warnings(`{role: ci, issuer: local, owner: '${first}'}`, `{role: other, issuer: second, owner: '${second}'}`)

  it('are told when a claim decides how a key begins', () => {
    expect(both('${claims.repository}', 'x:${claims.project}')).toEqual([
      'bindings[0].owner: a key from here may equal one of bindings[1], whose issuer is another: begin with "${issuer}:", or with a text of its own',
    ])
    expect(both('${claims.a}', '${issuer}${claims.a}')).toHaveLength(2)
  })

  it.each([
    ['${issuer}:${claims.a}', '${issuer}:${claims.a}'],
    ['team:${claims.a}', 'team:${claims.a}'],
    ['team', '${issuer}:${claims.b}'],
  ])('are not told where both begin with what no claim decides: %s, %s', (first, second) => {
    expect(both(first, second)).toEqual([])
  })

  it('are told when their roles name the same objects differently', () => {
    const text = own({
      role: '{allow: [read], objects: {own: prefixed}}',
      bindings: ['{role: ci, issuer: local, when: subject == "a", owner: x}', '{role: other, issuer: local, owner: x}'],
    })
    expect(workspace.load(text).warnings.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'bindings[1].role: "other" and "ci" differ in {own: prefixed}: an owner who has both meets the same object under two names',
    ])
  })
})
