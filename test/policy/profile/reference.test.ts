import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  familiar,
  type ImageReference,
  normalised,
  parseImageId,
  parseReference,
  withDefaultTag,
  withTagOrDigest,
} from '../../../src/policy/profile/reference.ts'
import { processorMs } from '../../support/processor.ts'
import { goIdentifier, goReference } from './distribution.ts'

const HEX = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a'
const DIGEST = `sha256:${HEX}`

const read = (text: string): ImageReference => {
  const reference = parseReference(text)
  if (reference === null) throw new Error(`${text} is no reference`)
  return reference
}

describe('T95 parseReference', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['alpine:Edge', 'docker.io/library/alpine:Edge'],
    [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
    [`alpine:3.20@${DIGEST}`, `docker.io/library/alpine:3.20@${DIGEST}`],
    ['library/alpine', 'docker.io/library/alpine'],
    ['acme/shop', 'docker.io/acme/shop'],
    ['acme/shop/web', 'docker.io/acme/shop/web'],
    ['docker.io/alpine', 'docker.io/library/alpine'],
    ['docker.io/library/alpine', 'docker.io/library/alpine'],
    ['index.docker.io/alpine', 'docker.io/library/alpine'],
    ['index.docker.io/acme/shop', 'docker.io/acme/shop'],
    ['localhost/app', 'localhost/app'],
    ['localhost:5000/app', 'localhost:5000/app'],
    ['localhost:5000', 'docker.io/library/localhost:5000'],
    ['registry.acme.io', 'docker.io/library/registry.acme.io'],
    ['registry.acme.io:5000/a/b:c', 'registry.acme.io:5000/a/b:c'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000/app'],
    ['[fd00::1]:5000/app', '[fd00::1]:5000/app'],
    ['ACME/app', 'ACME/app'],
    ['Docker.io/app', 'Docker.io/app'],
    ['INDEX.docker.io/app', 'INDEX.docker.io/app'],
    ['docker.io:443/app', 'docker.io:443/app'],
    ['registry-1.docker.io/library/alpine', 'registry-1.docker.io/library/alpine'],
    ['a/b__c/d---e/f.g', 'docker.io/a/b__c/d---e/f.g'],
  ])('reads %s as %s', (text, full) => {
    expect(normalised(read(text))).toBe(full)
  })

  it.each([
    '',
    ' alpine',
    'alpine\n',
    'alpine:',
    'alpine@',
    ':latest',
    '/alpine',
    'alpine/',
    'a//b',
    'a/./b',
    'a/../b',
    'Alpine',
    'docker.io/Acme/shop',
    'acme/Shop',
    'docker.io/',
    '-a/b',
    'a-/b',
    'a..b',
    'a___b',
    '_a',
    'https://docker.io/library/alpine',
    'user@host.io/alpine',
    'foo_bar.io/x',
    'host.io:/x',
    'host.io:80a/x',
    '-host.io/x',
    'host..io/x',
    '[fd00::1]',
    '[fe80::1%eth0]:5000/x',
    '[::ffff:1.2.3.4]/x',
    'alpine:-x',
    `alpine:${'x'.repeat(129)}`,
    'alpine@sha256:abc',
    `alpine@sha256:${HEX.toUpperCase()}`,
    `alpine@SHA256:${HEX}`,
    `alpine@md5:${HEX}`,
    `alpine@${DIGEST}@${DIGEST}`,
    `a/${'b'.repeat(254)}`,
    `${'h'.repeat(260)}.io/x`,
    'ſlpine',
    '\u212aelvin/x',
  ])('refuses %j', (text) => {
    expect(parseReference(text)).toBeNull()
  })

  it.each([HEX, DIGEST, `sha512:${HEX}${HEX}`])('does not take the id %s for a name', (id) => {
    expect(parseReference(id)).toBeNull()
    expect(parseImageId(id)).toBe(id === HEX ? DIGEST : id)
  })

  it.each(['alpine', HEX.slice(1), HEX.toUpperCase(), `sha256:${HEX}0`, `${HEX}\n`, 'sha256:', ':'])(
    'does not take %j for an id',
    (text) => {
      expect(parseImageId(text)).toBeNull()
    },
  )

  it.each([
    'docker.io/acme.io/app',
    'index.docker.io/localhost/app',
    'docker.io/index.docker.io/app',
    `docker.io/${HEX}`,
    `docker.io/library/sha256:${HEX}`,
  ])('refuses %s, which the engine keeps under a name that means something else', (text) => {
    expect(parseReference(text)).toBeNull()
  })

  it('reads every text as the engine does, but for what it refuses on purpose', () => {
    const readings = fc.sample(texts, { numRuns: 10_000, seed: 95 })
    for (const text of readings) {
      const id = goIdentifier(text)
      const go = goReference(text)
      const refused = id !== null || go === null || go.registry === '' || go.registry.length > 259 || isAmbiguous(go)
      expect(parseImageId(text)).toBe(id)
      expect(parseReference(text)).toEqual(refused ? null : go)
    }
    expect(readings.filter((text) => parseReference(text) !== null).length).toBeGreaterThan(500)
  })

  it('reads back what it wrote, in the full form and in the familiar one', () => {
    const references = texts.map(parseReference).filter((reference) => reference !== null)
    fc.assert(
      fc.property(references, (reference) => {
        expect(parseReference(normalised(reference))).toEqual(reference)
        expect(parseReference(familiar(reference))).toEqual(reference)
      }),
      { numRuns: 1000 },
    )
  })

  it('does not take long over a long text', () => {
    const cost = processorMs(() => {
      for (const text of ['a-'.repeat(500_000), '_'.repeat(1_000_000), `${'a.'.repeat(500)}/`]) {
        expect(parseReference(text)).toBeNull()
      }
    })
    expect(cost).toBeLessThan(1000)
  })
})

describe('familiar', () => {
  it.each([
    ['docker.io/library/alpine:3.20', 'alpine:3.20'],
    ['docker.io/acme/shop', 'acme/shop'],
    ['docker.io/library/a/b', 'library/a/b'],
    ['registry.acme.io/library/x', 'registry.acme.io/library/x'],
  ])('shows %s as %s', (full, short) => {
    expect(familiar(read(full))).toBe(short)
  })
})

describe('withDefaultTag', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3', 'docker.io/library/alpine:3'],
    [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
  ])('makes %s %s', (text, full) => {
    expect(normalised(withDefaultTag(read(text)))).toBe(full)
  })
})

describe('withTagOrDigest', () => {
  it.each([
    ['alpine', '3.20', 'docker.io/library/alpine:3.20'],
    ['alpine:3.19', '3.20', 'docker.io/library/alpine:3.20'],
    ['alpine:3.19', DIGEST, `docker.io/library/alpine@${DIGEST}`],
    [`alpine@${DIGEST}`, '3.20', `docker.io/library/alpine:3.20@${DIGEST}`],
  ])('joins %s and %s to %s', (text, tag, full) => {
    const joined = withTagOrDigest(read(text), tag)
    expect(joined && normalised(joined)).toBe(full)
  })

  it.each(['', 'a/b', '../x', 'sha256:abc', '-x', `x@${DIGEST}`])('takes %j for neither tag nor digest', (tag) => {
    expect(withTagOrDigest(read('alpine'), tag)).toBeNull()
  })
})

/** Whether the engine would read another name from the one under which it keeps the image. */
function isAmbiguous(reference: ImageReference): boolean {
  const short = familiar(reference)
  const again = goReference(short)
  return goIdentifier(short) !== null || again === null || normalised(again) !== normalised(reference)
}

const hex = (length: number) => fc.stringMatching(new RegExp(`^[a-f0-9]{${length}}$`))
const shards = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(...'a b1 0 - -- _ __ ___ . .. / // : @ A Z 5000 [::1] [ sha256: + %'.split(' ')),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('localhost', 'docker.io', 'index.docker.io/', 'library/', 'reg.io/', 'a_b.c/'),
  },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\n', 'é', 'ſ', 'K', 'x'.repeat(250), 'z'.repeat(128), 'a'.repeat(64)) },
  { weight: 1, arbitrary: hex(64) },
  { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
)
const wellShaped = fc
  .tuple(
    fc.constantFrom(
      '',
      'docker.io/',
      'index.docker.io/',
      'localhost/',
      'localhost:5/',
      'Foo/',
      'a/',
      '[::1]:5/',
      'a_b.c/',
    ),
    fc
      .array(
        fc.oneof(fc.constantFrom('a', 'b1', 'a.b', 'a_b', 'a--b', 'library'), fc.stringMatching(/^[a-z0-9._-]{1,4}$/)),
        { minLength: 1, maxLength: 3 },
      )
      .map((segments) => segments.join('/')),
    fc.option(fc.stringMatching(/^:[\w.-]{0,6}$/), { nil: '' }),
    fc.oneof(
      fc.constant(''),
      hex(64).map((text) => `@sha256:${text}`),
      hex(96).map((text) => `@sha384:${text}`),
      fc.stringMatching(/^@[a-z0-9+:]{0,40}$/),
    ),
  )
  .map((pieces) => pieces.join(''))
const texts = fc.oneof(
  fc.array(shards, { maxLength: 8 }).map((pieces) => pieces.join('')),
  { weight: 3, arbitrary: wellShaped },
)
