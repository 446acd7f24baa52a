import { createHash, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectRefusal, type Scene, startScene } from '../attack/scene.ts'
import { openRaw, type RawConnection } from '../support/raw-client.ts'

const SIZE = 2 * 1024 * 1024
const TYPE = 'Content-Type: application/x-tar'
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

let scene: Scene
let open: RawConnection[]

beforeAll(async () => {
  scene = await startScene({ little: '{ extends: admin, rate: { upload: 1MiB } }' })
})
afterAll(() => scene.close())
beforeEach(() => {
  scene.engine.reset()
  open = []
})
afterEach(() => {
  for (const connection of open) connection.destroy()
})

async function begin(where: Scene['tcp'], role: 'operator' | 'little', framing: string): Promise<RawConnection> {
  const connection = await openRaw(where)
  open.push(connection)
  await connection.write(scene.request('POST', '/images/load', { role, headers: [TYPE, framing] }))
  return connection
}

const chunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

describe('a large body', () => {
  it.each(['tcp', 'tls'] as const)('reaches the engine as it is, with its length (%s)', async (kind) => {
    const body = randomBytes(SIZE)
    const connection = await begin(scene[kind], 'operator', `Content-Length: ${SIZE}`)
    connection.socket.write(body)
    const request = await scene.engine.waitForRequest(1)
    expect([sha256(request.body), request.values('content-length')]).toEqual([sha256(body), [`${SIZE}`]])
    expect((await connection.answer()).status).toBe(200)
  })

  it.each(['tcp', 'tls'] as const)('reaches the engine as it is, in chunks (%s)', async (kind) => {
    const body = randomBytes(SIZE)
    const connection = await begin(scene[kind], 'operator', 'Transfer-Encoding: chunked')
    for (let at = 0, size = 1; at < SIZE; at += size, size *= 3) {
      connection.socket.write(chunk(body.subarray(at, at + size)))
    }
    connection.socket.write('0\r\n\r\n')
    const request = await scene.engine.waitForRequest(1)
    expect([sha256(request.body), request.values('content-length')]).toEqual([sha256(body), []])
    expect((await connection.answer()).status).toBe(200)
  })

  it('reaches the engine once, and the next on the same connection as well', async () => {
    const connection = await begin(scene.tcp, 'operator', 'Content-Length: 100000')
    connection.socket.write(Buffer.alloc(100_000, 'a'))
    expect((await connection.answer()).status).toBe(200)
    await connection.write(scene.request('POST', '/images/load', { headers: [TYPE, 'Content-Length: 3'] }))
    connection.socket.write('end')
    expect((await connection.answer()).status).toBe(200)
    expect(scene.engine.requests.map(({ body }) => body.length)).toEqual([100_000, 3])
  })

  it('that gets too large on its way is refused with the reason, and is not complete for the engine', async () => {
    const connection = await begin(scene.tcp, 'little', 'Transfer-Encoding: chunked')
    connection.socket.write(chunk(Buffer.alloc(512 * 1024)))
    const request = await scene.engine.waitForHead(1)
    for (let count = 0; count < 4; count++) connection.socket.write(chunk(Buffer.alloc(512 * 1024)))
    connection.socket.write('0\r\n\r\n')
    expectRefusal(await connection.answer(), 'upload-too-large')
    await request.connection.waitForClose()
    expect(request.complete).toBe(false)
  })

  it('that is refused after the engine began to answer breaks the answer off', async () => {
    scene.engine.answer((_request, connection) => {
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n')
    })
    const connection = await begin(scene.tcp, 'little', 'Transfer-Encoding: chunked')
    connection.socket.write(chunk(Buffer.alloc(1024)))
    await connection.tunnelled('part')
    connection.socket.write(chunk(Buffer.alloc(2 * 1024 * 1024)))
    await connection.closed()
    expect(connection.received().toString('latin1')).not.toContain('0\r\n\r\n')
    const [request] = scene.engine.requests
    await request?.connection.waitForClose()
    expect(request?.complete).toBe(false)
  })
})
