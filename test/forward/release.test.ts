import { expect, it } from 'vitest'
import { release } from '../../src/forward/release.ts'

it('gives back the memory of a chunk that has it for itself', () => {
  const chunk = Buffer.allocUnsafeSlow(64 * 1024)
  const { buffer } = chunk
  release(chunk)
  expect((buffer as ArrayBuffer).detached).toBe(true)
  expect(chunk).toHaveLength(0)
})

it('leaves memory alone that a chunk shares: of a slab, or of the pool of small buffers', () => {
  const slab = Buffer.allocUnsafeSlow(64 * 1024)
  release(slab.subarray(0, 32 * 1024))
  release(slab.subarray(1))
  release(Buffer.from('small'))
  release(Buffer.from(slab.buffer, 0, slab.length - 1))
  expect(slab).toHaveLength(64 * 1024)
  expect(Buffer.from('small').toString()).toBe('small')
})

it('leaves the pool alone even where one chunk is all of it', () => {
  const { buffer } = Buffer.from('pooled')
  release(Buffer.from(buffer, 0, buffer.byteLength))
  expect((buffer as ArrayBuffer).detached).toBe(false)
})
