import fc from 'fast-check'
import { expect, it } from 'vitest'
import { lineOf } from '../../src/audit/line.ts'
import { RECORD_VERSION } from '../../src/audit/record-version.ts'

const ADDED = ['v', 'time', 'seq', 'prev']
// A record has none of the writer's fields, and an object puts names that are numbers before all others.
const field = fc.string().filter((name) => !ADDED.includes(name) && !/^\d+$/.test(name))
const record = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.string({ unit: 'binary' })))
const moment = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
const chain = fc.option(fc.record({ seq: fc.nat(), prev: fc.stringMatching(/^[0-9a-f]{64}$/) }))

it('writes the JSON of the record with what the writer adds in front, in this order', () => {
  fc.assert(
    fc.property(record, moment, chain, (own, at, linked) => {
      const whole = { v: RECORD_VERSION, time: at.toISOString(), ...linked, ...own }
      expect(lineOf(own, at.getTime(), linked)).toBe(`${JSON.stringify(whole)}\n`)
    }),
  )
})

it('gives each line its own time, also when the clock is set back', () => {
  const moments = [5, 5, 1006, 1999, 2000, 6, 5]
  const times = moments.map((at) => JSON.parse(lineOf({}, at, null)).time)
  expect(times).toEqual(moments.map((at) => new Date(at).toISOString()))
})
