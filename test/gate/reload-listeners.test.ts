import { existsSync, statSync } from 'node:fs'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAuthority } from '../../src/pki/authority.ts'
import { hangAfterHead } from '../support/engine-answers.ts'
import { type Endpoint, openRaw, type RawConnection, rawRequest } from '../support/raw-client.ts'
import { frame, request, type Scene, startScene, streaming, UPGRADE } from './scene.ts'

const PLAIN = "{ name: plain, address: '127.0.0.1:0' }"
const OTHER = "{ name: other, address: '127.0.0.1:0' }"

let scene: Scene
afterEach(() => scene.close())

const names = () => scene.gate.listeners.map(({ name }) => name)
const portOf = (endpoint: Endpoint) => ('port' in endpoint ? endpoint.port : 0)

describe('a listener that a reload adds', () => {
  it('serves, and is told with its port', async () => {
    scene = await startScene()
    const { notes } = await scene.reload({ listeners: [PLAIN, OTHER] })
    expect(notes).toEqual([`listening on tcp://127.0.0.1:${portOf(scene.endpoint('other'))} (other)`])
    const { status } = await scene.send('GET /info', [await scene.bearer('ann')], { listener: 'other' })
    expect(status).toBe(200)
    await scene.recorded({ listener: 'other', generation: 2 })
  })

  it('takes the port of one that is removed', async () => {
    scene = await startScene()
    const port = portOf(scene.endpoint())
    await scene.reload({ listeners: [`{ name: fixed, address: '127.0.0.1:${port}' }`] })
    expect(names()).toEqual(['fixed'])
    expect((await scene.send('GET /info', [await scene.bearer('ann')], { listener: 'fixed' })).status).toBe(200)
  })

  it('that cannot be bound has those bound again that made room for another', async () => {
    scene = await startScene({ listeners: [PLAIN, OTHER] })
    const [port, taken] = [portOf(scene.endpoint()), portOf(scene.endpoint('other'))]
    const listeners = [
      `{ name: fixed, address: '127.0.0.1:${port}' }`,
      OTHER,
      `{ name: taken, address: '127.0.0.1:${taken}' }`,
    ]
    await expect(scene.reload({ listeners })).rejects.toThrow('the address is taken')
    expect(names()).toEqual(['plain', 'other'])
    expect((await scene.send('GET /info', [await scene.bearer('ann')])).status).toBe(200)
    await expect(openRaw({ host: '127.0.0.1', port })).rejects.toThrow('ECONNREFUSED')
  })
})

describe('a listener that a reload removes', () => {
  const start = async () => {
    scene = await startScene({ listeners: [PLAIN, OTHER] })
    return scene.endpoint('other')
  }
  const remove = () => scene.reload({ listeners: [PLAIN] })

  it('takes no connection any more, and ends those that are idle', async () => {
    const endpoint = await start()
    const idle = await scene.open('other')
    expect((await scene.send('GET /info', [await scene.bearer('ann')], { on: idle })).status).toBe(200)
    const { notes } = await remove()
    expect(notes).toEqual([`no longer listening on tcp://127.0.0.1:${portOf(endpoint)} (other)`])
    await idle.ended()
    await expect(openRaw(endpoint)).rejects.toThrow('ECONNREFUSED')
  })

  it('lets a request that is under way come to its end, and closes its connection then', async () => {
    await start()
    const answered = Promise.withResolvers<void>()
    scene.engine.answer(async (asked, connection) => {
      await asked.whole
      await answered.promise
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
    })
    const on = await scene.open('other')
    await on.write(request('GET /info', [await scene.bearer('ann')]))
    await scene.engine.waitForRequest(1)
    await remove()
    answered.resolve()
    const answer = await on.answer()
    expect([answer.status, answer.header('connection')]).toEqual([200, 'close'])
    await on.ended()
  })

  it('closes the connection of a stream when that has ended', async () => {
    await start()
    scene.engine.answer(hangAfterHead())
    const on = await scene.open('other')
    await on.write(request('GET /events', [await scene.bearer('ann')]))
    await on.tunnelled('200 OK')
    await remove()
    await scene.engine.requests[0]?.connection.write('2\r\n{}\r\n0\r\n\r\n')
    await on.ended()
    expect(on.received().toString()).toMatch(/\{\}\r\n0\r\n\r\n$/)
  })

  it('lets its sessions go on', async () => {
    await start()
    scene.engine.answer(streaming)
    const session = await scene.open('other')
    await session.write(request('POST /containers/x/attach?stream=1&stdout=1', [await scene.bearer('ann'), ...UPGRADE]))
    await session.tunnelled('hello')
    await remove()
    await scene.engine.requests[0]?.connection.write(frame('still here'))
    await session.tunnelled('still here')
  })
})

describe('a listener that a reload changes', () => {
  const limited = (limits: string) => `{ name: plain, address: '127.0.0.1:0', limits: { ${limits} } }`

  it.each([
    ['targetBytes', 'targetBytes: 1KiB', `/info?x=${'x'.repeat(2000)}`, [], 414],
    ['headerBytes', 'headerBytes: 2KiB, targetBytes: 1KiB', '/info', [`X-Long: ${'x'.repeat(4000)}`], 431],
    ['headerCount', 'headerCount: 3', '/info', ['A: 1', 'B: 2', 'C: 3'], 431],
  ])('has its new %s at once, on the port that it has', async (_, limits, target, headers, status) => {
    scene = await startScene()
    const before = scene.gate.listeners
    await scene.reload({ listeners: [limited(limits)] })
    expect(scene.gate.listeners).toEqual(before)
    expect((await scene.send(`GET ${target}`, headers)).status).toBe(status)
  })

  it('gives a head no more time than the new headersTimeout', async () => {
    scene = await startScene()
    await scene.reload({ listeners: [limited('headersTimeout: 100ms')] })
    const slow = await scene.open()
    await slow.write('GET /info HTTP/1.1\r\n')
    expect((await slow.answer()).status).toBe(408)
  })

  it('takes no more connections than the new limit', async () => {
    scene = await startScene()
    await scene.reload({ listeners: [limited('connections: 1')] })
    await scene.open()
    const second = await scene.open()
    await second.ended()
  })

  it('takes tokens in another header, under another name', async () => {
    scene = await startScene()
    const port = portOf(scene.endpoint())
    await scene.reload({ listeners: [`{ name: fixed, address: '127.0.0.1:${port}' }`] })
    const before = scene.gate.listeners
    await scene.reload({ listeners: [`{ name: proxied, address: '127.0.0.1:${port}', tokenHeader: X-Token }`] })
    expect(scene.gate.listeners).toEqual(before.map((one) => ({ ...one, name: 'proxied' })))
    const token = (await scene.bearer('ann')).replace('Authorization: Bearer ', 'X-Token: ')
    expect((await scene.send('GET /info', [token], { listener: 'proxied' })).status).toBe(200)
    await scene.recorded({ listener: 'proxied' })
  })

  it('has another mode on the socket that clients know', async () => {
    scene = await startScene()
    const socket = (mode: string) => `{ name: local, address: 'unix://${scene.at('gate.sock')}', mode: "${mode}" }`
    await scene.reload({ listeners: [socket('0660')] })
    const { ino } = statSync(scene.at('gate.sock'))
    await scene.reload({ listeners: [socket('0600')] })
    const after = statSync(scene.at('gate.sock'))
    expect([after.ino, after.mode & 0o777]).toEqual([ino, 0o600])
  })

  it('leaves no socket behind when it goes to TCP', async () => {
    scene = await startScene()
    await scene.reload({ listeners: [`{ name: local, address: 'unix://${scene.at('gate.sock')}' }`] })
    await scene.reload({ listeners: [PLAIN] })
    expect(existsSync(scene.at('gate.sock'))).toBe(false)
  })
})

describe('the TLS of a listener', () => {
  const authority = createAuthority()
  const putServer = (put: Scene['put'], name: string) => {
    const { certificate, key } = authority.issueServer({ names: ['localhost'] })
    put(`${name}.crt`, certificate)
    put(`${name}.key`, key)
  }
  const secure = (name: string, port: number, more = '') =>
    `{ name: plain, address: '127.0.0.1:${port}', tls: { certificate: ${name}.crt, key: ${name}.key ${more} } }`
  const serialAt = ({ socket }: RawConnection) => (socket as TLSSocket).getPeerX509Certificate()?.serialNumber
  const openTls = () =>
    openRaw({
      ...(scene.endpoint() as { host: string; port: number }),
      tls: { ca: authority.certificate, servername: 'localhost' },
    })

  it('changes from one pair of files to another while connections stay open', async () => {
    scene = await startScene({ listeners: [secure('one', 0)] }, (put) => putServer(put, 'one'))
    putServer(scene.put, 'two')
    const before = await openTls()
    const { url } = scene.gate.listeners[0] ?? {}
    await scene.reload({ listeners: [secure('two', 0)] })
    expect(scene.gate.listeners[0]?.url).toBe(url)
    const after = await openTls()
    expect(serialAt(after)).not.toBe(serialAt(before))
    expect((await scene.send('GET /info', [await scene.bearer('ann')], { on: before })).status).toBe(200)
    for (const connection of [before, after]) connection.destroy()
  })

  it('stays as it is when only the limits change', async () => {
    scene = await startScene({ listeners: [secure('one', 0)] }, (put) => putServer(put, 'one'))
    const on = await openTls()
    await scene.reload({
      listeners: [
        secure('one', 0).replace(/ }$/, ', limits: { headerCount: 2, headerBytes: 2KiB, targetBytes: 1KiB } }'),
      ],
    })
    expect((await scene.send('GET /info', ['A: 1', 'B: 2'], { on })).status).toBe(431)
    const after = await openTls()
    await after.write(request('GET /info', [`X-Long: ${'x'.repeat(4000)}`]))
    expect((await after.answer()).status).toBe(431)
    for (const connection of [on, after]) connection.destroy()
  })

  it('follows the files that it has now, and no others', async () => {
    scene = await startScene({ listeners: [secure('one', 0)] }, (put) => putServer(put, 'one'))
    putServer(scene.put, 'two')
    await scene.reload({ listeners: [secure('two', 0)] })
    const first = await openTls()
    const serialBefore = serialAt(first)
    first.destroy()
    putServer(scene.put, 'one')
    putServer(scene.put, 'two')
    await vi.waitFor(
      async () => {
        const connection = await openTls()
        const serial = serialAt(connection)
        connection.destroy()
        expect(serial).not.toBe(serialBefore)
      },
      { timeout: 5000, interval: 50 },
    )
    expect(scene.told().match(/new TLS files are in use/g)).toHaveLength(1)
  })

  it('is there, on the same port, when plain TCP was before', async () => {
    scene = await startScene()
    putServer(scene.put, 'one')
    const port = portOf(scene.endpoint())
    await scene.reload({ listeners: [secure('one', port)] })
    expect(portOf(scene.endpoint())).toBe(port)
    const connection = await openTls()
    expect((await scene.send('GET /info', [await scene.bearer('ann')], { on: connection })).status).toBe(200)
    connection.destroy()
  })

  it('asks for client certificates from then on, on the same port', async () => {
    scene = await startScene({ listeners: [secure('one', 0)] }, (put) => {
      putServer(put, 'one')
      put('ca.crt', authority.certificate)
    })
    const port = portOf(scene.endpoint())
    const more = ', clientAuthorities: ca.crt, clientCertificates: required'
    await scene.reload({ listeners: [secure('one', port, more)] })
    await expect(
      rawRequest(
        { host: '127.0.0.1', port, tls: { ca: authority.certificate, servername: 'localhost' } },
        request('GET /info'),
      ),
    ).rejects.toThrow()
  })
})
