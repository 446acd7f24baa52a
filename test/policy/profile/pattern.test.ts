import { describe, expect, it } from 'vitest'
import { compilePattern, matchesAny, type Pattern, type PatternKind } from '../../../src/policy/profile/pattern.ts'
import { principalWith } from '../fixtures.ts'

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

describe('a pattern of references', () => {
  it.each([
    ['**', 'alpine'],
    ['**', `registry.acme.io:5000/a/b/c:d@${DIGEST}`],
    ['docker.io/library/*', 'alpine:3.20'],
    ['docker.io/library/*', 'index.docker.io/alpine'],
    ['docker.io/**', 'acme/shop/web'],
    ['docker.io/library/alpine', 'alpine'],
    ['docker.io/library/alpine', 'alpine:edge'],
    ['docker.io/library/alpine', `alpine:edge@${DIGEST}`],
    ['docker.io/library/alpine:3.*', 'alpine:3.20'],
    ['docker.io/library/alpine:*', 'alpine:3.20'],
    [`docker.io/library/alpine@${DIGEST}`, `alpine@${DIGEST}`],
    [`docker.io/library/alpine@${DIGEST}`, `alpine:any@${DIGEST}`],
    [`docker.io/library/alpine:3.20@${DIGEST}`, `alpine@${DIGEST}`],
    [`docker.io/library/alpine:3.20@${DIGEST}`, `alpine:edge@${DIGEST}`],
    ['registry.acme.io/**@sha256:*', `registry.acme.io/a/b@${DIGEST}`],
    ['localhost:5000/**', 'localhost:5000/a'],
    ['[fd00::1]:5000/**', '[fd00::1]:5000/a'],
    ['*.acme.io/**', 'eu.acme.io/a'],
    ['registry.acme.io/ci-*/web', 'registry.acme.io/ci-7/web'],
    ['registry.acme.io/**/web', 'registry.acme.io/web'],
    ['registry.acme.io/**/web', 'registry.acme.io/a/b/web'],
  ])('%s matches %s', (text, value) => {
    expect(pattern(text, 'reference').matches(value, somebody)).toBe(true)
  })

  it.each([
    ['docker.io/library/*', 'acme/alpine'],
    ['docker.io/library/*', 'docker.io:443/library/alpine'],
    ['docker.io/**', 'registry-1.docker.io/library/alpine'],
    ['docker.io/**', 'Docker.io/alpine'],
    ['registry.acme.io/**', 'registry.acme.io.evil.io/a'],
    ['registry.acme.io/**', 'registry.acme.io:5000/a'],
    ['registry.acme.io/**', 'registry.acme.io'],
    ['registry.acme.io/*', 'registry.acme.io/a/b'],
    ['docker.io/library/alpine:3.*', 'alpine:edge'],
    ['docker.io/library/alpine:3.20', 'alpine'],
    ['docker.io/library/alpine:3.20', `alpine:3.20@${DIGEST}`],
    ['docker.io/library/alpine:latest', 'alpine'],
    [`docker.io/library/alpine@${DIGEST}`, 'alpine'],
    [`docker.io/library/alpine@${DIGEST}`, `alpine@sha256:${'ac'.repeat(32)}`],
    ['**', 'ab'.repeat(32)],
    ['**', DIGEST],
    ['**', 'not a reference'],
    ['**', ''],
    ['*.acme.io/**', 'acme.io/a'],
  ])('%s does not match %s', (text, value) => {
    expect(pattern(text, 'reference').matches(value, somebody)).toBe(false)
  })

  it.each([
    ['alpine', '"alpine" is short for "docker.io/library/alpine": write that'],
    ['alpine:3', '"alpine:3" is short for "docker.io/library/alpine:3": write that'],
    ['acme/shop', '"acme/shop" is short for "docker.io/acme/shop": write that'],
    [
      'registry.acme.io',
      '"registry.acme.io" is short for "docker.io/library/registry.acme.io": write that; for the images of a registry, write "registry.acme.io/**"',
    ],
    ['index.docker.io/acme/x', '"index.docker.io/acme/x" is short for "docker.io/acme/x": write that'],
    [
      'index.docker.io/acme/*',
      '"index.docker.io/acme/*" can match nothing: that registry is read as docker.io; write that',
    ],
    [
      'docker.io/*',
      '"docker.io/*" can match nothing: short names are read as docker.io/library/…; write "docker.io/library/*"',
    ],
    ['acme/*', '"acme/*" begins with no registry: write "docker.io/acme/*"'],
    ['alp*', '"alp*" begins with no registry: write "docker.io/library/alp*"'],
    ['*', '"*" can match nothing: a reference has a registry; for every image, write "**"'],
    ['docker.io/Acme/*', '"docker.io/Acme/*" can match nothing: repositories are in lower case'],
    ['docker.io/Acme/x', '"docker.io/Acme/x" is no image reference: repositories are in lower case'],
    ['docker.io/acme/[ab]*', '"docker.io/acme/[ab]*" can match nothing: a repository has no such characters'],
    ['docker.io/acme/a**', '"docker.io/acme/a**": "**" stands for whole segments: write it alone between slashes'],
    ['docker.io//*', '"docker.io//*" has an empty segment, so it can match nothing'],
    ['-x.io/*', '"-x.io/*" begins with no registry'],
    ['docker.io/acme/*:', '"docker.io/acme/*:" has no tag behind ":"; "*" stands for any run of its characters'],
    [
      'docker.io/acme/*@sha256:AB',
      '"docker.io/acme/*@sha256:AB" has no digest behind "@": wants sha256:… in lower case',
    ],
    [DIGEST, `"${DIGEST}" is an image's id: write its name, with "@sha256:…" behind it`],
    ['', '"" is no pattern: it is empty or holds a control character'],
    ['**\n', '"**\\u{a}" is no pattern: it is empty or holds a control character'],
  ])('T12 %s is a problem', (text, message) => {
    expect(problem(text, 'reference')).toBe(message)
  })
})

describe('a pattern of paths', () => {
  it.each([
    ['/home', '/home'],
    ['/home', '/home/'],
    ['/home', '/srv/../home'],
    ['/home/**', '/home/alice'],
    ['/home/**', '/home'],
    ['/home/*', '/home/alice'],
    ['/home/*/shared', '/home/alice/shared'],
    ['/**/cache', '/cache'],
    ['/**/cache', '/a/b/cache'],
    ['/srv/*.d', '/srv/x.d'],
    ['/**', '/'],
    ['/', '//'],
    ['/srv/a[b]?', '/srv/a[b]?'],
    ['/srv/$HOME', '/srv/$HOME'],
  ])('T65 %s matches %s', (text, value) => {
    expect(pattern(text, 'path').matches(value, somebody)).toBe(true)
  })

  it.each([
    ['/home', '/home2'],
    ['/home/**', '/home2'],
    ['/home/**', '/home2/alice'],
    ['/home/**', '/home/../etc'],
    ['/home/**', '/home/alice/../../etc'],
    ['/home/*', '/home/alice/keys'],
    ['/home/*', '/home'],
    ['/home/**', 'home/alice'],
    ['/home/**', ''],
    ['/home/**', '/home/\0'],
    ['/srv/a[b]?', '/srv/ab1'],
    ['/', '/srv'],
    ['/srv/.*', '/srv/a'],
  ])('T65 %s does not match %j', (text, value) => {
    expect(pattern(text, 'path').matches(value, somebody)).toBe(false)
  })

  it.each([
    ['srv/**', '"srv/**" is no absolute path: it begins with "/"'],
    ['${claims.home}/x', '"${claims.home}/x" is no absolute path: it begins with "/"'],
    ['/srv/', '"/srv/" has an empty segment, so it can match nothing'],
    ['/srv//x', '"/srv//x" has an empty segment, so it can match nothing'],
    ['/srv/../x', '"/srv/../x" has a segment "..", so it can match nothing'],
    ['/srv/./x', '"/srv/./x" has a segment ".", so it can match nothing'],
    ['/srv/x**', '"/srv/x**": "**" stands for whole segments: write it alone between slashes'],
    ['/srv/***', '"/srv/***": "**" stands for whole segments: write it alone between slashes'],
  ])('T12 %s is a problem', (text, message) => {
    expect(problem(text, 'path')).toBe(message)
  })
})

describe('a pattern of names', () => {
  it.each([
    ['*', ''],
    ['*', 'anything/at all'],
    ['ci-*', 'ci-'],
    ['ci-*-cache', 'ci-7-cache'],
    ['HTTP_PROXY', 'HTTP_PROXY'],
    ['com.acme/*', 'com.acme/team'],
  ])('%s matches %j', (text, value) => {
    expect(pattern(text, 'name').matches(value, somebody)).toBe(true)
  })

  it.each([
    ['ci-*', 'xci-'],
    ['http_proxy', 'HTTP_PROXY'],
    ['a?c', 'abc'],
  ])('%s does not match %j', (text, value) => {
    expect(pattern(text, 'name').matches(value, somebody)).toBe(false)
  })

  it('T12 has no use for two stars', () => {
    expect(problem('ci-**', 'name')).toBe('"ci-**": a name has no segments; write "*"')
  })
})

describe('a pattern of URLs', () => {
  it.each([
    ['https://github.com/acme/*', 'https://github.com/acme/shop.git'],
    ['https://github.com/acme/*', 'https://github.com/acme/shop.git#main:web'],
    ['https://github.com/acme/*', 'github.com/acme/shop'],
    ['https://*.acme.io/**', 'https://git.acme.io/a/b.tar'],
    ['https://**', 'https://example.org/'],
  ])('%s matches %s', (text, value) => {
    expect(pattern(text, 'url').matches(value, somebody)).toBe(true)
  })

  it.each([
    ['https://github.com/acme/*', 'https://github.com/acme/../evil/x.git'],
    ['https://github.com/acme/**', 'https://github.com/acme/%2e%2e/evil/x.git'],
    ['https://github.com/acme/*', 'https://github.com@evil.io/acme/x'],
    ['https://github.com/acme/*', 'https://github.com.evil.io/acme/x'],
    ['https://github.com/acme/*', 'http://github.com/acme/x'],
    ['https://github.com/acme/*', 'git@github.com:acme/x.git'],
    ['https://*.acme.io/**', 'https://evil.io/.acme.io/x'],
  ])('T90 %s does not match %s', (text, value) => {
    expect(pattern(text, 'url').matches(value, somebody)).toBe(false)
  })

  it.each(['github.com/acme/*', 'https://github.com', 'ftp://x/y', 'https:/x/y', '**'])(
    'T12 %s is a problem',
    (text) => {
      expect(problem(text, 'url')).toContain('is no pattern of URLs: wants https://host/path')
    },
  )

  it('T12 is a problem with a fragment, which patterns do not look at', () => {
    expect(problem('https://github.com/acme/*#main', 'url')).toContain('wants a URL without "?", "#" and "@"')
  })
})

describe('matchesAny', () => {
  it('needs one pattern that matches', () => {
    const patterns = [pattern('a', 'name'), pattern('b*', 'name')]
    expect(matchesAny(patterns, 'bc', somebody)).toBe(true)
    expect(matchesAny(patterns, 'c', somebody)).toBe(false)
    expect(matchesAny([], '', somebody)).toBe(false)
  })
})
