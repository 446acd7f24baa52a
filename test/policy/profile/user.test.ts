import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRootUser, mayBeRoot } from '../../../src/policy/profile/user.ts'

describe('T74 isRootUser', () => {
  it.each([
    '',
    ':',
    ':5',
    '0',
    '00',
    '000000000000',
    '+0',
    '-0',
    '0:5',
    '00:1000',
    '0:',
    'root',
    'Root',
    'ROOT',
    'root:1000',
  ])('takes %j for root', (user) => {
    expect(isRootUser(user)).toBe(true)
    expect(mayBeRoot(user)).toBe(true)
  })

  it.each(['1000', '1000:0', '01000', 'node', 'rooty', ' 0', '0x0', '1e0'])('does not take %j for root', (user) => {
    expect(isRootUser(user)).toBe(false)
  })
})

describe('mayBeRoot', () => {
  it.each(['1', '1000', '1000:0', '1000:root', '0001', '2147483647', '1000:x:y'])('clears %j', (user) => {
    expect(mayBeRoot(user)).toBe(false)
  })

  it.each([
    'node',
    ' 0',
    '0 ',
    '1000 ',
    '+1000',
    '-1',
    '1_0',
    '٠',
    '0x1',
    '2147483648',
    '4294967296',
    '18446744073709551616',
  ])('does not clear %j', (user) => {
    expect(mayBeRoot(user)).toBe(true)
  })

  it('clears a number above zero only, whatever comes behind a colon', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.nat().map(String)), fc.option(fc.string()), (name, group) => {
        fc.pre(!name.includes(':'))
        const user = group === null ? name : `${name}:${group}`
        const cleared = /^[0-9]{1,10}$/.test(name) && Number(name) > 0 && Number(name) < 2 ** 31
        expect(mayBeRoot(user)).toBe(!cleared)
        if (isRootUser(user)) expect(mayBeRoot(user)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})
