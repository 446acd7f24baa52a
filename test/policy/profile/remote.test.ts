import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRemote } from '../../../src/policy/profile/remote.ts'

describe('T90 parseRemote', () => {
  it.each([
    ['https://github.com/acme/shop.git', 'https://github.com/acme/shop.git'],
    ['https://github.com/acme/shop.git#main:web', 'https://github.com/acme/shop.git'],
    ['https://acme.io/x.git#feature/a-b:dir/c', 'https://acme.io/x.git'],
    ['https://acme.io/x.git#', 'https://acme.io/x.git'],
    ['github.com/acme/shop#main', 'https://github.com/acme/shop'],
    ['git://git.acme.io/shop', 'git://git.acme.io/shop'],
    ['http://acme.io:8080/context.tar.gz', 'http://acme.io:8080/context.tar.gz'],
    ['https://acme.io/', 'https://acme.io/'],
  ])('reads %s as %s', (text, location) => {
    expect(parseRemote(text)).toBe(location)
  })

  it.each([
    '',
    'client-session',
    '.',
    'file:///etc',
    'ssh://git@acme.io/x',
    'git@github.com:acme/shop.git',
    'ftp://acme.io/x',
    'https://acme.io',
    'https:/acme.io/x',
    'https:acme.io/x',
    'HTTPS://acme.io/x',
    'https://ACME.io/x',
    'https://acme.io:443/x',
    'https://user@acme.io/x',
    'https://user:pw@acme.io/x',
    'https://acme.io\\@evil.io/x',
    'https://acme.io/a/../b',
    'https://acme.io/a/%2e%2e/b',
    'https://acme.io/a%2fb',
    'https://acme.io/a%5Cb',
    'https://acme.io/a\\b',
    'https://acme.io/a?b',
    'https://acme.io/a?',
    ' https://acme.io/a',
    'https://acme.io/a\n',
    'https://acme.io/a b',
    'https://1.1/x',
    'https://0x7f000001/x',
    'https://[::0001]/x',
    'git:///x',
    'git://ACME.io/x',
    'https://./x',
    'git://acme.io/a\\b',
    'git://acme.io\\@evil.io/x',
    'github.com/../evil.io/x',
    'https://acme.io/x.git#--upload-pack=evil',
    'https://acme.io/x.git#-x:dir',
    'https://acme.io/x.git#%2d-upload-pack=evil',
    'https://acme.io/x.git#a b',
    'https://acme.io/x.git#a\n',
    'https://acme.io/x.git#\u2010x',
  ])('refuses %j', (text) => {
    expect(parseRemote(text)).toBeNull()
  })

  it('answers with a part of the text that every URL parser takes whole', () => {
    const pieces = fc.constantFrom(
      '/',
      'a',
      '..',
      '.',
      '%2e',
      '%2F',
      '?',
      '#',
      '@',
      ':',
      '\\',
      ' ',
      'é',
      'A',
      '[',
      '~',
      '\t',
    )
    const texts = fc
      .tuple(
        fc.constantFrom('https://', 'http://', 'git://', 'github.com/', ''),
        fc.array(pieces, { maxLength: 3 }),
        fc.array(pieces, { maxLength: 6 }),
      )
      .map(([scheme, host, path]) => `${scheme}${host.join('')}acme.io/${path.join('')}`)
    fc.assert(
      fc.property(texts, (text) => {
        const location = parseRemote(text)
        if (location === null) return
        expect(text.replace(/^github/, 'https://github').startsWith(location)).toBe(true)
        expect(new URL(location).href).toBe(location)
        expect(location).not.toMatch(/[?#\\\s]|\/\.\.?(\/|$)/)
        expect(location.split('/')[2]).not.toContain('@')
      }),
      { numRuns: 2000 },
    )
  })
})
