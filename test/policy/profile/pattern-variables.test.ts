import { describe, expect, it } from 'vitest'
import { compilePattern, type Pattern, type PatternKind } from '../../../src/policy/profile/pattern.ts'
import { CERTIFICATE, principalWith } from '../fixtures.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`
const somebody = principalWith()

function pattern(text: string, kind: PatternKind): Pattern {
  const compiled = compilePattern(text, kind)
  if ('problem' in compiled) throw new Error(compiled.problem)
  return compiled
}

function problem(text: string, kind: PatternKind): string {
  const compiled = compilePattern(text, kind)
  return 'problem' in compiled ? compiled.problem : 'no problem'
}

describe('a variable in a pattern', () => {
  const acme = principalWith({
    claims: { repository: 'acme/shop', run: '7', nested: { team: 'web' } },
    certificate: CERTIFICATE,
  })

  it.each<[string, PatternKind, string]>([
    ['registry.acme.io/${claims.repository}/**', 'reference', 'registry.acme.io/acme/shop/web:1'],
    ['registry.acme.io/${claims.repository}/**', 'reference', 'registry.acme.io/acme/shop'],
    ['registry.acme.io/${claims.repository}:${claims.run}', 'reference', 'registry.acme.io/acme/shop:7'],
    ['registry.acme.io/x-${claims.repository}-*', 'reference', 'registry.acme.io/x-acme/shop-web'],
    ['/srv/${claims.repository}/**', 'path', '/srv/acme/shop/cache'],
    ['ci-${claims.run}-*', 'name', 'ci-7-net'],
    ['${claims.repository}', 'name', 'acme/shop'],
    ['${claims.nested.team}', 'name', 'web'],
    ['${issuer}:${subject}', 'name', 'github:repo:acme/app'],
    ['${cert.commonName}', 'name', 'ops'],
    ['https://github.com/${claims.repository}.git', 'url', 'https://github.com/acme/shop.git#main'],
  ])('%s (%s) matches %s', (text, kind, value) => {
    expect(pattern(text, kind).matches(value, acme)).toBe(true)
  })

  it.each<[string, PatternKind, string]>([
    ['registry.acme.io/${claims.repository}/**', 'reference', 'registry.acme.io/acme/shopping'],
    ['registry.acme.io/${claims.repository}/**', 'reference', 'registry.acme.io/acme'],
    ['registry.acme.io/${claims.missing}/**', 'reference', 'registry.acme.io/undefined/x'],
    ['/srv/${claims.repository}/**', 'path', '/srv/acme/other'],
    ['${claims.nested}', 'name', '[object Object]'],
    ['${claims.nested.team.length}', 'name', '3'],
    ['${claims.toString}', 'name', 'toString'],
    ['${claims.__proto__}', 'name', '__proto__'],
    ['${claims.run.length}', 'name', '1'],
  ])('%s (%s) does not match %s', (text, kind, value) => {
    expect(pattern(text, kind).matches(value, acme)).toBe(false)
  })

  it('is another one for another principal', () => {
    const own = pattern('ci-${claims.run}', 'name')
    expect(own.matches('ci-7', acme)).toBe(true)
    expect(own.matches('ci-7', principalWith({ claims: { run: '8' } }))).toBe(false)
    expect(own.matches('ci-8', principalWith({ claims: { run: '8' } }))).toBe(true)
  })

  it('of the certificate has no value without one', () => {
    expect(pattern('${cert.commonName}*', 'name').matches('', somebody)).toBe(false)
  })

  it.each([
    ['a-${claims.x', '"${" has no "}"'],
    ['a-${}', '"${}" is not known here; there are subject, issuer, cert.commonName, claims.NAME'],
    ['${claim.repository}', '"${claim.repository}" is not known here; did you mean "claims"?; there are'],
    ['${claims}', 'is not known here'],
    ['${claims.}', 'is not known here'],
    ['${claims.a/b}', 'is not known here'],
    ['${cert.subject}', 'is not known here'],
    ['${ subject }', 'is not known here'],
    ['${env.HOME}', 'is not known here'],
  ])('T12 %s is a problem', (text, message) => {
    expect(problem(text, 'name')).toContain(message)
  })

  it('that is wrong is found at its place in the text', () => {
    expect(compilePattern('registry.acme.io/${claim.x}', 'reference')).toMatchObject({ offset: 17 })
  })
})

describe('a claim value', () => {
  it.each(['*', '**', '*/*', 'acme/*', '${claims.other}', '[a-z]', '?', '\u{1f433}'])(
    '%s stands for itself and for nothing else',
    (value) => {
      const principal = principalWith({ claims: { x: value, other: 'secret' } })
      const own = pattern('/srv/${claims.x}/**', 'path')
      expect(own.matches(`/srv/${value}/file`, principal)).toBe(true)
      expect(own.matches('/srv/acme/file', principal)).toBe(false)
      expect(own.matches('/srv/acme/shop/file', principal)).toBe(false)
      expect(own.matches('/srv/secret/file', principal)).toBe(false)
    },
  )

  it.each([
    '',
    '.',
    '..',
    '../etc',
    'a/../b',
    'a/..',
    'a//b',
    '/a',
    'a/',
    '/',
    'a\0b',
    'a\nb',
    'a\u0085b',
    'a\\b',
    '\ud800',
    'x'.repeat(1025),
    7,
    true,
    null,
    ['a'],
    { a: 'b' },
  ])('%j matches nothing', (value) => {
    const principal = principalWith({ claims: { x: value } })
    const inPath = pattern('/srv/${claims.x}/**', 'path')
    for (const path of ['/srv', '/srv/a', '/srv/a/b', '/', '/etc', `/srv/${String(value)}`]) {
      expect(inPath.matches(path, principal)).toBe(false)
    }
    expect(pattern('*${claims.x}*', 'name').matches(`-${String(value)}-`, principal)).toBe(false)
    expect(pattern('docker.io/**/${claims.x}', 'reference').matches('docker.io/a/b', principal)).toBe(false)
  })

  it('does not move to another registry, tag or digest', () => {
    const own = pattern('registry.acme.io/${claims.x}', 'reference')
    for (const x of ['evil.io/a', 'a:latest', `a@${DIGEST}`, '@', ':']) {
      const principal = principalWith({ claims: { x } })
      expect(own.matches('evil.io/a', principal)).toBe(false)
      expect(own.matches('registry.acme.io/a:latest', principal)).toBe(false)
      expect(own.matches(`registry.acme.io/a@${DIGEST}`, principal)).toBe(false)
    }
  })
})
