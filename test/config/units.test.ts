import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBytes, parseDuration, parseMode, parseRate } from '../../src/config/units.ts'

describe('parseBytes', () => {
  it.each([
    ['0', 0],
    ['512', 512],
    ['512B', 512],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['2GiB', 2_147_483_648],
  ])('reads %s as %d', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it.each([
    '',
    ' 1',
    '1 KiB',
    '1kb',
    '1KB',
    '1kib',
    '1.5MiB',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '01',
    '1TiB',
    'KiB',
    '1KiB\n',
    '9007199254740992',
  ])('refuses %j', (text) => {
    expect(parseBytes(text)).toBeNull()
  })

  it('reads back every size that it can be given', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(['', 1], ['KiB', 1024], ['MiB', 1024 ** 2] as const),
        (number, [unit, factor]) => {
          expect(parseBytes(`${number}${unit}`)).toBe(number * Number(factor))
        },
      ),
    )
  })
})

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['0s', 0],
  ])('reads %s as %d milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  it.each(['', '0', '10', '10 s', '1d', '-1s', '1.5s', '1h30m', '1S', 's', '1s ', 'Infinity', 'NaN', '1e3s', '٣s'])(
    'T130 refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeNull()
    },
  )

  it('T130 never takes a number without a unit', () => {
    fc.assert(
      fc.property(fc.double(), (number) => {
        expect(parseDuration(String(number))).toBeNull()
      }),
    )
  })
})

describe('parseMode', () => {
  it.each([
    ['0660', 0o660],
    ['660', 0o660],
    ['0000', 0],
    ['0777', 0o777],
  ])('reads %s as octal', (text, mode) => {
    expect(parseMode(text)).toBe(mode)
  })

  it.each(['', '66', '0o660', '4755', '0888', '00660', 'rw-rw----', '-660', '0660 '])('T130 refuses %j', (text) => {
    expect(parseMode(text)).toBeNull()
  })

  it('reads back every permission', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0o777 }), (mode) => {
        expect(parseMode(`0${mode.toString(8).padStart(3, '0')}`)).toBe(mode)
      }),
    )
  })
})

it('takes any text without throwing, and yields a whole number that is not negative, or null', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{0,20}[A-Za-z]{0,4}$/)), (text) => {
      for (const parse of [parseBytes, parseDuration, parseMode]) {
        const value = parse(text)
        if (value !== null) expect(Number.isSafeInteger(value) && value >= 0).toBe(true)
      }
    }),
  )
})

describe('parseRate', () => {
  it.each([
    ['50/s', 50],
    ['300/m', 5],
    ['3600/h', 1],
  ])('reads %s as %d a second', (text, perSecond) => expect(parseRate(text)).toBe(perSecond))

  it.each(['', '50', '/s', '0/s', '05/s', '1.5/s', '-1/s', '50/d', '50 /s', '50/s ', '50/S', '12345678/s', '5e1/s'])(
    'does not read %j',
    (text) => expect(parseRate(text)).toBeNull(),
  )
})
