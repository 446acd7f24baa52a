import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import * as answers from '../support/engine-answers.ts'
import { type RawConnection, rawRequest } from '../support/raw-client.ts'
import { startRecordingEngine } from '../support/recording-engine.ts'
import { expectRefusal, type Scene, startScene } from './scene.ts'

const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']
const START = `/exec/${'0123456789abcdef'.repeat(4)}/start`

describe('ways in that were found by breaking in', () => {
  let scene: Scene
  const opened: RawConnection[] = []
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())
  afterEach(() => {
    for (const connection of opened.splice(0)) connection.destroy()
  })

  const open = async (bytes = '', where = scene.tcp) => {
    const connection = await scene.open(where)
    opened.push(connection)
    await connection.write(bytes)
    return connection
  }
  const start = () => scene.request('POST', START, { body: '{}', headers: UPGRADE })
  const recordOf = (wanted: string) =>
    vi.waitFor(() => {
      const line = scene.recordLines().find((text) => text.includes(wanted))
      if (line === undefined) throw new Error(`no record of ${wanted}`)
      return JSON.parse(line) as Record<string, unknown>
    })

  describe('pipelining', () => {
    it('T20 keeps one request of a connection at the engine, however many are pipelined behind it', async () => {
      scene.engine.answer((request, connection) =>
        (request.target === '/info' ? answers.silent() : answers.json(200, {}))(request, connection),
      )
      // From here on the token is known, and is verified at once.
      await scene.send('GET', '/version', { role: 'reader' })
      await open(scene.request('GET', '/info', { role: 'reader' }).repeat(8))
      expect(await scene.reachedLines()).toEqual(['GET /version', 'GET /info'])
      const flood = await open(scene.request('GET', '/info', { role: 'reader' }).repeat(500))
      flood.destroy()
      expect((await scene.reachedLines()).length).toBeLessThan(4)
    })

    it('T20 never lets a pipelined request overtake the one in front of it', async () => {
      const create = scene.request('POST', '/containers/create', { body: '{"Image":"x"}' })
      await open(create + scene.request('DELETE', '/containers/x'))
      await scene.engine.waitForRequest(1)
      expect((await scene.reachedLines())[0]).toBe('POST /containers/create')
    })

    it('T20 refuses an upgrade while the answer of a pipelined request runs, also when an earlier one is done', async () => {
      scene.engine.answer(async (request, connection) => {
        if (request.target.endsWith('/stats')) return answers.hangAfterHead()(request, connection)
        if (request.target === START) return answers.hijackEcho()(request, connection)
        return answers.json(200, {})(request, connection)
      })
      const connection = await open(scene.request('GET', '/info') + scene.request('GET', '/containers/x/stats'))
      // The first answer is whole; the second, if the gate takes it up at all, does not end.
      await connection.answer()
      await vi.waitFor(() => {
        if (!connection.isEnded && !connection.received().toString().includes('chunked'))
          throw new Error('no 2nd answer')
      })
      await connection.write(start())
      await connection.ended()
      expect(connection.received().toString()).not.toContain('HTTP/1.1 101')
      expect(await scene.reachedLines()).not.toContain(`POST ${START}`)
    })
  })

  describe('answers of a broken engine', () => {
    /** What nobody caught meanwhile: outside of a test it would have ended the process. */
    const uncaughtDuring = async (run: () => Promise<void>) => {
      const listeners = process.listeners('uncaughtException')
      const uncaught: unknown[] = []
      process.removeAllListeners('uncaughtException')
      process.on('uncaughtException', (error) => uncaught.push(error))
      try {
        await run()
        await scene.reached()
      } finally {
        process.removeAllListeners('uncaughtException')
        for (const listener of listeners) process.on('uncaughtException', listener)
      }
      return uncaught
    }

    it.each([600, 999])('T31 survives an answer with status %i, and says 502', async (status) => {
      const uncaught = await uncaughtDuring(async () => {
        scene.engine.answer(answers.json(status, {}))
        expectRefusal(await scene.send('GET', '/info'), 'engine-broken')
        scene.engine.answer()
      })
      expect(uncaught).toEqual([])
    })

    it.each([
      ['101 without an Upgrade field', 'HTTP/1.1 101 UPGRADED\r\n\r\n'],
      ['a status of less than 100', 'HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\n{}'],
    ])('T31 answers an upgrade with 502 when the engine says %s', async (_what, bytes) => {
      scene.engine.answer(answers.bytes(bytes, { end: true }))
      const { answer } = await rawRequest(scene.tcp, start(), { until: 'close' })
      expectRefusal(answer, 'engine-broken')
    })

    it('T31 records that the engine, not the client, broke off inside an answer', async () => {
      scene.engine.answer(answers.bytes('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}', { end: true }))
      const connection = await open(scene.request('GET', '/containers/broken-inside/json'))
      await connection.ended()
      expect(await recordOf('broken-inside')).toMatchObject({ decision: 'error', reason: 'engine-broken' })
    })
  })

  describe('clients that are gone', () => {
    it('T128 never records a TCP client as one of a unix socket, also when it resets behind its request', async () => {
      for (let i = 0; i < 5; i++) {
        const socket = net.connect(scene.tcp)
        await new Promise((resolve) => socket.once('connect', resolve))
        socket.write(scene.request('POST', `/containers/reset-${i}/kill`))
        socket.resetAndDestroy()
      }
      await recordOf('reset-4')
      const remotes = scene.recordLines().filter((line) => line.includes('"reset-'))
      for (const line of remotes) expect(JSON.parse(line).remote).not.toBe('unix')
    })
  })

  it.each([
    ['/info', 401],
    ['/nonsense', 404],
    ['/v9/info', 400],
  ])('T30 does not let clients without credentials keep the connections of a listener: %s', async (target, status) => {
    for (let i = 0; i < 2; i++) {
      const connection = await open(scene.request('GET', target, { role: null }), scene.few)
      expect((await connection.answer()).status).toBe(status)
    }
    await vi.waitFor(
      async () => {
        const { answer } = await rawRequest(scene.few, scene.request('GET', '/info'))
        expect(answer.status).toBe(200)
      },
      { timeout: 3_000, interval: 100 },
    )
  })

  it('T37 says no 100 Continue to HTTP/1.0', async () => {
    const wish = { body: '{"Image":"x"}', headers: ['Expect: 100-continue'] }
    const request = scene.request('POST', '/containers/create', wish).replace('HTTP/1.1', 'HTTP/1.0')
    const { answers: all } = await rawRequest(scene.tcp, request)
    expect(all.map(({ status }) => status)).toEqual([200])
  })
})

describe('an upgrade whose client goes away while its token is verified', () => {
  it('T32 leaves no connection to the engine behind, and the gate can close', async () => {
    const scene = await startScene()
    scene.engine.answer(answers.hijackEcho())
    for (let i = 0; i < 20; i++) {
      // A token that is not known yet is verified asynchronously: the reset arrives meanwhile.
      const authorization = `Authorization: Bearer ${await scene.token(`gone-${i}`, 'runner')}`
      const socket = net.connect(scene.tcp)
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.write(scene.request('POST', START, { role: null, body: '{}', headers: [...UPGRADE, authorization] }))
      socket.resetAndDestroy()
    }
    await scene.reached()
    await vi.waitFor(() =>
      expect(scene.recordLines().filter((line) => line.includes('"gone-')).length).toBeGreaterThan(19),
    )
    for (const { connection } of scene.engine.requests.filter(({ target }) => target === START)) {
      await connection.waitForClose()
    }
    await scene.close()
  })
})

describe('records that cannot be written', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dockgate-attack-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** A gate in a process of its own, whose disk is full, in front of a recording engine. */
  const startFull = async () => {
    const engine = await startRecordingEngine()
    const key = createTokenKey()
    const write = (name: string, content: string) => {
      writeFileSync(path.join(folder, name), content, { mode: 0o600 })
      return path.join(folder, name)
    }
    write('token.pem', publicTokenKey(key))
    const socket = path.join(folder, 'gate.sock')
    const config = write(
      'dockgate.yaml',
      `
listeners: [{ name: full, address: 'unix://${socket}' }]
engine: unix://${engine.socketPath}
issuers: { local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } } }
roles: { operator: { extends: admin } }
bindings: [{ role: operator, issuer: local }]
records: { file: /dev/full }
`,
    )
    const { token } = await signToken(key, { subject: 'x', claims: {}, lifetime: 3_600_000 })
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
    const gate = spawn(process.execPath, [main, 'serve', '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    gate.stderr.on('data', (chunk: Buffer) => {
      said += chunk
    })
    await vi.waitFor(() => expect(said).toContain('listening'), { timeout: 20_000 })
    const kill = (id: string) =>
      rawRequest(
        { path: socket },
        `POST /containers/${id}/kill HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      )
    return { engine, gate, kill, said: () => said }
  }

  it('T128 says that records cannot be written, and still ends on SIGTERM', async () => {
    const { engine, gate, kill, said } = await startFull()
    const ended = new Promise((resolve) => gate.once('exit', resolve))
    try {
      await kill('first')
      await vi.waitFor(() => expect(said()).toContain('records cannot be written'), { timeout: 5_000 })
      gate.kill('SIGTERM')
      await Promise.race([
        ended,
        new Promise((_resolve, reject) => setTimeout(() => reject(new Error('SIGTERM did not end the gate')), 8_000)),
      ])
    } finally {
      gate.kill('SIGKILL')
      await ended
      await engine.close()
    }
  }, 60_000)
})
