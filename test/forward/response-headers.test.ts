import { expect, it } from 'vitest'
import { clientHeaders } from '../../src/forward/response-headers.ts'

it('T23 drops hop-by-hop fields of the engine and those that Connection names', () => {
  const raw = [
    ['Connection', 'close, X-Secret'],
    ['Keep-Alive', 'timeout=5'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'h2c'],
    ['X-Secret', '1'],
    ['Api-Version', '1.41'],
  ].flat()
  expect(clientHeaders(raw)).toEqual(['Api-Version', '1.41'])
})

it('keeps the spelling of names, and repeated fields apart and in order', () => {
  const raw = ['Warning', 'a', 'Content-Length', '2', 'warning', 'b']
  expect(clientHeaders(raw)).toEqual(raw)
})
