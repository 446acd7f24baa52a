import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoopback } from '../../src/config/address.ts'
import { audienceOf, type GateAddress, parseGateAddress } from '../../src/connect/address.ts'

describe("the gate's address", () => {
  it.each<[string, Partial<GateAddress>]>([
    [
      'https://docker.acme.io:2376',
      { kind: 'tls', host: 'docker.acme.io', port: 2376, authority: 'docker.acme.io:2376' },
    ],
    [
      'https://docker.acme.io',
      { kind: 'tls', port: 443, name: 'https://docker.acme.io:443', authority: 'docker.acme.io' },
    ],
    ['https://docker.acme.io:2376/', { kind: 'tls', host: 'docker.acme.io' }],
    ['https://[2001:db8::1]:2376', { kind: 'tls', host: '2001:db8::1', name: 'https://[2001:db8::1]:2376' }],
    ['http://127.0.0.1:2375', { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
    ['http://[::1]:2375', { kind: 'tcp', host: '::1' }],
    ['http://localhost:2375', { kind: 'tcp', host: 'localhost' }],
    ['unix:///run/dockgate.sock', { kind: 'unix', path: '/run/dockgate.sock', authority: 'dockgate' }],
  ])('takes %s', (text, address) => {
    expect(parseGateAddress(text)).toMatchObject(address)
  })

  it.each([
    ['http://docker.acme.io:2375', 'in the clear; use https://'],
    ['http://192.168.1.5:2375', 'in the clear; use https://'],
    ['http://127.0.0.1.nip.io:2375', 'in the clear; use https://'],
    ['tcp://docker.acme.io:2376', 'https:// instead of tcp://'],
    ['docker.acme.io:2376', 'https://'],
    ['docker.acme.io', 'write https://HOST:2376'],
    ['ssh://docker.acme.io', 'not by "ssh:"'],
    ['https://docker.acme.io:2376/v1.41', 'has a path'],
    ['https://docker.acme.io:2376?a=b', 'has a path'],
    ['https://docker.acme.io:99999', 'no address'],
    ['unix://relative.sock', 'write unix:///absolute/path'],
    ['unix:///run/../etc/x', 'write unix:///absolute/path'],
    ['', 'no address'],
  ])('refuses %s and says why', (text, why) => {
    expect(() => parseGateAddress(text)).toThrow(why)
  })

  it('never repeats a password that stood in it', () => {
    const read = () => parseGateAddress('https://user:hunter2@docker.acme.io:2376')
    expect(read).toThrow('holds no user and password')
    expect(read).not.toThrow('hunter2')
  })

  it('is plain TCP only on loopback, whatever is written', () => {
    const host = fc.oneof(
      fc.stringMatching(/^[a-z0-9.-]{1,20}$/),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.constantFrom('127.1', '0x7f.1', '0'),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          host.map((name) => `http://${name}:1`),
          fc.string(),
          fc.webUrl(),
        ),
        (text) => {
          let address: GateAddress
          try {
            address = parseGateAddress(text)
          } catch (error) {
            return error instanceof Error
          }
          return address.kind !== 'tcp' || isLoopback(address.host)
        },
      ),
    )
  })

  it.each([
    ['https://docker.acme.io:2376', 'docker.acme.io'],
    ['https://10.0.0.5:2376', null],
    ['http://localhost:2375', null],
    ['unix:///run/dockgate.sock', null],
  ])('of %s gives the audience %s', (text, audience) => {
    expect(audienceOf(parseGateAddress(text))).toBe(audience)
  })
})
