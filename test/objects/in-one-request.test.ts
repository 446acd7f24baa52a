import { expect, test } from 'vitest'
import { parseJson } from '../../src/inspect/json/parse.ts'
import { createWorld, ownerOf } from '../../src/objects/confine.ts'
import { inOneRequest } from '../../src/objects/in-one-request.ts'
import type { Ask } from '../../src/objects/types.ts'
import { temporaryLedger } from './temporary-ledger.ts'

const RULE = { names: 'plain', sharedImages: [], lifetime: Number.POSITIVE_INFINITY, endsWithToken: false } as never

function world() {
  const asked: string[] = []
  const ask: Ask = async (method, target) => {
    asked.push(`${method} ${target}`)
    const told = { ID: 'i', Id: 'i', Name: 'web', Spec: { Name: 'web', Labels: { 'io.dockgate.owner': 'k' } } }
    return { status: 200, body: parseJson(Buffer.from(JSON.stringify(told))) }
  }
  return { asked, world: inOneRequest(createWorld(ask, temporaryLedger(), () => false)) }
}
const owner = ownerOf('k', RULE, { issuer: 'i', subject: 's' } as never, 'r')

test('what a request updates is asked for once', async () => {
  const { asked, world: one } = world()
  expect((await one.lookup('service', 'web', owner))?.id).toBe('i')
  expect((await one.lookup('service', 'web', owner))?.id).toBe('i')
  expect(asked).toEqual(['GET /services/web'])
  await one.inspect('secret', 'key')
  await one.inspect('secret', 'key')
  expect(asked).toEqual(['GET /services/web', 'GET /secrets/key'])
})

test('what a request makes and looks at again is asked for again', async () => {
  const { asked, world: one } = world()
  await one.inspect('volume', 'cache')
  await one.inspect('volume', 'cache')
  expect(asked).toEqual(['GET /volumes/cache', 'GET /volumes/cache'])
})
