import { afterEach, describe, expect, it } from 'vitest'
import type { Exchange } from '../../src/audit/exchange.ts'
import { openExchange } from '../../src/audit/exchange.ts'
import { createFindings } from '../../src/config/findings.ts'
import { roleSchema } from '../../src/config/schema.ts'
import { recognise } from '../../src/engine/recognise.ts'
import { createLimits, type Limits } from '../../src/gate/limits.ts'
import { compileRole } from '../../src/policy/role.ts'

let time = 0
let resident = 0
let limits: Limits
afterEach(() => limits.close())
const start = () => {
  time = 1_000_000
  resident = 0
  limits = createLimits({ now: () => time, resident: () => resident })
}

function exchange(subject: string, rate: object): Exchange {
  const role = compileRole('r', roleSchema.parse({ allow: ['read'], rate }), createFindings())
  const opened = openExchange(
    { name: 'l', address: '127.0.0.1:1' } as never,
    { socket: {}, method: 'GET', rawHeaders: [] } as never,
    '/info',
  )
  const principal = { issuer: 'i', subject } as Exchange['principal']
  return Object.assign(opened, { role, principal, operation: recognise('GET', '/info') })
}
const take = (rate: object, subject = 's') => {
  const taken = exchange(subject, rate)
  try {
    limits.enter(taken, taken.role)
    return 'taken'
  } catch (error) {
    return (error as { retryAfter: number }).retryAfter
  } finally {
    limits.leave(taken)
  }
}

describe('a token bucket', () => {
  it('lets a burst through, then one for each interval, and tells how many seconds to wait', () => {
    start()
    const rate = { requests: '30/m', burst: 3 }
    expect([take(rate), take(rate), take(rate), take(rate)]).toEqual(['taken', 'taken', 'taken', 2])
    time += 1_999
    expect(take(rate)).toBe(1)
    time += 1
    expect([take(rate), take(rate)]).toEqual(['taken', 2])
  })

  it('holds no more than its burst after a long pause', () => {
    start()
    const rate = { requests: '10/s', burst: 2 }
    take(rate)
    time += 3_600_000
    expect([take(rate), take(rate), take(rate)]).toEqual(['taken', 'taken', 1])
  })

  it('never takes more than its rate and burst, whenever requests come', () => {
    start()
    const rate = { requests: '7/s', burst: 3 }
    let taken = 0
    for (let step = 0; step < 10_000; step++) {
      if (take(rate) === 'taken') taken += 1
      time += 1
    }
    expect(taken).toBeGreaterThanOrEqual(70)
    expect(taken).toBeLessThanOrEqual(73)
  })

  it('does not count for one what refuses it for another', () => {
    start()
    const rate = { requests: '1/h', everybody: { requests: '1/h', burst: 2 } }
    expect([take(rate, 'a'), take(rate, 'b')]).toEqual(['taken', 'taken'])
    expect(take(rate, 'c')).toBeGreaterThan(0)
    time += 3_600_000
    // Had it been counted for c, he would have to wait longer.
    expect(take(rate, 'c')).toBe('taken')
  })
})

describe('callers that are remembered', () => {
  it('are bounded: beyond it new ones are refused while all owe, and taken when others owe nothing any more', () => {
    start()
    const rate = { requests: '1/m' }
    for (let caller = 0; caller < 65_536; caller++) expect(take(rate, String(caller))).toBe('taken')
    expect(take(rate, 'new')).toBe(1)
    // None of them was forgotten: each still has to wait.
    expect(take(rate, '0')).toBe(60)
    time += 60_000
    expect(take(rate, 'new')).toBe('taken')
  })
})

it('takes nothing for who left before it was known who asks, as nobody would give it back', () => {
  start()
  const gone = exchange('s', { concurrent: 1 })
  limits.leave(gone)
  expect(() => limits.enter(gone, gone.role)).toThrow('went away')
  expect(take({ concurrent: 1 })).toBe('taken')
})

describe('memory', () => {
  it('above the bound takes nothing new, until it is below again', () => {
    start()
    resident = 300 * 1024 * 1024
    limits.configure({ memory: 256 * 1024 * 1024 })
    expect(() => limits.checkMemory()).toThrow('no memory left')
    resident = 200 * 1024 * 1024
    limits.configure({ memory: 256 * 1024 * 1024 })
    expect(() => limits.checkMemory()).not.toThrow()
  })
})
