import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allowsPort, type PortRule, parsePortRule, writePortRule } from '../../../src/policy/profile/ports.ts'

function rule(text: string): PortRule {
  const parsed = parsePortRule(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed
}

describe('parsePortRule', () => {
  it.each<[string, string | null, number, number, string]>([
    ['8080', null, 8080, 8080, 'tcp'],
    ['8080/tcp', null, 8080, 8080, 'tcp'],
    ['53/udp', null, 53, 53, 'udp'],
    ['8000-8999', null, 8000, 8999, 'tcp'],
    ['0', null, 0, 0, 'tcp'],
    ['127.0.0.1:8000-8999', '127.0.0.1', 8000, 8999, 'tcp'],
    ['127.0.0.1:0/udp', '127.0.0.1', 0, 0, 'udp'],
    ['0.0.0.0:80/sctp', '0.0.0.0', 80, 80, 'sctp'],
    ['[::1]:8000-8999', '::1', 8000, 8999, 'tcp'],
    ['[0:0::0001]:1', '::1', 1, 1, 'tcp'],
  ])('reads %s', (text, address, first, last, protocol) => {
    expect(parsePortRule(text)).toEqual({ address, first, last, protocol })
  })

  it.each([
    '',
    '-',
    '8080-',
    '-8080',
    '8080-8000',
    '1-2-3',
    '0-1024',
    '0-0',
    '65536',
    '080',
    '+80',
    '80/TCP',
    '80/',
    '80/http',
    ':80',
    'localhost:80',
    '127.1:80',
    '127.0.0.1:',
    '::1:80',
    '[::1]80',
    '[fe80::1%eth0]:80',
    '*:80',
    '80/tcp/udp',
  ])('T12 finds no ports in %j', (text) => {
    expect(parsePortRule(text)).toEqual({ problem: expect.stringContaining('names no ports: wants [address:]port') })
  })
})

describe('writePortRule', () => {
  it.each(['0/tcp', '53/udp', '127.0.0.1:8000-8999/tcp', '[::1]:1-65535/sctp'])('writes %s as it is read', (text) => {
    expect(writePortRule(rule(text))).toBe(text)
  })
})

describe('T77 allowsPort', () => {
  const rules = ['127.0.0.1:8000-8999', '127.0.0.1:0', '[::1]:8000-8999', '53/udp'].map(rule)
  const ask = (address: string, port: string, protocol = 'tcp') => allowsPort(rules, { address, port, protocol })

  it.each<[string, string, string]>([
    ['127.0.0.1', '8000', 'tcp'],
    ['127.0.0.1', '8999', 'tcp'],
    ['127.0.0.1', '8100-8200', 'tcp'],
    ['127.0.0.1', '', 'tcp'],
    ['127.0.0.1', '0', 'tcp'],
    ['::1', '8000', 'tcp'],
    ['0:0:0:0:0:0:0:1', '8000', 'tcp'],
    ['', '53', 'udp'],
    ['0.0.0.0', '53', 'udp'],
    ['10.0.0.1', '53', 'udp'],
  ])('allows %j port %j over %s', (address, port, protocol) => {
    expect(ask(address, port, protocol)).toBe(true)
  })

  it.each<[string, string, string]>([
    ['', '8000', 'tcp'],
    ['0.0.0.0', '8000', 'tcp'],
    ['::', '8000', 'tcp'],
    ['127.0.0.2', '8000', 'tcp'],
    ['::ffff:127.0.0.1', '8000', 'tcp'],
    ['127.0.0.01', '8000', 'tcp'],
    ['localhost', '8000', 'tcp'],
    ['::1%lo', '8000', 'tcp'],
    ['127.0.0.1', '7999', 'tcp'],
    ['127.0.0.1', '9000', 'tcp'],
    ['127.0.0.1', '8900-9100', 'tcp'],
    ['127.0.0.1', '8000', 'udp'],
    ['127.0.0.1', '08000', 'tcp'],
    ['127.0.0.1', '8000-', 'tcp'],
    ['127.0.0.1', '+8000', 'tcp'],
    ['127.0.0.1', '8000', 'TCP'],
    ['127.0.0.1', '8000', ''],
    ['::1', '', 'tcp'],
    ['', '', 'udp'],
    ['', '53', 'tcp'],
  ])('refuses %j port %j over %s', (address, port, protocol) => {
    expect(ask(address, port, protocol)).toBe(false)
  })

  it('allows nothing without rules', () => {
    expect(allowsPort([], { address: '', port: '80', protocol: 'tcp' })).toBe(false)
  })

  it('allows a range exactly when it allows each of its ports by one rule', () => {
    const port = fc.integer({ min: 1, max: 20 })
    const range = fc.tuple(port, port).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    fc.assert(
      fc.property(range, range, ([first, last], [from, to]) => {
        const allowed = [rule(`${first}-${last}`)]
        const each = Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
        const singly = each.every((one) => allowsPort(allowed, { address: '', port: one, protocol: 'tcp' }))
        expect(allowsPort(allowed, { address: '', port: `${from}-${to}`, protocol: 'tcp' })).toBe(singly)
      }),
    )
  })

  it('answers, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (address, port, protocol) => {
        expect(allowsPort(rules, { address, port, protocol })).toBe(false)
        expect(parsePortRule(`${address}:${port}/${protocol}`)).toBeTypeOf('object')
      }),
    )
  })
})
