import fc from 'fast-check'
import { expect, it } from 'vitest'
import { trustDomainOf } from '../../src/identity/spiffe.ts'

it.each([
  ['spiffe://acme.example/ci/shop', 'acme.example'],
  ['spiffe://acme.example', 'acme.example'],
  ['spiffe://a_b-1/X.y_z-0', 'a_b-1'],
  [`spiffe://a/${'x'.repeat(2000)}`, 'a'],
])('takes %j for an ID of a trust domain', (id, domain) => {
  expect(trustDomainOf(id)).toBe(domain)
})

it.each([
  '',
  'spiffe:',
  'spiffe://',
  'spiffe:///ci',
  'SPIFFE://acme.example/ci',
  'https://acme.example/ci',
  'spiffe://ACME.example/ci',
  'spiffe://acme.example:8443/ci',
  'spiffe://ci@acme.example/ci',
  'spiffe://acme.example/',
  'spiffe://acme.example//ci',
  'spiffe://acme.example/ci/',
  'spiffe://acme.example/../ci',
  'spiffe://acme.example/./ci',
  'spiffe://acme.example/ci?x',
  'spiffe://acme.example/ci#x',
  'spiffe://acme.example/%63i',
  'spiffe://acme.example/c i',
  'spiffe://acme.example\\ci',
  'spiffe://evil.example/spiffe://acme.example',
  ' spiffe://acme.example/ci',
  'spiffe://acme.example/ci\n',
  `spiffe://${'a'.repeat(256)}/ci`,
  `spiffe://a/${'x'.repeat(2048)}`,
])('T124 takes %j for no SPIFFE ID', (id) => {
  expect(trustDomainOf(id)).toBeNull()
})

it('reads every ID that the standard allows, and its domain as it stands there', () => {
  const word = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 20 })
  const domain = word('abz09.-_')
  const segment = word('abzAZ09.-_').filter((text) => text !== '.' && text !== '..')
  fc.assert(
    fc.property(domain, fc.array(segment, { maxLength: 5 }), (host, path) => {
      expect(trustDomainOf(['spiffe:/', host, ...path].join('/'))).toBe(host)
    }),
  )
})

it('never reads another domain than a URL parser would', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab./:@?#%\\ A-_') })
  fc.assert(
    fc.property(text, (rest) => {
      const domain = trustDomainOf(`spiffe://${rest}`)
      if (domain !== null) expect(new URL(`spiffe://${rest}`).host).toBe(domain)
    }),
    { numRuns: 2000 },
  )
})
