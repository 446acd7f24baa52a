import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { OPERATIONS } from '../../src/engine/operations.ts'
import type { Operation } from '../../src/engine/types.ts'
import type { Principal } from '../../src/identity/principal.ts'
import { authorise, roleOf } from '../../src/policy/authorise.ts'
import type { Policy, RequestFacts } from '../../src/policy/types.ts'
import { CERTIFICATE, operation, policyOf, principalWith, REQUEST } from './fixtures.ts'

const decide = (...[policy, principal, asked]: Asked) => authorise(policy, principal, asked, REQUEST)
const roleFor = (policy: Policy, principal: Principal, request: Partial<RequestFacts> = {}) =>
  roleOf(policy, principal, { ...REQUEST, ...request })
type Asked = [policy: Policy, principal: Principal, asked: Operation]

const policy = policyOf({ observer: ['read'], ci: ['read', 'run'], operator: ['*'] }, [
  { role: 'operator', issuer: 'staff', when: 'cert.commonName == "ops"' },
  { role: 'observer', issuer: 'staff' },
  { role: 'ci', issuer: 'github', when: 'claims.ref == "refs/heads/main"' },
  { role: 'observer', issuer: 'github', when: 'claims.repository_owner == "acme"' },
])
const main = () => principalWith({ claims: { ref: 'refs/heads/main', repository_owner: 'acme' } })

describe('who gets which role', () => {
  it.each([
    ['the first binding that matches, when several do', main(), 'ci'],
    [
      'a later binding, when the first does not match',
      principalWith({ claims: { ref: 'x', repository_owner: 'acme' } }),
      'observer',
    ],
    [
      'a later binding, when the first cannot be evaluated',
      principalWith({ claims: { repository_owner: 'acme' } }),
      'observer',
    ],
    ['no role, when no condition matches', principalWith({ claims: { ref: 'x', repository_owner: 'evil' } }), null],
    ['no role, when the claims are missing', principalWith(), null],
    ['a role by certificate', principalWith({ issuer: 'staff', certificate: CERTIFICATE }), 'operator'],
    ['the role of everybody of an issuer', principalWith({ issuer: 'staff' }), 'observer'],
    [
      'no role at an issuer without bindings',
      principalWith({ issuer: 'other', claims: { ref: 'refs/heads/main' } }),
      null,
    ],
  ])('gives %s', (_what, principal, role) => {
    expect(roleFor(policy, principal)?.name ?? null).toBe(role)
  })

  it('T122 gives a token of one issuer nothing that is bound to another', () => {
    const twoIssuers = policyOf({ ci: ['run'] }, [
      { role: 'ci', issuer: 'staff', when: 'claims.ref == "refs/heads/main"' },
    ])
    expect(decide(twoIssuers, main(), operation('ContainerCreate'))).toMatchObject({
      allow: false,
      reason: 'binding-none',
    })
  })

  it('T126 gives a certificate beside a token no role of its own', () => {
    const both = principalWith({ issuer: 'github', certificate: CERTIFICATE })
    expect(roleFor(policy, both)).toBeNull()
  })

  it('asks the new policy after a change, not what it knew of the old one', () => {
    const principal = main()
    const tighter = policyOf({ ci: ['read'] }, [
      { role: 'ci', issuer: 'github', when: 'claims.ref == "refs/heads/main"' },
    ])
    expect(decide(policy, principal, operation('ContainerCreate')).allow).toBe(true)
    expect(decide(tighter, principal, operation('ContainerCreate')).allow).toBe(false)
    expect(decide(policy, principal, operation('ContainerCreate')).allow).toBe(true)
  })

  it('does not take one principal for another that reads alike', () => {
    const [first, second] = [main(), principalWith({ claims: { ref: 'refs/heads/other' } })]
    expect(roleFor(policy, first)?.name).toBe('ci')
    expect(roleFor(policy, second)).toBeNull()
  })
})

describe('a binding that looks at the request', () => {
  const policyWith = (...bindings: { role: string; when?: string }[]) =>
    policyOf(
      { observer: ['read'], ci: ['run'], operator: ['*'] },
      bindings.map((one) => ({ ...one, issuer: 'staff' })),
    )
  const principal = principalWith({ issuer: 'staff', subject: 'ops' })

  it('is asked for every request, and the bindings behind it as well', () => {
    const policy = policyWith(
      { role: 'operator', when: 'request.listener == "admin" && subject == "ops"' },
      { role: 'ci', when: 'request.operation == "ContainerCreate"' },
      { role: 'observer' },
    )
    for (const _ of ['unknown', 'known']) {
      expect(roleFor(policy, principal, { listener: 'admin' })?.name).toBe('operator')
      expect(roleFor(policy, principal, { operation: 'ContainerCreate' })?.name).toBe('ci')
      expect(roleFor(policy, principal)?.name).toBe('observer')
    }
  })

  it('does not come before a binding that matches every request', () => {
    const policy = policyWith({ role: 'observer' }, { role: 'operator', when: 'request.listener == "public"' })
    expect(roleFor(policy, principal)?.name).toBe('observer')
  })

  it('gives no role when it does not match, and no other does', () => {
    const policy = policyWith({ role: 'operator', when: 'request.address.inNetwork("10.0.0.0/8")' })
    expect(roleFor(policy, principal, { address: '10.1.2.3' })?.name).toBe('operator')
    expect(roleFor(policy, principal, { address: '192.0.2.1' })).toBeNull()
    expect(roleFor(policy, principal, { address: '' })).toBeNull()
  })

  it('has the others answered once a principal', () => {
    const policy = policyWith({ role: 'ci', when: 'subject == "ops"' })
    const [binding] = policy.bindings
    if (!binding?.when) throw new Error('no condition')
    const evaluate = vi.fn(binding.when.evaluate)
    const counted = { ...policy, bindings: [{ ...binding, when: { ...binding.when, evaluate } }] }
    for (const _ of ['first', 'second', 'third']) expect(roleFor(counted, principal)?.name).toBe('ci')
    expect(evaluate).toHaveBeenCalledTimes(1)
  })

  it('tells the operator of a condition that fails, and not of a claim that is not there', () => {
    const policy = policyWith({ role: 'ci', when: 'claims.a == "x"' }, { role: 'ci', when: 'claims.b + "x" == "y"' })
    const told: string[] = []
    policy.errors.tell((message) => told.push(message))
    expect(roleFor(policy, principalWith({ issuer: 'staff', claims: { b: 1 } }))).toBeNull()
    expect(told).toEqual([
      'bindings[1].when could not be evaluated: no such overload: dyn<int> + string; that counts as no match',
    ])
  })
})

describe('what is decided', () => {
  it('allows what the role lists, and makes no new object for it', () => {
    const principal = main()
    const decision = decide(policy, principal, operation('ContainerCreate'))
    expect(decision).toEqual({ allow: true, role: policy.roles.get('ci'), owner: null, reason: 'allowed', message: '' })
    expect(decide(policy, principal, operation('ContainerList'))).toBe(decision)
  })

  it('refuses what the role does not list, and says what would allow it', () => {
    const principal = principalWith({ issuer: 'staff' })
    expect(decide(policy, principal, operation('ContainerCreate'))).toEqual({
      allow: false,
      role: policy.roles.get('observer'),
      owner: null,
      reason: 'operation-not-allowed',
      message:
        'role "observer" does not allow ContainerCreate (create); it allows read. To allow it, an operator adds "create" or "ContainerCreate" to roles.observer.allow',
    })
  })

  it('takes attaching standard input for exec, and says so', () => {
    expect(decide(policy, main(), operation('ContainerAttach')).allow).toBe(true)
    expect(decide(policy, main(), operation('ContainerAttach', true))).toEqual({
      allow: false,
      role: policy.roles.get('ci'),
      owner: null,
      reason: 'operation-not-allowed',
      message:
        'role "ci" does not allow ContainerAttach with standard input, which counts as exec; it allows read, run. To allow it, an operator adds "exec" or "ContainerAttach" to roles.ci.allow',
    })
  })

  it('says of each operation and of each role their own, asked again or after a change', () => {
    const narrow = policyOf({ ci: ['read'] }, [{ role: 'ci', issuer: 'github' }])
    const said = (asked: Policy, id: Parameters<typeof operation>[0], elevated?: boolean) =>
      decide(asked, main(), operation(id, elevated)).message
    const all = () => [
      said(policy, 'ContainerAttach', true),
      said(policy, 'ImageBuild'),
      said(narrow, 'ContainerAttach', true),
      said(narrow, 'ContainerAttach'),
      said(narrow, 'ImageBuild'),
    ]
    const first = all()
    expect(new Set(first).size).toBe(5)
    expect(all()).toEqual(first)
  })

  it('refuses a principal without a binding, and names it', () => {
    expect(decide(policy, principalWith(), operation('ContainerList'))).toEqual({
      allow: false,
      role: null,
      owner: null,
      reason: 'binding-none',
      message:
        'no binding gives issuer "github" subject "repo:acme/app" a role; an operator can add one under "bindings"',
    })
  })

  it.each(['SystemPing', 'SystemPingHead', 'SystemVersion'] as const)(
    'allows %s to everybody, without a role',
    (id) => {
      const always = { allow: true, role: null, owner: null, reason: 'allowed', message: '' }
      expect(decide(policy, principalWith(), operation(id))).toEqual(always)
      const narrow = policyOf({ one: ['ImagePush'] }, [{ role: 'one', issuer: 'github' }])
      expect(decide(narrow, principalWith(), operation(id))).toEqual(always)
    },
  )

  it('allows nothing else without a binding', () => {
    const allowed = OPERATIONS.filter(({ id }) => decide(policy, principalWith(), operation(id)).allow).map(
      ({ id }) => id,
    )
    expect(allowed).toEqual(['SystemPing', 'SystemPingHead', 'SystemVersion'])
  })

  it('agrees with the role for every operation', () => {
    const role = policy.roles.get('ci')
    for (const { id } of OPERATIONS.filter(
      (spec) => !spec.id.startsWith('SystemPing') && spec.id !== 'SystemVersion',
    )) {
      expect(decide(policy, main(), operation(id)).allow).toBe(role?.operations.has(id))
    }
  })
})

describe('T128 the message of a refusal', () => {
  it('shows a subject on one line, whatever is in it', () => {
    const subject = 'a"\r\n\u001b[31mrole \u202E'
    expect(decide(policy, principalWith({ subject }), operation('ContainerList')).message).toBe(
      'no binding gives issuer "github" subject "a\\"\\u{d}\\u{a}\\u{1b}[31mrole \\u{202e}" a role; an operator can add one under "bindings"',
    )
  })

  it('stays short for a subject of 1 MB', () => {
    const subject = 'x'.repeat(1_000_000)
    expect(decide(policy, principalWith({ subject }), operation('ContainerList')).message.length).toBeLessThan(500)
  })

  it('stays short for a role that lists a thousand operations', () => {
    const long = policyOf({ long: Array.from({ length: 1000 }, () => 'ContainerList') }, [
      { role: 'long', issuer: 'github' },
    ])
    expect(decide(long, principalWith(), operation('ImagePush')).message.length).toBeLessThan(600)
  })

  it('never has a character that moves a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (subject) => {
        const { message } = decide(policy, principalWith({ subject }), operation('ContainerList'))
        expect(message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})
