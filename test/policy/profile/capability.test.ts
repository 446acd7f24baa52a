import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allowsCapability, CAPABILITIES, normaliseCapability } from '../../../src/policy/profile/capability.ts'

describe('T60 normaliseCapability', () => {
  it.each([
    ['NET_ADMIN', 'NET_ADMIN'],
    ['CAP_NET_ADMIN', 'NET_ADMIN'],
    ['cap_net_admin', 'NET_ADMIN'],
    ['Cap_Net_Admin', 'NET_ADMIN'],
    ['all', 'ALL'],
    ['ALL', 'ALL'],
  ])('reads %s as %s', (text, name) => {
    expect(normaliseCapability(text)).toBe(name)
  })

  it.each([
    '',
    'CAP_',
    'CAP_ALL',
    'cap_all',
    'CAP_CAP_KILL',
    'NET-ADMIN',
    ' KILL',
    'KILL\n',
    'NOPE',
    'ſYS_ADMIN',
    'KıLL',
    '*',
  ])('does not know %j', (text) => {
    expect(normaliseCapability(text)).toBeNull()
  })

  it('knows every capability in every spelling', () => {
    const spellings = fc.tuple(
      fc.constantFrom(...CAPABILITIES),
      fc.boolean(),
      fc.array(fc.boolean(), { minLength: 24 }),
    )
    fc.assert(
      fc.property(spellings, ([name, prefixed, lower]) => {
        const text = [...`${prefixed ? 'CAP_' : ''}${name}`]
        const spelt = text.map((letter, index) => (lower[index] ? letter.toLowerCase() : letter)).join('')
        expect(normaliseCapability(spelt)).toBe(name)
      }),
    )
  })
})

describe('allowsCapability', () => {
  it('allows what is listed, in any spelling', () => {
    expect(allowsCapability(new Set(['KILL']), 'cap_kill')).toBe(true)
    expect(allowsCapability(new Set(['KILL']), 'CHOWN')).toBe(false)
    expect(allowsCapability(new Set(), 'KILL')).toBe(false)
  })

  it('allows ALL, and with ALL every known one, only where ALL is listed', () => {
    expect(allowsCapability(new Set(CAPABILITIES), 'ALL')).toBe(false)
    expect(allowsCapability(new Set(['ALL']), 'all')).toBe(true)
    expect(allowsCapability(new Set(['ALL']), 'sys_admin')).toBe(true)
    expect(allowsCapability(new Set(['ALL']), 'nope')).toBe(false)
  })
})
