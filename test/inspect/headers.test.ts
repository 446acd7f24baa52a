import { expect, it } from 'vitest'
import { OPERATION_BY_ID } from '../../src/engine/operations.ts'
import { engineHeaders } from '../../src/inspect/headers.ts'

const pull = OPERATION_BY_ID.get('ImageCreate')
const ping = OPERATION_BY_ID.get('SystemPing')
if (pull === undefined || ping === undefined) throw new Error('the table lost an operation')

it('T22 T33 leaves credentials, hop-by-hop and forwarding fields behind', () => {
  const raw = [
    ['Host', 'evil'],
    ['Authorization', 'Bearer secret'],
    ['Connection', 'X-Registry-Auth, close'],
    ['Upgrade', 'tcp'],
    ['Expect', '100-continue'],
    ['Transfer-Encoding', 'chunked'],
    ['Content-Length', '3'],
    ['X-Forwarded-For', '1.2.3.4'],
    ['X-Request-Id', 'forged'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['User-Agent', 'Docker-Client/28'],
  ].flat()
  expect(engineHeaders(ping, raw)).toEqual(['Host', 'docker', 'User-Agent', 'Docker-Client/28'])
})

it("carries the operation's own fields, repeated ones apart and in order", () => {
  const raw = ['X-Registry-Auth', 'abc', 'x-meta-a', '1', 'X-Meta-A', '2']
  expect(engineHeaders(pull, raw)).toEqual(['Host', 'docker', ...raw])
  expect(engineHeaders(ping, raw)).toEqual(['Host', 'docker'])
})
