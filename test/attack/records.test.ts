import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-client.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

/** What a terminal or a log reader would act on: controls, and characters that change the direction of text. */
const ACTED_ON = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

describe('attacks on records and logs', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const HOSTILE = 'a\r\n{"decision":"allow"}\u001b[2J\u001b]0;x\u0007\u202etxt\u2028\u0000\u009b31m\ufeff'

  const expectClean = async (id: string) => {
    const record = await scene.record(id)
    for (const line of scene.recordLines()) {
      expect(() => JSON.parse(line)).not.toThrow()
      expect(line).not.toMatch(ACTED_ON)
      expect(line.length).toBeLessThan(4_096)
    }
    const values = JSON.stringify(record, (_, value) =>
      typeof value === 'string' ? [...value].map((c) => (ACTED_ON.test(c) ? 'BAD' : c)).join('') : value,
    )
    expect(values).not.toContain('BAD')
    return record
  }

  it('T128 takes no subject that a terminal would act on, and does not write it either', async () => {
    const headers = [`Authorization: Bearer ${await scene.token(HOSTILE, 'reader')}`]
    const answer = await scene.send('GET', '/info', { role: null, headers })
    expectRefusal(answer, 'token-claims')
    expect(answer.text()).not.toMatch(ACTED_ON)
    await expectClean(recordId(answer))
    await scene.nothingReached()
  })

  it('T128 writes a subject that looks like a record as the text that it is', async () => {
    const subject = 'a","decision":"allow"},{"x":"\\'
    const headers = [`Authorization: Bearer ${await scene.token(subject, 'reader')}`]
    const answer = await scene.send('DELETE', '/containers/x', { role: null, headers })
    expectRefusal(answer, 'operation-not-allowed')
    expect(await expectClean(recordId(answer))).toMatchObject({ decision: 'deny', principal: { subject } })
    await scene.nothingReached()
  })

  it('T128 cuts a subject of many bytes', async () => {
    const headers = [`Authorization: Bearer ${await scene.token('s'.repeat(20_000), 'reader')}`]
    const answer = await scene.send('DELETE', '/containers/x', { role: null, headers })
    expect([401, 403]).toContain(answer.status)
    await expectClean(recordId(answer))
    await scene.nothingReached()
  })

  it.each([
    ['line breaks', '/containers/x%0d%0a%7b%22a%22:1%7d/json'],
    ['an escape sequence', '/containers/%1b%5b31mx/json'],
    ['bidirectional overrides', '/containers/%e2%80%aex/json'],
    ['a C1 control', '/containers/%c2%9bx/json'],
    ['a line separator', '/images/a%e2%80%a8b/json'],
    ['30 KB', `/containers/${'n'.repeat(30_000)}/json`],
    ['quotes and backslashes', '/containers/%22%7d%2c%7b/json'],
  ])('T128 writes a refused path with %s as text', async (_, target) => {
    const answer = await scene.send('GET', target)
    expect([400, 404]).toContain(answer.status)
    expect((answer.json() as { message: string }).message).not.toMatch(ACTED_ON)
    expect(answer.body.length).toBeLessThan(2_048)
    await expectClean(recordId(answer))
    await scene.nothingReached()
  })

  it.each([
    ['a query value', '/containers/json?limit=%1b%5b31m%0a%e2%80%ae'],
    ['a query value of 30 KB', `/containers/json?limit=${'9'.repeat(30_000)}`],
    ['a query name', '/containers/json?%1b%5b31m%0a=1'],
    ['a query name of 30 KB', `/containers/json?${'n'.repeat(30_000)}=1`],
    ['an image name', '/images/%1b%5b31m%e2%80%ae/json'],
  ])('T128 writes %s without what a terminal acts on', async (_, target) => {
    const answer = await scene.send('GET', target)
    expect(answer.text()).not.toMatch(ACTED_ON)
    if (answer.status !== 200) await expectClean(recordId(answer))
    // Records are written in order: the one of a later request stands behind it.
    await expectClean(recordId(await scene.send('GET', '/nothing')))
  })

  it('T128 writes no secret: no token, no header, no query value that may hold one', async () => {
    const headers = [
      'X-Registry-Auth: c2VjcmV0LXJlZ2lzdHJ5',
      'User-Agent: secret-agent',
      'Cookie: secret-cookie',
      'X-Request-Id: secret-id',
    ]
    await scene.send('POST', '/images/create?fromImage=a&changes=ENV%20P%3Dsecret-change', { headers })
    await scene.send('GET', '/containers/json?filters=%7B%22label%22%3A%5B%22secret-label%22%5D%7D')
    await scene.send('POST', '/containers/create', { body: '{"Image":"a","Env":["P=secret-env"]}' })
    // A path is what a role lists (archive.get), as the source of a mount is: it is written down, and nothing beside it.
    await scene.send('GET', '/containers/x/archive?path=/named-path')
    const bearer = await scene.send('GET', '/nothing', {
      role: null,
      headers: ['Authorization: Bearer secret.bearer.token'],
    })
    const basic = await scene.send('GET', '/info', { role: null, headers: ['Authorization: Basic secret-basic'] })
    const query = await scene.send('GET', '/info?token=secret-query')
    for (const answer of [bearer, basic, query]) {
      expect(answer.text()).not.toContain('secret')
      await scene.record(recordId(answer))
    }
    const text = scene.recordLines().join('\n')
    expect(text).toContain('"asked":{"archive":{"get":["/named-path"]}}')
    expect(text).not.toContain('secret')
    expect(text).not.toContain('c2VjcmV0')
    expect(text).not.toContain(scene.authorization('operator').split('.').at(-1))
  })

  it('T128 gives every request one record of its own, also one that is no HTTP', async () => {
    const { answer } = await rawRequest(scene.tcp, 'GET /\x1b[31m HTTP/1.1\r\n\r\n')
    expectRefusal(answer, 'http-malformed', 'target-malformed')
    await expectClean(recordId(answer))
    expect(scene.recordLines().filter((line) => line.includes(recordId(answer)))).toHaveLength(1)
  })
})
