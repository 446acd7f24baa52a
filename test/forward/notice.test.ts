import fc from 'fast-check'
import { expect, it } from 'vitest'
import { followFrames } from '../../src/forward/notice.ts'

const frame = (stream: number, payload: Uint8Array) => {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

it('knows every boundary of a multiplexed stream, in whatever pieces it comes', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 })
  fc.assert(
    fc.property(payloads, fc.array(fc.nat(30)), (list, cuts) => {
      const frames = list.map((payload, index) => frame(index % 4, payload))
      const boundaries = new Set([0])
      let sum = 0
      for (const one of frames) {
        sum += one.length
        boundaries.add(sum)
      }
      const bytes = Buffer.concat(frames)
      const followed = followFrames('multiplexed')
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = Math.min(bytes.length, at + 1 + (cuts[i % Math.max(1, cuts.length)] ?? 0))
        followed.pass(bytes.subarray(at, end))
        expect(followed.atBoundary()).toBe(boundaries.has(end))
        at = end
      }
    }),
  )
})

it('takes of what follows the rest of the frame that has begun, and nothing of the next one', () => {
  const bytes = Buffer.concat([frame(1, Buffer.from('first')), frame(2, Buffer.from('second'))])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), (begun) => {
      const followed = followFrames('untold')
      followed.pass(bytes.subarray(0, begun))
      expect(followed.passRest(bytes.subarray(begun))).toBe(13 - begun)
      expect(followed.atBoundary()).toBe(true)
    }),
  )
})

it.each([
  ['multiplexed', '', '\u0002\0\0\0\0\0\0\u0004bye\n'],
  ['raw', '', '\r\nbye\r\n'],
  ['untold', '', undefined],
  ['untold', '/ # ', '\r\nbye\r\n'],
  ['untold', '\u0001\0\0\0\0\0\0\u0001x', '\u0002\0\0\0\0\0\0\u0004bye\n'],
  ['multiplexed', 'no frame at all', undefined],
  ['closed', 'anything', undefined],
] as const)('says a line in a stream that is %s, after %j', (format, before, said) => {
  const followed = followFrames(format)
  followed.pass(Buffer.from(before, 'latin1'))
  expect(followed.notice('bye')?.toString('latin1')).toBe(said)
})
