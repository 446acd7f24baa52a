import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTokenKey, publicTokenKey } from '../../src/pki/token.ts'
import { json } from '../support/engine-answers.ts'
import type { RawConnection } from '../support/raw-client.ts'
import { type Scene, startScene } from './scene.ts'

/*
 * What is remembered of a connection proves nobody: each of these was let in on it a moment before, by the same token.
 */

const REVOCATIONS = 'revocations: { file: revoked.jsonl }'
const bindings = [`{ role: operator, issuer: local, when: 'subject == "ann"' }`, '{ role: reader, issuer: local }']

let scene: Scene
let on: RawConnection
let ann: string

beforeEach(async () => {
  scene = await startScene({ bindings, more: REVOCATIONS }, (put) => put('revoked.jsonl', ''))
  scene.engine.answer(json(200, []))
  on = await scene.open()
  ann = await scene.bearer('ann')
  expect([await statusOf(ann), await statusOf(ann)]).toEqual([200, 200])
})
afterEach(async () => {
  vi.useRealTimers()
  await scene.close()
})

const ask = (bearer: string, line = 'GET /info') => scene.send(line, [bearer], { on })
const statusOf = async (bearer: string, line?: string) => (await ask(bearer, line)).status

it('takes each of several callers for who he is, whoever asked before', async () => {
  const bob = await scene.bearer('bob')
  for (const [bearer, status] of [
    [ann, 200],
    [bob, 403],
    [ann, 200],
    [ann, 200],
    [bob, 403],
    [bob, 403],
  ] as const) {
    expect(await statusOf(bearer, 'POST /containers/x/stop')).toBe(status)
  }
  const subjects = () => scene.records().map(({ principal }) => (principal as { subject: string }).subject)
  await vi.waitFor(() => expect(subjects()).toEqual(['ann', 'ann', 'ann', 'bob', 'ann', 'ann', 'bob', 'bob']))
})

it('refuses a token that has expired', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 })
  const answer = await ask(ann)
  expect([answer.status, answer.text()]).toEqual([401, expect.stringContaining('expired')])
})

it('refuses whoever was revoked', async () => {
  scene.put('revoked.jsonl', `${JSON.stringify({ subject: 'ann', at: new Date().toISOString() })}\n`)
  await vi.waitFor(() => expect(scene.told()).toContain('entries: 1'))
  const answer = await ask(ann)
  expect([answer.status, answer.text()]).toEqual([401, expect.stringContaining('revoked')])
})

it('refuses a token whose key the issuer no longer has', async () => {
  scene.put('token.pem', publicTokenKey(createTokenKey()))
  await vi.waitFor(() => expect(scene.told()).toContain('token.pem'))
  expect(await statusOf(ann)).toBe(401)
})
