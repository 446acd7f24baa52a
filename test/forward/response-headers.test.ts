import { expect, it } from 'vitest'
import { clientHeaders } from '../../src/forward/response-headers.ts'

it('T23 drops hop-by-hop fields of the engine and those that Connection names', () => {
  expect({
    ...clientHeaders({
      connection: 'close, X-Secret',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
      'x-secret': '1',
      'api-version': '1.41',
      'content-length': '2',
    }),
  }).toEqual({ 'api-version': '1.41', 'content-length': '2' })
})

it('keeps repeated fields apart', () => {
  expect(clientHeaders({ warning: ['a', 'b'] }).warning).toEqual(['a', 'b'])
})
