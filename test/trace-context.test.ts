import { describe, expect, it } from 'vitest'
import { traceContext, traceHeaders } from '../src/trace-context.ts'

const ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const VALID = `00-${ID}-${PARENT}-01`

/** What goes on to the engine of these header fields. */
function passedOn(...raw: string[]): string[] {
  const trace = traceContext(raw)
  return trace === null ? [] : traceHeaders(trace, raw)
}

describe('traceparent (W3C Trace Context level 1, section 3.2)', () => {
  it.each([
    ['as it is', VALID, VALID],
    ['not sampled', `00-${ID}-${PARENT}-00`, `00-${ID}-${PARENT}-00`],
    ['without the flags that this version does not know', `00-${ID}-${PARENT}-ff`, VALID],
    ['of a later version, as this version has it', `cc-${ID}-${PARENT}-01`, VALID],
    ['of a later version with more behind it', `cc-${ID}-${PARENT}-01-what-the-future-holds`, VALID],
  ])('is passed on %s', (_, sent, wanted) => {
    expect(passedOn('Traceparent', sent)).toEqual(['traceparent', wanted])
  })

  it.each([
    ['is empty', ''],
    ['has another version that is none', `ff-${ID}-${PARENT}-01`],
    ['has more behind it in this version', `${VALID}-extra`],
    ['ends in a dash', `${VALID}-`],
    ['has upper-case digits', VALID.toUpperCase()],
    ['has a trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['has a parent id of zeros', `00-${ID}-${'0'.repeat(16)}-01`],
    ['has a trace id that is too short', `00-${ID.slice(1)}-${PARENT}-01`],
    ['has no flags', `00-${ID}-${PARENT}`],
    ['has spaces in it', `00-${ID}-${PARENT}-01 `],
    ['is two', `${VALID}, ${VALID}`],
    ['is of a later version and goes straight on', `cc-${ID}-${PARENT}-01.what`],
    ['is too long', `cc-${ID}-${PARENT}-01-${'x'.repeat(300)}`],
  ])('is dropped when it %s', (_, sent) => {
    expect(passedOn('traceparent', sent, 'tracestate', 'a=1')).toEqual([])
  })

  it('is dropped when there are two of it', () => {
    expect(passedOn('traceparent', VALID, 'Traceparent', VALID)).toEqual([])
  })
})

describe('tracestate (section 3.3)', () => {
  it.each([
    ['one member', ['rojo=00f067aa0ba902b7'], 'rojo=00f067aa0ba902b7'],
    ['a tenant', ['fw529a3039@dt=FfAPBg'], 'fw529a3039@dt=FfAPBg'],
    ['several fields, joined', ['a=1', 'b=2, c=3'], 'a=1,b=2,c=3'],
    ['members that are empty, without them', ['a=1,,\t ,b=2'], 'a=1,b=2'],
  ])('is passed on: %s', (_, fields, wanted) => {
    const raw = fields.flatMap((field) => ['tracestate', field])
    expect(passedOn('traceparent', VALID, ...raw)).toEqual(['traceparent', VALID, 'tracestate', wanted])
  })

  it.each([
    ['a key twice', 'a=1,b=2,a=3'],
    ['an upper-case key', 'A=1'],
    ['no value', 'a='],
    ['no key', '=1'],
    ['no member', 'a'],
    ['an equals sign in the value', 'a=b=c'],
    ['a control character', 'a=b\u0001c'],
    ['33 members', Array.from({ length: 33 }, (_, n) => `k${n}=1`).join()],
    ['more than 512 characters', `a=${'x'.repeat(200)},b=${'x'.repeat(200)},c=${'x'.repeat(200)}`],
  ])('is dropped, and traceparent is not, for %s', (_, sent) => {
    expect(passedOn('traceparent', VALID, 'tracestate', sent)).toEqual(['traceparent', VALID])
  })

  it('does not go without traceparent', () => {
    expect(passedOn('tracestate', 'a=1')).toEqual([])
  })
})
