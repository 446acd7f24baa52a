import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import { type RawConnection, rawRequest } from '../support/raw-client.ts'
import { expectRefusal, type Scene, startScene, type Wish } from './scene.ts'

const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']
const START = '/exec/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/start'

describe('attacks on hijacked connections', () => {
  let scene: Scene
  const opened: RawConnection[] = []
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => {
    for (const connection of opened.splice(0)) connection.destroy()
    scene.engine.reset()
  })

  const start = (wish: Wish = {}) =>
    scene.request('POST', START, {
      body: '{"Detach":false,"Tty":false}',
      ...wish,
      headers: [...UPGRADE, ...(wish.headers ?? [])],
    })
  const open = async (bytes: string, where = scene.tcp) => {
    const connection = await scene.open(where)
    opened.push(connection)
    await connection.write(bytes)
    return connection
  }
  /** The tunnel of an exec start, open on both sides. */
  const tunnel = async (more = '', where = scene.tcp) => {
    const connection = await open(start() + more, where)
    expect((await connection.answer()).status).toBe(101)
    const request = await scene.engine.waitForRequest(1)
    return { connection, request, far: request.connection }
  }

  it('T20 takes the body of an upgrade by Content-Length only', async () => {
    const headers = [...UPGRADE, 'Content-Type: application/json', 'Transfer-Encoding: chunked']
    const bytes = `${scene.request('POST', START, { headers })}2\r\n{}\r\n0\r\n\r\n`
    const exchange = await rawRequest(scene.tcp, bytes, { until: 'close' })
    expectRefusal(exchange.answer, 'upgrade-malformed', 'http-malformed')
    await scene.nothingReached()
  })

  it('T20 separates the body of an upgrade from the stream behind it, in however many pieces they come', async () => {
    scene.engine.answer(answers.hijackEcho())
    const whole = `${start()}first bytes`
    for (const cut of [whole.length - 12, whole.length - 20, whole.length - 30, whole.length - 45]) {
      scene.engine.reset()
      scene.engine.answer(answers.hijackEcho())
      const connection = await open(whole.slice(0, cut))
      await connection.write(whole.slice(cut, cut + 5))
      await connection.write(whole.slice(cut + 5))
      expect((await connection.answer()).status).toBe(101)
      await connection.tunnelled('first bytes')
      const request = await scene.engine.waitForRequest(1)
      expect(request.body.toString()).toBe('{"Detach":false,"Tty":false}')
      expect(request.connection.tunnelled.toString()).toBe('first bytes')
    }
  })

  it('T20 refuses an upgrade pipelined behind a request that is still running', async () => {
    scene.engine.answer(answers.silent())
    const connection = await open(scene.request('GET', '/info') + start())
    await connection.ended()
    expect(connection.received().toString()).not.toContain('HTTP/1.1 101')
    expect(scene.engine.requests.map(({ method }) => method)).not.toContain('POST')
  })

  it('T32 reads the 101 in however many pieces it comes, and loses nothing behind it', async () => {
    scene.engine.answer(async (request, connection) => {
      await request.whole
      for (const piece of [
        'HTTP/1.1 101 UPG',
        'RADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConn',
        'ection: Upgrade\r\nUpgrade: tcp\r\n\r',
        '\nfirst',
      ]) {
        await connection.write(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
      connection.hijack()
    })
    const connection = await open(start())
    const answer = await connection.answer()
    expect([answer.status, answer.header('Content-Type')]).toEqual([101, 'application/vnd.docker.raw-stream'])
    await connection.tunnelled('first')
  })

  it.each(['tcp', 'tls'] as const)(
    'T32 keeps both halves apart on %s: the end of input is not the end of output',
    async (kind) => {
      let finish = () => {}
      scene.engine.answer(async (request, connection) => {
        await request.whole
        await connection.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
        connection.hijack()
        finish = () => void connection.write('late output').then(() => connection.end())
      })
      const { connection, far } = await tunnel('', scene[kind])
      await connection.write('input')
      connection.end()
      await far.waitForTunnelled('input')
      await far.waitForEnd()
      finish()
      await connection.tunnelled('late output')
      await connection.ended()
    },
  )

  it('T32 ends the engine side at once when the client goes away', async () => {
    scene.engine.answer(answers.hijackEcho())
    const { connection, far } = await tunnel()
    connection.socket.resetAndDestroy()
    await far.waitForClose()
  })

  it('T32 ends the client side when the engine goes away', async () => {
    scene.engine.answer(answers.hijackEcho())
    const { connection, far } = await tunnel()
    far.destroy()
    await connection.ended()
  })

  it('T32 delivers what the engine said before it closed with input unread', async () => {
    const output = 'o'.repeat(500_000)
    scene.engine.answer(answers.closeUnread(output))
    const connection = await open(start() + 'i'.repeat(200_000))
    expect((await connection.answer()).status).toBe(101)
    expect(await connection.tunnelled(output.length)).toHaveLength(output.length)
    await connection.ended()
  })

  it('T32 leaves no connection to the engine behind', async () => {
    scene.engine.answer(answers.hijackEcho())
    for (let i = 0; i < 20; i++) {
      const connection = await open(start())
      expect((await connection.answer()).status).toBe(101)
      connection.destroy()
    }
    for (const { connection } of scene.engine.requests) await connection.waitForClose()
  })

  it('T32 lets the engine go when the client leaves before the answer', async () => {
    scene.engine.answer(answers.silent())
    const connection = await open(start())
    const request = await scene.engine.waitForRequest(1)
    connection.socket.resetAndDestroy()
    await request.connection.waitForClose()
  })

  it('T25 records the session with its bytes and its end', async () => {
    scene.engine.answer(answers.hijackEcho())
    const id = 'feed'.repeat(16)
    const connection = await open(`${start().replace(START, `/exec/${id}/start`)}12345`)
    expect((await connection.answer()).status).toBe(101)
    const far = (await scene.engine.waitForRequest(1)).connection
    await connection.tunnelled('12345')
    connection.end()
    await connection.ended()
    await far.waitForClose()
    const session = await vi.waitFor(() => {
      const line = scene.recordLines().find((text) => text.includes(id) && text.includes('"session"'))
      if (line === undefined) throw new Error('no record of the session')
      return JSON.parse(line)
    })
    expect(session).toMatchObject({ operation: 'ExecStart', decision: 'allow', status: 101, bytesOut: 5 })
  })
})
