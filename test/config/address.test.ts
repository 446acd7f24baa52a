import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoopback, parseAddress, parseListenerAddress } from '../../src/config/address.ts'

describe('parseListenerAddress', () => {
  it.each([
    ['fd://dockgate.socket', { kind: 'inherited', name: 'dockgate.socket' }],
    ['fd://3', { kind: 'inherited', name: '3' }],
    ['127.0.0.1:2376', { kind: 'tcp', host: '127.0.0.1', port: 2376 }],
  ])('reads %s', (text, address) => {
    expect(parseListenerAddress(text)).toEqual(address)
  })

  it.each(['fd://', 'fd:gate', 'fd://a:b', 'fd://a b', 'fd://ü', 'fd://a\n', `fd://${'a'.repeat(256)}`, 'FD://a'])(
    'refuses %j',
    (text) => {
      expect(parseListenerAddress(text)).toBeNull()
    },
  )
})

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:2376', { kind: 'tcp', host: '127.0.0.1', port: 2376 }],
    ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
    ['docker.acme.io:65535', { kind: 'tcp', host: 'docker.acme.io', port: 65535 }],
    ['[::1]:2376', { kind: 'tcp', host: '::1', port: 2376 }],
    ['[::]:2376', { kind: 'tcp', host: '::', port: 2376 }],
    ['unix:///run/dockgate.sock', { kind: 'unix', path: '/run/dockgate.sock' }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each([
    '',
    '2376',
    ':2376',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:02376',
    '127.0.0.1:2376/',
    ' 127.0.0.1:2376',
    '127.1:2376',
    '0x7f.1:2376',
    '2130706433:2376',
    '127.0.0.256:2376',
    '::1:2376',
    '[::1]',
    '[127.0.0.1]:1',
    '[::1:2376',
    'tcp://127.0.0.1:2376',
    'http://127.0.0.1:2376',
    'a..b:1',
    '-a:1',
    'unix://run/dockgate.sock',
    'unix:/run/dockgate.sock',
    'unix:///run/../dockgate.sock',
    'unix:///run//dockgate.sock',
    'unix:///run/',
    'unix:///',
    'unix:///run/a\0b',
    `unix:///${'a'.repeat(107)}`,
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeNull()
  })

  it('takes any text without throwing, and what it takes it can be given again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.domain()), fc.nat(70_000), (host, port) => {
        parseAddress(host)
        const address = parseAddress(`${host}:${port}`)
        if (address?.kind !== 'tcp') return
        const text = address.host.includes(':')
          ? `[${address.host}]:${address.port}`
          : `${address.host}:${address.port}`
        expect(parseAddress(text)).toEqual(address)
      }),
    )
  })

  it('takes every IPv6 address in brackets', () => {
    fc.assert(
      fc.property(fc.ipV6(), (host) => {
        expect(parseAddress(`[${host}]:1`)).toEqual({ kind: 'tcp', host, port: 1 })
      }),
    )
  })
})

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    'T131 knows %s',
    (host) => {
      expect(isLoopback(host)).toBe(true)
    },
  )

  it.each(['0.0.0.0', '128.0.0.1', '10.0.0.1', '::', '::2', 'fe80::1', 'localhost.evil.example', 'docker'])(
    'T131 takes %s for the network',
    (host) => {
      expect(isLoopback(host)).toBe(false)
    },
  )
})
