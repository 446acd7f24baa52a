import { afterEach, describe, expect, it } from 'vitest'
import { hangAfterHead } from '../support/engine-answers.ts'
import { openRaw, type RawAnswer } from '../support/raw-client.ts'
import { request, type Scene, startScene, streaming, UPGRADE } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())

const role = (rate: string) => ({
  roles: `{ r: { extends: admin, rate: ${rate} } }`,
  bindings: ['{ role: r, issuer: local }'],
})
const messageOf = (answer: RawAnswer) => (answer.json() as { message: string }).message
const info = async (subject = 'ann') => scene.send('GET /info', [await scene.bearer(subject)])

/** A request whose answer does not come. */
async function hang(line = 'GET /info', headers: readonly string[] = [], subject = 'ann') {
  scene.engine.answer(headers.length > 0 ? streaming : hangAfterHead())
  const connection = await scene.open()
  await connection.write(request(line, [await scene.bearer(subject), ...headers]))
  await scene.engine.waitForRequest(1)
  scene.engine.reset()
  return connection
}

describe('the rate of a role', () => {
  it('refuses who asks too often with 429, when to come back and the key, and asks the engine nothing', async () => {
    scene = await startScene(role('{ requests: 1/h, burst: 2 }'))
    expect((await info()).status).toBe(200)
    expect((await info()).status).toBe(200)
    scene.engine.reset()
    const refused = await info()
    expect([refused.status, messageOf(refused)]).toEqual([
      429,
      expect.stringContaining('one caller asked too often (roles.r.rate.requests): try again in 3'),
    ])
    expect(Number(refused.values('retry-after')[0])).toBeGreaterThan(3590)
    expect(scene.engine.requests).toEqual([])
    await scene.recorded({ reason: 'rate-limited', status: 429, decision: 'deny' })
  })

  it('counts each caller for himself, and all of them together where the role says so', async () => {
    scene = await startScene(role('{ requests: 1/h, everybody: { requests: 1/h, burst: 2 } }'))
    expect([(await info('ann')).status, (await info('bob')).status]).toEqual([200, 200])
    const refused = await info('eve')
    expect([refused.status, messageOf(refused)]).toEqual([
      429,
      expect.stringContaining('all callers together asked too often (roles.r.rate.everybody.requests)'),
    ])
  })

  it('counts pings too, which every role may send', async () => {
    scene = await startScene(role('{ requests: 1/h }'))
    const bearer = await scene.bearer('ann')
    expect((await scene.send('GET /_ping', [bearer])).status).toBe(200)
    expect((await scene.send('GET /_ping', [bearer])).status).toBe(429)
    expect(scene.engine.requests).toHaveLength(1)
  })

  it('bounds requests under way, and takes the next when one has ended', async () => {
    scene = await startScene(role('{ concurrent: 1 }'))
    const first = await hang()
    const refused = await info()
    expect([refused.status, messageOf(refused)]).toEqual([429, expect.stringContaining('roles.r.rate.concurrent')])
    expect(scene.engine.requests).toEqual([])
    expect(
      await info('bob').then(
        ({ status }) => status,
        () => 0,
      ),
    ).not.toBe(429)
    first.destroy()
    await scene.recorded({ operation: 'SystemInfo', reason: 'client-gone' })
    scene.engine.answer()
    expect((await info()).status).toBe(200)
  })

  it('bounds sessions apart from requests, also those that are hijacked', async () => {
    scene = await startScene(role('{ sessions: 1, concurrent: 1 }'))
    const session = await hang('POST /containers/x/attach?stream=1&stdout=1', UPGRADE)
    const events = await scene.send('GET /events', [await scene.bearer('ann')])
    expect([events.status, messageOf(events)]).toEqual([429, expect.stringContaining('roles.r.rate.sessions')])
    const attach = await scene.send('POST /containers/x/attach?stream=1&stdout=1', [
      await scene.bearer('ann'),
      ...UPGRADE,
    ])
    expect(attach.status).toBe(429)
    expect(scene.engine.requests).toEqual([])
    scene.engine.answer()
    expect((await info()).status).toBe(200)
    session.destroy()
    await scene.recorded({ event: 'session' })
    expect((await scene.send('GET /containers/x/stats?stream=1', [await scene.bearer('ann')])).status).toBe(200)
  })

  it('counts by the role that a reload gives, with what is under way', async () => {
    scene = await startScene(role('{ concurrent: 5 }'))
    await hang()
    await scene.reload(role('{ concurrent: 1 }'))
    expect((await info()).status).toBe(429)
  })
})

describe('upload', () => {
  const load = async (length: number, chunked = false) => {
    const connection = await scene.open()
    const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
    await connection.write(
      `POST /images/load HTTP/1.1\r\nHost: docker\r\n${await scene.bearer('ann')}\r\nContent-Type: application/x-tar\r\n${framing}\r\n\r\n`,
    )
    return connection
  }

  it('refuses a body whose length is more than the role allows, before the engine hears of it', async () => {
    scene = await startScene(role('{ upload: 1KiB }'))
    const answer = await (await load(1025)).answer()
    expect([answer.status, messageOf(answer)]).toEqual([
      413,
      expect.stringContaining('larger than the 1024 bytes that roles.r.rate.upload allows'),
    ])
    expect(scene.engine.requests).toEqual([])
  })

  it('breaks off a body that turns out to be larger', async () => {
    scene = await startScene(role('{ upload: 1KiB }'))
    scene.engine.answer(async (asked, connection) => {
      await asked.whole.catch(() => {})
      connection.end()
    })
    const connection = await load(0, true)
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    await connection.write(chunk)
    await connection.write(chunk)
    expect((await connection.answer()).status).toBe(413)
    await scene.recorded({ operation: 'ImageLoad', reason: 'upload-too-large', status: 413 })
  })
})

describe('the limits of the whole gate', () => {
  it('close connections beyond the bound, and take new ones when others have ended', async () => {
    scene = await startScene({ more: 'limits: { connections: 1 }' })
    const first = await scene.open()
    const second = await openRaw(scene.endpoint())
    await second.ended()
    first.destroy()
    await first.closed()
    await expect.poll(async () => (await info().catch(() => ({ status: 0 }))).status).toBe(200)
  })

  it('name a slip, with what is wanted', async () => {
    scene = await startScene()
    await expect(async () => scene.reload(role('{ requests: 50 }'))).rejects.toThrow(
      'wants a number of requests and a time',
    )
    await expect(async () => scene.reload(role('{ burst: 5 }'))).rejects.toThrow('does nothing without "requests"')
  })
})
