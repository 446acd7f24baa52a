import { afterEach, describe, expect, it } from 'vitest'
import { hangAfterHead } from '../support/engine-answers.ts'
import { openRaw, type RawConnection } from '../support/raw-client.ts'
import { request, type Scene, startScene, streaming, UPGRADE } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())

const LONG = { more: 'shutdown: { grace: 1h }' }
const SHORT = { more: 'shutdown: { grace: 50ms }' }

/** A request whose answer waits for `finish`. */
async function begin(): Promise<{ connection: RawConnection; finish: () => void }> {
  const finished = Promise.withResolvers<void>()
  scene.engine.answer(async (asked, connection) => {
    await asked.whole
    await finished.promise
    await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
  })
  const connection = await scene.open()
  await connection.write(request('POST /containers/x/stop', [await scene.bearer('ann')], ''))
  await scene.engine.waitForRequest(1)
  return { connection, finish: finished.resolve }
}

async function stream(line: string, until: string, headers: readonly string[] = []): Promise<RawConnection> {
  scene.engine.answer(headers.length > 0 ? streaming : hangAfterHead())
  const connection = await scene.open()
  await connection.write(request(line, [await scene.bearer('ann'), ...headers]))
  await connection.tunnelled(until)
  return connection
}
const attach = () => stream('POST /containers/x/attach?stream=1&stdout=1', 'hello', UPGRADE)

describe('a gate that shuts down', () => {
  it('lets a request that is under way be answered first, and takes no other', async () => {
    scene = await startScene(LONG)
    const endpoint = scene.endpoint()
    const { connection, finish } = await begin()
    const down = scene.gate.shutDown()
    await expect(openRaw(endpoint)).rejects.toThrow('ECONNREFUSED')
    finish()
    expect((await connection.answer()).status).toBe(200)
    await down
    await scene.recorded({ operation: 'ContainerStop', reason: 'allowed', status: 200 })
  })

  it('ends idle connections at once', async () => {
    scene = await startScene(LONG)
    const idle = await scene.open()
    await scene.send('GET /info', [await scene.bearer('ann')], { on: idle })
    await scene.gate.shutDown()
    expect(idle.isEnded).toBe(true)
  })

  it('ends a session after the grace with a message, and its record says why', async () => {
    scene = await startScene(SHORT)
    const session = await attach()
    const down = scene.gate.shutDown()
    expect((await session.tunnelled('(record ')).toString()).toContain('session ended: the gate is shutting down')
    session.destroy()
    await down
    await scene.recorded({ event: 'session', reason: 'shutting-down', decision: 'allow' })
  })

  it('lets a session end by itself within the grace', async () => {
    scene = await startScene(LONG)
    const session = await attach()
    const down = scene.gate.shutDown()
    session.destroy()
    await down
    await scene.recorded({ event: 'session', reason: 'allowed' })
  })

  it('refuses what the engine has not answered within the grace', async () => {
    scene = await startScene(SHORT)
    const { connection, finish } = await begin()
    const down = scene.gate.shutDown()
    const answer = await connection.answer()
    expect([answer.status, answer.text()]).toEqual([503, expect.stringContaining('the gate is shutting down')])
    finish()
    await down
    await scene.recorded({ operation: 'ContainerStop', reason: 'shutting-down' })
  })

  it.each(['/events', '/containers/x/logs?follow=1&stdout=1', '/containers/x/stats'])(
    'does not wait for who only watches: %s',
    async (target) => {
      scene = await startScene(LONG)
      await stream(`GET ${target}`, '200 OK')
      await scene.gate.shutDown()
      await scene.recorded({ reason: 'shutting-down', status: 200 })
    },
  )

  it('waits for logs that are not followed', async () => {
    scene = await startScene(LONG)
    const logs = await stream('GET /containers/x/logs?stdout=1', '200 OK')
    const down = scene.gate.shutDown()
    await scene.engine.requests[0]?.connection.write('2\r\n{}\r\n0\r\n\r\n')
    await logs.ended()
    await down
    await scene.recorded({ operation: 'ContainerLogs', reason: 'allowed' })
  })
})
