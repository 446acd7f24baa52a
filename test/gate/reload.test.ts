import { readFileSync, renameSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { json } from '../support/engine-answers.ts'
import type { RawConnection } from '../support/raw-client.ts'
import { frame, LOCAL, type Parts, request, type Scene, startScene, streaming, UPGRADE } from './scene.ts'

const READER = ['{ role: reader, issuer: local }']
const EXEC_ID = '0123456789abcdef'.repeat(4)
const ATTACH = 'POST /containers/x/attach?stream=1&stdout=1'

let scene: Scene
afterEach(() => scene.close())

const start = async (parts?: Parts) => {
  scene = await startScene(parts)
}
/** A session of somebody that runs. */
async function attach(subject: string): Promise<RawConnection> {
  scene.engine.answer(streaming)
  const connection = await scene.open()
  await connection.write(request(ATTACH, [await scene.bearer(subject), ...UPGRADE]))
  await connection.tunnelled('hello')
  return connection
}
const lines = () => scene.engine.requests.map(({ method, target }) => `${method} ${target}`)

describe('what a reload changes', () => {
  it('decides the next request on an open connection, though its token was verified before', async () => {
    await start()
    const bearer = await scene.bearer('ann')
    const on = await scene.open()
    expect((await scene.send('POST /containers/x/start', [bearer], { on, body: '' })).status).toBe(200)
    expect((await scene.reload({ bindings: READER })).generation).toBe(2)
    const after = await scene.send('POST /containers/x/start', [bearer], { on, body: '' })
    expect([after.status, after.text()]).toEqual([403, expect.stringContaining('role \\"reader\\" does not allow')])
    expect((await scene.send('GET /info', [bearer], { on })).status).toBe(200)
  })

  it('has its generation in every record', async () => {
    await start()
    const bearer = await scene.bearer('ann')
    await scene.send('GET /info', [bearer])
    await scene.reload()
    await scene.send('GET /info', [bearer])
    await scene.recorded({ operation: 'SystemInfo', generation: 2 })
    expect(scene.records().map(({ generation }) => generation)).toEqual([1, 2])
  })

  it('names what stays until a restart: the engine, and the ledger', async () => {
    const more = (file: string) => ({
      more: `ledger: { file: ${file} }`,
      roles: '{ operator: { extends: ci-run, objects: own } }',
    })
    const bindings = ['{ role: operator, issuer: local, owner: "${subject}" }']
    await start({ ...more('one.sqlite'), bindings })
    const { notes } = await scene.reload({ ...more('other.sqlite'), bindings, engine: 'unix:///nowhere/docker.sock' })
    expect(notes).toEqual([
      `engine stays unix://${scene.engine.socketPath}: another one takes a restart`,
      `ledger.file stays ${scene.at('one.sqlite')}: another one takes a restart`,
    ])
    expect((await scene.send('GET /_ping', [await scene.bearer('ann')])).status).toBe(200)
  })

  it('holds callers to their own objects from then on, when their role wants that', async () => {
    await start()
    const bearer = await scene.bearer('ann')
    await scene.reload({
      roles: '{ operator: { extends: ci-run, objects: own } }',
      bindings: ['{ role: operator, issuer: local, owner: "${subject}" }'],
      more: 'ledger: { file: ledger.sqlite }',
    })
    scene.engine.answer(json(200, []))
    await scene.send('GET /containers/json', [bearer])
    expect(decodeURIComponent(lines().join())).toContain('io.dockgate.owner=ann')
  })

  it('sends records to another file, those of what had begun as well', async () => {
    await start()
    const session = await attach('ann')
    await scene.reload({ records: '{ file: other.jsonl }' })
    session.destroy()
    await scene.recorded({ event: 'session' }, 'other.jsonl')
    expect(scene.records().map(({ event }) => event)).toEqual(['request'])
  })

  it('opens the file of records anew when it was moved away', async () => {
    await start()
    await scene.send('GET /info', [await scene.bearer('ann')])
    await scene.recorded({ operation: 'SystemInfo' })
    renameSync(scene.at('records.jsonl'), scene.at('records.jsonl.1'))
    await scene.reload()
    await scene.send('GET /version', [await scene.bearer('ann')])
    await scene.recorded({ operation: 'SystemVersion' })
    expect(readFileSync(scene.at('records.jsonl.1'), 'utf8')).not.toContain('SystemVersion')
  })

  it('ends what is open of whom another revocation file names', async () => {
    await start()
    const [ann, bob] = [await attach('ann'), await attach('bob')]
    scene.put('revoked.jsonl', `{"issuer":"local","subject":"ann","at":"2026-01-31T12:00:00Z"}\n`)
    await scene.reload({ more: 'revocations: { file: revoked.jsonl }' })
    await ann.ended()
    ann.destroy()
    await scene.recorded({ event: 'session', reason: 'identity-revoked' })
    expect(bob.isEnded).toBe(false)
  })
})

describe('a configuration that cannot be put to use', () => {
  it('changes nothing: neither the policy, nor the listeners, nor the generation', async () => {
    await start()
    const { url = '' } = scene.gate.listeners[0] ?? {}
    const taken = url.replace('tcp://', '')
    const listeners = ["{ name: plain, address: '127.0.0.1:0' }", "{ name: new, address: '127.0.0.1:0' }"]
    const wanted = [...listeners, `{ name: taken, address: '${taken}' }`]
    await expect(scene.reload({ listeners: wanted, bindings: READER })).rejects.toThrow(/the address is taken/)
    expect(scene.gate.listeners.map(({ name }) => name)).toEqual(['plain'])
    const bearer = await scene.bearer('ann')
    expect((await scene.send('POST /containers/x/start', [bearer], { body: '' })).status).toBe(200)
    await scene.recorded({ operation: 'ContainerStart', generation: 1 })
    expect((await scene.reload({ bindings: READER })).generation).toBe(2)
  })

  it('leaves the file of records, and what is revoked, as they were', async () => {
    scene = await startScene({ more: 'revocations: { file: revoked.jsonl }' }, (put) =>
      put('revoked.jsonl', `{"issuer":"local","subject":"ann","at":"2026-01-31T12:00:00Z"}\n`),
    )
    const taken = (scene.gate.listeners[0]?.url ?? '').replace('tcp://', '')
    const listeners = ["{ name: plain, address: '127.0.0.1:0' }", `{ name: taken, address: '${taken}' }`]
    await expect(scene.reload({ listeners, records: '{ file: other.jsonl }' })).rejects.toThrow()
    expect((await scene.send('GET /info', [await scene.bearer('ann')])).status).toBe(401)
    await scene.recorded({ reason: 'identity-revoked' })
  })
})

describe('what is under way at a reload', () => {
  const only = (subject: string, role = 'operator') =>
    `{ role: ${role}, issuer: local, when: 'subject == "${subject}"' }`

  it('ends with a message where it is no longer allowed, and the record says why; the rest goes on', async () => {
    await start()
    const [ann, bob] = [await attach('ann'), await attach('bob')]
    const { notes } = await scene.reload({ bindings: [only('bob'), only('ann', 'reader')] })
    expect(notes).toEqual(['sessions and requests that it no longer allows, and were ended: 1'])
    const read = await ann.tunnelled('(record ')
    expect(read.toString()).toContain(
      'dockgate: session ended: the configuration was changed: role "reader" does not allow',
    )
    await ann.ended()
    ann.destroy()
    const ended = await scene.recorded({ event: 'session', reason: 'policy-changed' })
    expect(ended).toMatchObject({ decision: 'allow', generation: 2, principal: { subject: 'ann' } })
    await scene.engine.requests[1]?.connection.write(frame('still here'))
    await bob.tunnelled('still here')
    bob.destroy()
    await scene.recorded({ event: 'session', reason: 'allowed', generation: 2 })
  })

  it('is broken off where no message fits: a stream of logs', async () => {
    await start()
    scene.engine.answer(streaming)
    const logs = await scene.open()
    await logs.write(request('GET /containers/x/logs?follow=1&stdout=1', [await scene.bearer('ann')]))
    await logs.tunnelled('{}')
    await scene.reload({ bindings: [only('bob')] })
    await logs.ended()
    expect(logs.received().toString()).not.toContain('0\r\n\r\n')
    await scene.recorded({ operation: 'ContainerLogs', reason: 'policy-changed', status: 200 })
  })

  it('is refused where the engine has not answered', async () => {
    await start()
    scene.engine.answer(async (_, connection) => void (await connection.whenEnded))
    const waiting = await scene.open()
    await waiting.write(request('POST /containers/x/wait', [await scene.bearer('ann')], ''))
    await scene.engine.waitForRequest(1)
    await scene.reload({ bindings: [only('bob')] })
    const answer = await waiting.answer()
    expect([answer.status, answer.text()]).toEqual([403, expect.stringContaining('no binding gives')])
    await scene.recorded({ operation: 'ContainerWait', reason: 'policy-changed' })
  })

  it('ends when its issuer went away, or is another one now', async () => {
    await start()
    const session = await attach('ann')
    await scene.reload({ issuers: LOCAL.replace("'dockgate'", "'other'") })
    expect((await session.tunnelled('(record ')).toString()).toContain('issuer "local" no longer proves who asked')
    session.destroy()
    await scene.recorded({ event: 'session', reason: 'policy-changed' })
  })

  it('ends under a role that is for own objects now, as it may be about anybody’s', async () => {
    await start()
    const session = await attach('ann')
    await scene.reload({
      roles: '{ operator: { extends: ci-run, objects: own } }',
      bindings: ['{ role: operator, issuer: local, owner: "${subject}" }'],
      more: 'ledger: { file: ledger.sqlite }',
    })
    await session.ended()
    session.destroy()
    await scene.recorded({ event: 'session', reason: 'policy-changed' })
  })

  it('is judged by the newer configuration in a request that waits behind another', async () => {
    await start()
    const answered = Promise.withResolvers<void>()
    scene.engine.answer(async (asked, connection) => {
      await asked.whole
      await answered.promise
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
    })
    const on = await scene.open()
    const bearer = await scene.bearer('ann')
    await on.write(request('GET /info', [bearer]) + request('POST /containers/x/start', [bearer], ''))
    await scene.engine.waitForRequest(1)
    await scene.reload({ bindings: READER })
    answered.resolve()
    expect([(await on.answer()).status, (await on.answer()).status]).toEqual([200, 403])
    await scene.recorded({ operation: 'ContainerStart', generation: 2, reason: 'operation-not-allowed' })
  })

  const CREATE = '{"Image":"busybox"}'
  const roles = (workload: string) =>
    `{ operator: { allow: [create], workload: ${workload} }, other: { allow: [read] } }`
  it.each([
    [
      'refused when its role says another thing now',
      '{ images: [docker.io/library/*] }',
      '{ images: [docker.io/nothing/*] }',
      403,
      'policy-changed',
    ],
    [
      'let in when its role says the same',
      '{ images: [docker.io/library/*] }',
      '{ images: [docker.io/library/*] }',
      200,
      'allowed',
    ],
  ])('is %s, in a request whose body comes later', async (_, before, after, status, reason) => {
    await start({ roles: roles(before) })
    const on = await scene.open()
    const head = request('POST /containers/create', [await scene.bearer('ann')], CREATE).slice(0, -CREATE.length)
    await on.write(head)
    // A request behind it has been answered, so the gate has its head.
    await scene.send('GET /_ping', [await scene.bearer('ann')])
    await scene.reload({ roles: roles(after) })
    await on.write(CREATE)
    expect((await on.answer()).status).toBe(status)
    await scene.recorded({ operation: 'ContainerCreate', reason })
    expect(lines().includes('POST /containers/create')).toBe(status === 200)
  })

  it('leaves no exec that was made before startable unseen', async () => {
    const exec = (commands: string) => `{ operator: { allow: [exec], exec: { commands: ${commands}, users: any } } }`
    await start({ roles: exec('any') })
    const bearer = await scene.bearer('ann')
    scene.engine.answer(async (asked, connection) => {
      await asked.whole
      const making = asked.target.startsWith('/containers/')
      const told = making
        ? { Id: EXEC_ID }
        : { ID: EXEC_ID, ProcessConfig: { entrypoint: 'sh', arguments: [], privileged: false, user: '', tty: false } }
      const body = JSON.stringify(asked.method === 'GET' || making ? told : {})
      await connection.write(`HTTP/1.1 ${making ? 201 : 200} OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    })
    const run = () => scene.send(`POST /exec/${EXEC_ID}/start`, [bearer], { body: '{"Detach":true}' })
    await scene.send('POST /containers/x/exec', [bearer], { body: '{"Cmd":["sh"]}' })
    expect((await run()).status).toBe(200)
    await scene.reload({ roles: exec('[[npm, test]]') })
    expect((await run()).status).toBe(403)
    expect(lines().slice(2)).toEqual([`GET /exec/${EXEC_ID}/json`])
  })
})

it('tells of conditions that fail under the newer configuration too', async () => {
  await start()
  await scene.reload({ bindings: ["{ role: operator, issuer: local, when: '1 / (size(subject) - 3) == 1' }"] })
  await scene.send('GET /info', [await scene.bearer('ann')])
  await vi.waitFor(() => expect(scene.told()).toContain('bindings[0].when could not be evaluated'))
})
