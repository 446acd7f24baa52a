import { expect, it } from 'vitest'
import { roleOf } from '../../src/policy/authorise.ts'
import { traceBindings } from '../../src/policy/bindings.ts'
import { policyOf, principalWith, REQUEST } from './fixtures.ts'

const policy = policyOf({ operator: ['*'], ci: ['run'], observer: ['read'] }, [
  { role: 'operator', issuer: 'staff' },
  { role: 'operator', issuer: 'github', when: 'claims.environment == "production"' },
  { role: 'ci', issuer: 'github', when: 'claims.ref == "refs/heads/main"' },
  { role: 'observer', issuer: 'github' },
])
const trace = (claims: object, issuer = 'github') =>
  traceBindings(policy, principalWith({ claims, issuer }), REQUEST).map(({ binding, outcome, error }) => [
    binding.role.name,
    outcome,
    error,
  ])

it('says of every binding in order why it gives no role, up to the one that does', () => {
  expect(trace({ ref: 'refs/heads/main' })).toEqual([
    ['operator', 'issuer-differs', null],
    ['operator', 'condition-error', 'No such key: environment'],
    ['ci', 'matched', null],
    ['observer', 'not-reached', null],
  ])
})

it('tells a condition that does not hold from one that cannot be evaluated', () => {
  expect(trace({ environment: 'test', ref: 1 })).toEqual([
    ['operator', 'issuer-differs', null],
    ['operator', 'condition-false', null],
    ['ci', 'condition-false', null],
    ['observer', 'matched', null],
  ])
})

it('shows an error of a condition on one short line', () => {
  const [step] = traceBindings(
    policyOf({ one: ['read'] }, [{ role: 'one', issuer: 'github', when: `claims["a\\n${'b'.repeat(400)}"] == 1` }]),
    principalWith(),
    REQUEST,
  )
  expect(step?.error).toMatch(/^No such key: a\\u\{a\}b{100}[^\n]*…$/)
  expect(step?.error?.length).toBe(300)
})

it('ends at the binding whose role the principal has, or at none', () => {
  for (const part of [{ issuer: 'staff' }, { claims: { ref: 'x' } }, { issuer: 'other' }]) {
    const principal = principalWith(part)
    const matched = traceBindings(policy, principal, REQUEST).find(({ outcome }) => outcome === 'matched')
    expect(matched?.binding.role ?? null).toBe(roleOf(policy, principal, REQUEST))
  }
})
