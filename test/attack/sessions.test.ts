import { writeFileSync } from 'node:fs'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RawConnection } from '../support/raw-client.ts'
import type { EngineAnswer, RecordedRequest } from '../support/recording-engine.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

const EXEC = '/exec/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/start'
const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream'
const CHUNKED =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'

const frame = (stream: number, text: string) => {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(text.length, 4)
  return Buffer.concat([header, Buffer.from(text)])
}
const exec = (tty: boolean) => ({ headers: UPGRADE, body: JSON.stringify({ Detach: false, Tty: tty }) })

/** 101 with this type and these bytes; or for what is no upgrade, a chunked answer that stays open. */
const open =
  (first: Buffer | string, type = MULTIPLEXED): EngineAnswer =>
  async (request, connection) => {
    await request.whole
    if (request.values('upgrade').length === 0) {
      await connection.write(`${CHUNKED}2\r\n{}\r\n`)
      await connection.whenEnded
      connection.end()
      return
    }
    await connection.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    )
    connection.hijack()
    await connection.write(first)
  }

interface Opened {
  readonly connection: RawConnection
  readonly far: RecordedRequest['connection']
}

describe('sessions that outlive their right', () => {
  let scene: Scene
  let opened: RawConnection[] = []
  let subjects = 0
  beforeAll(async () => {
    scene = await startScene({
      patient: '{ extends: admin, grace: { sessions: unlimited } }',
      strict: '{ extends: admin, grace: { streams: 0s } }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => {
    for (const connection of opened.splice(0)) connection.destroy()
    opened = []
    scene.engine.reset()
  })

  const bearer = (token: string) => `Authorization: Bearer ${token}`
  /** A token that ends with the next second but one. */
  const shortToken = (role = 'operator') => scene.token(`short${++subjects}@test`, role, 2000)
  const send = async (
    token: string,
    method: string,
    target: string,
    wish: { headers?: string[]; body?: string } = {},
  ) => {
    const connection = await scene.open()
    opened.push(connection)
    const headers = [bearer(token), ...(wish.headers ?? [])]
    await connection.write(scene.request(method, target, { ...wish, role: null, headers }))
    return connection
  }
  let seen = 0
  beforeEach(() => {
    seen = 0
  })
  /** A stream that runs: the client's side and the engine's. */
  const begin = async (...wish: Parameters<typeof send>): Promise<Opened> => {
    const connection = await send(...wish)
    const { connection: far } = await scene.engine.waitForRequest(++seen)
    await vi.waitFor(() => expect(connection.received().length).toBeGreaterThan(0))
    return { connection, far }
  }
  const records = () => scene.recordLines().map((line) => JSON.parse(line) as Record<string, unknown>)
  const idIn = (text: string) => /record ([0-9a-z]+)/.exec(text)?.[1]

  it('T134 ends exec, attach, events and stats when the token expires, and lets logs and pulls go on', async () => {
    const token = await shortToken()
    scene.engine.answer(open(frame(1, 'out')))
    const exec_ = await begin(token, 'POST', EXEC, exec(false))
    await exec_.connection.answer()
    const attach = await begin(token, 'POST', '/containers/x/attach?stream=1&stdout=1', { headers: UPGRADE })
    const events = await begin(token, 'GET', '/events')
    const stats = await begin(token, 'GET', '/containers/x/stats')
    const logs = await begin(token, 'GET', '/containers/x/logs?follow=1&stdout=1')
    const pull = await begin(token, 'POST', '/images/create?fromImage=busybox&tag=1')
    const single = await begin(token, 'GET', '/containers/x/stats?stream=0')

    for (const { connection, far } of [exec_, attach, events, stats]) {
      await connection.ended()
      connection.end()
      await far.waitForEnd()
    }
    const said = await exec_.connection.tunnelled('session ended')
    const text = `dockgate: session ended: the token expired (record ${idIn(said.toString())})\n`
    expect(said).toEqual(Buffer.concat([frame(1, 'out'), frame(2, text)]))
    expect(events.connection.received().toString()).not.toContain('\r\n0\r\n')
    for (const { connection, far } of [logs, pull, single]) {
      await far.write('4\r\nmore\r\n0\r\n\r\n')
      expect((await connection.answer()).text()).toBe('{}more')
    }
    expectRefusal(await (await send(token, 'GET', '/info')).answer(), 'token-expired')
    await vi.waitFor(() => {
      const ended = records().filter(({ reason, decision }) => reason === 'token-expired' && decision === 'allow')
      expect(ended.map(({ event, operation }) => `${event} ${operation}`).sort()).toEqual([
        'request ContainerStats',
        'request SystemEvents',
        'session ContainerAttach',
        'session ExecStart',
      ])
    })
    const session = records().find(({ id, event }) => event === 'session' && id === idIn(said.toString()))
    expect(session).toMatchObject({ operation: 'ExecStart', reason: 'token-expired' })
  })

  it('T134 follows the grace of the role', async () => {
    scene.engine.answer(open(frame(1, 'out')))
    const patient = await begin(await shortToken('patient'), 'POST', EXEC, exec(false))
    await patient.connection.answer()
    const strict = await begin(await shortToken('strict'), 'GET', '/containers/x/logs?follow=1&stdout=1')
    await strict.connection.ended()
    await strict.far.waitForEnd()
    await patient.connection.write('still here')
    await patient.far.waitForTunnelled('still here')
    expect(patient.connection.isEnded).toBe(false)
  })

  // A second may pass on a busy machine before any of this runs: once in three it has to be fast enough.
  it('T127 refuses a token that it has verified before, on the same connection, within a second of its revocation', {
    retry: 2,
  }, async () => {
    const token = await scene.token('thief@test', 'operator')
    const { jti } = decodeJwt(token)
    const connection = await send(token, 'GET', '/info')
    expect((await connection.answer()).status).toBe(200)
    const revokedAt = performance.now()
    scene.revoke({ jti })
    while ((await (await send(token, 'GET', '/info')).answer()).status === 200);
    expect(performance.now() - revokedAt).toBeLessThan(1000)
    await connection.write(scene.request('GET', '/info', { role: null, headers: [bearer(token)] }))
    const refused = await connection.answer()
    expectRefusal(refused, 'identity-revoked')
    expect(refused.header('WWW-Authenticate')).toMatch(/^Bearer .*invalid_token/)
    expect(refused.text()).toContain('revoked at 20')
    for (const part of token.split('.')) expect(refused.text()).not.toContain(part)
    const record = await scene.record(recordId(refused))
    expect(record).toMatchObject({ decision: 'deny', reason: 'identity-revoked', principal: { subject: 'thief@test' } })
  })

  it('T134 ends everything that a revoked identity has open, whatever the grace, and nothing of others', async () => {
    const token = await scene.token('mallory@test', 'patient')
    scene.engine.answer(open(frame(1, 'out')))
    const exec_ = await begin(token, 'POST', EXEC, exec(false))
    await exec_.connection.answer()
    const logs = await begin(token, 'GET', '/containers/x/logs?follow=1&stdout=1')
    const other = await begin(await scene.token('alice@test', 'patient'), 'POST', EXEC, exec(false))
    scene.revoke({ issuer: 'local', subject: 'mallory@test', reason: 'the laptop was stolen' })
    for (const { connection, far } of [exec_, logs]) {
      await connection.ended()
      connection.end()
      await far.waitForEnd()
    }
    const said = (await exec_.connection.tunnelled('session ended')).toString()
    expect(said).toContain('session ended: the identity was revoked')
    expect(said).not.toContain('laptop')
    await vi.waitFor(() => {
      const ended = records().filter(({ reason, status }) => reason === 'identity-revoked' && status !== 401)
      expect(ended.map(({ event }) => event).sort()).toEqual(['request', 'session'])
    })
    await other.connection.write('still here')
    await other.far.waitForTunnelled('still here')
  })

  it('T134 refuses what it has not answered yet when the identity is revoked', async () => {
    const token = await scene.token('waiting@test', 'operator')
    scene.engine.answer(async (_request, connection) => {
      await connection.whenEnded
      connection.end()
    })
    const connection = await send(token, 'GET', '/info')
    const { connection: far } = await scene.engine.waitForRequest(1)
    scene.revoke({ issuer: 'local', subject: 'waiting@test' })
    const answer = await connection.answer()
    expectRefusal(answer, 'identity-revoked')
    expect(answer.text()).toContain('revoked at 20')
    await connection.ended()
    await far.waitForEnd()
  })

  it('T134 ends an upgrade that the engine has not answered yet, and starts no tunnel', async () => {
    const token = await scene.token('upgrading@test', 'operator')
    scene.engine.answer(async (_request, connection) => {
      await connection.whenEnded
      connection.end()
    })
    const connection = await send(token, 'POST', EXEC, exec(false))
    await scene.engine.waitForRequest(1)
    scene.revoke({ issuer: 'local', subject: 'upgrading@test' })
    await connection.ended()
    await vi.waitFor(() => {
      const record = records().find(
        ({ principal }) => (principal as { subject?: string })?.subject === 'upgrading@test',
      )
      expect(record).toMatchObject({ event: 'request', reason: 'identity-revoked' })
    })
  })

  it('T134 says why only behind the frame that has begun, and takes no input meanwhile', async () => {
    const token = await scene.token('framed@test', 'operator')
    const whole = frame(1, 'a frame in two pieces')
    scene.engine.answer(open(whole.subarray(0, 12)))
    const { connection, far } = await begin(token, 'POST', EXEC, exec(false))
    await connection.answer()
    await connection.tunnelled(12)
    scene.revoke({ issuer: 'local', subject: 'framed@test' })
    const later = await scene.token('framed@test', 'reader')
    await vi.waitFor(async () => expect((await (await send(later, 'GET', '/info')).answer()).status).toBe(401))
    await connection.write('rm -rf /')
    await far.write(Buffer.concat([whole.subarray(12), frame(1, 'the next one')]))
    await connection.ended()
    const said = await connection.tunnelled('session ended')
    expect(said.subarray(0, whole.length)).toEqual(whole)
    expect(said.toString()).not.toContain('the next one')
    expect(said.readUInt32BE(whole.length + 4)).toBe(said.length - whole.length - 8)
    expect(far.tunnelled.length).toBe(0)
  })

  it('T134 says why on a terminal as a line of its own', async () => {
    const token = await scene.token('terminal@test', 'operator')
    scene.engine.answer(open('/ # ', 'application/vnd.docker.raw-stream'))
    const { connection } = await begin(token, 'POST', EXEC, exec(true))
    await connection.answer()
    await connection.tunnelled(4)
    scene.revoke({ issuer: 'local', subject: 'terminal@test' })
    await connection.ended()
    expect((await connection.tunnelled('ended')).toString()).toMatch(
      /^\/ # \r\ndockgate: session ended: the identity was revoked \(record [0-9a-z]{16}\)\r\n$/,
    )
  })

  it('keeps the last good entries when the file is broken or gone, says so, and goes on when it is repaired', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
    const lines = () => said.mock.calls.map(([line]) => String(line)).join('')
    const status = async (subject: string) => {
      const token = await scene.token(subject, 'operator')
      return (await (await send(token, 'GET', '/info')).answer()).status
    }
    const good = '{"issuer":"local","subject":"bad@test","at":"2026-01-31T12:00:00Z"}\n'
    writeFileSync(scene.revocationFile, good)
    await vi.waitFor(async () => expect(await status('bad@test')).toBe(401))
    writeFileSync(scene.revocationFile, '\n{"sub":"bad@test"}\n')
    await vi.waitFor(() => expect(lines()).toContain('revoked.jsonl:2: the line has the unknown key "sub"'))
    expect(lines()).toContain('NOT in force')
    expect([await status('bad@test'), await status('good@test')]).toEqual([401, 200])
    writeFileSync(scene.revocationFile, good.replace('bad', 'good'))
    await vi.waitFor(async () => expect(await status('good@test')).toBe(401))
    expect(await status('bad@test')).toBe(200)
    said.mockRestore()
  })
})
