import { expect, it } from 'vitest'
import { recognise } from '../../src/engine/recognise.ts'
import { upgradeProtocol } from '../../src/inspect/upgrade.ts'

const id = 'a'.repeat(64)

it.each([
  ['POST', '/containers/c/attach', 'tcp'],
  ['POST', `/exec/${id}/start`, 'TCP'],
  ['GET', '/containers/c/attach/ws', 'websocket'],
  ['POST', '/session', 'h2c'],
  ['POST', '/grpc', 'h2c'],
])('knows the protocol of %s %s', (method, target, asked) => {
  expect(upgradeProtocol(recognise(method, target), asked)).toBe(asked.toLowerCase())
})

it('T24 refuses an upgrade of an operation that does not hijack', () => {
  expect(() => upgradeProtocol(recognise('GET', '/_ping'), 'tcp')).toThrow(
    expect.objectContaining({ reason: 'upgrade-unexpected' }),
  )
})

it('refuses another protocol than the one that the operation speaks', () => {
  expect(() => upgradeProtocol(recognise('POST', '/containers/c/attach'), 'h2c')).toThrow(
    expect.objectContaining({ reason: 'upgrade-malformed' }),
  )
})
