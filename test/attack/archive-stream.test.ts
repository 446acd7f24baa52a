import { readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { archive, END, entriesOf, entry } from '../inspect/archive/archives.ts'
import { earlyAnswer, silent } from '../support/engine-answers.ts'
import { openRaw, type RawConnection } from '../support/raw-client.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

const PUT = '/v1.47/containers/box/archive?path=%2Fwork'
const MiB = 1024 ** 2
/** More than the gate holds back to write at once. */
const LARGE = entry({ name: './large' }, 'x'.repeat(300_000))
const HOSTILE = entry({ name: '../hostile' }, 'evil')

const chunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

describe('attacks by archives on their way', () => {
  let scene: Scene
  const opened: RawConnection[] = []
  beforeAll(async () => {
    scene = await startScene({ work: '{ allow: [PutContainerArchive, read], archive: { put: [/work] } }' })
  })
  afterAll(() => scene.close())
  beforeEach(() => {
    for (const connection of opened.splice(0)) connection.destroy()
    scene.engine.reset()
  })

  const begin = async (...headers: readonly string[]) => {
    const connection = await openRaw(scene.tcp)
    opened.push(connection)
    await connection.write(
      scene.request('PUT', PUT, { role: 'work', headers: ['Content-Type: application/x-tar', ...headers] }),
    )
    return connection
  }
  const beginChunked = () => begin('Transfer-Encoding: chunked')
  /** The value of `count` when it has stopped growing: nothing in this process moves it any more. */
  const settled = async (count: () => number) => {
    let last = -1
    for (let still = 0; still < 300; still++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (count() !== last) still = 0
      last = count()
    }
    return last
  }

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['compressed', (bytes: Buffer) => gzipSync(bytes, { level: 0 })],
  ])('T82 cuts the engine off before an entry that it refuses, behind good ones: %s', async (_, form) => {
    const connection = await beginChunked()
    await connection.write(chunk(form(Buffer.concat([LARGE, HOSTILE, LARGE, END]))))
    const answer = await connection.answer()
    expectRefusal(answer, 'body-malformed')
    expect(answer.text()).toContain('../hostile')
    const request = await scene.engine.waitForHead(1)
    await request.connection.waitForClose()
    expect(request.complete).toBe(false)
    const received = request.connection.received.toString('latin1')
    expect(received).toContain('./large')
    expect(received).not.toMatch(/hostile|evil|\r\n0\r\n\r\n$/)
    expect(await scene.record(recordId(answer))).toMatchObject({ decision: 'deny', reason: 'body-malformed' })
    expect(await scene.reached()).toHaveLength(1)
  })

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['compressed', (bytes: Buffer) => gzipSync(bytes)],
  ])('T82 refuses an entry of an archive that is never sent to its end: %s', async (_, form) => {
    const connection = await beginChunked()
    await connection.write(chunk(form(Buffer.concat([entry({ name: 'a' }, 'x'), HOSTILE, END]))))
    expectRefusal(await connection.answer(), 'body-malformed')
    await scene.nothingReached()
    // What is still to come is read, so that whoever sends it reads why.
    await connection.write(chunk(Buffer.alloc(MiB)))
    await connection.write('0\r\n\r\n')
    await connection.write(scene.request('GET', '/containers/json', { role: 'work' }))
    expect((await connection.answer()).status).toBe(200)
  })

  it('T82 judges archives that come byte by byte', async () => {
    const connection = await beginChunked()
    for (const byte of archive(HOSTILE)) connection.socket.write(chunk(Buffer.of(byte)))
    expectRefusal(await connection.answer(), 'body-malformed')
    await scene.nothingReached()
  })

  it('T37 asks for an archive only after the decision, and judges it then', async () => {
    const good = archive(entry({ name: './a' }, 'x'))
    const connection = await begin('Expect: 100-continue', `Content-Length: ${good.length}`)
    expect((await connection.answer()).status).toBe(100)
    await scene.nothingReached()
    await connection.write(good)
    expect((await connection.answer()).status).toBe(200)
    const [request] = await scene.reached()
    expect(request?.body.equals(good)).toBe(true)
    expect(request?.values('Expect')).toEqual([])

    const refused = await begin('Expect: 100-continue', `Content-Length: ${archive(HOSTILE).length}`)
    expect((await refused.answer()).status).toBe(100)
    await refused.write(archive(HOSTILE))
    expectRefusal(await refused.answer(), 'body-malformed')
  })

  it.each([
    ['resets its connection', (connection: RawConnection) => void connection.socket.resetAndDestroy()],
    ['closes its connection', (connection: RawConnection) => connection.destroy()],
    ['ends its side', (connection: RawConnection) => connection.end()],
  ])('T31 lets the engine go when the client %s inside an archive', async (_, leave) => {
    const connection = await beginChunked()
    await connection.write(chunk(LARGE))
    const request = await scene.engine.waitForHead(1)
    leave(connection)
    await request.connection.waitForClose()
    expect(request.complete).toBe(false)
    expect(request.connection.received.toString('latin1')).not.toMatch(/\r\n0\r\n\r\n$/)
    await vi.waitFor(() => {
      const record = JSON.parse(scene.recordLines().at(-1) ?? '{}')
      expect(record).toMatchObject({ operation: 'PutContainerArchive', decision: 'allow', reason: 'client-gone' })
    })
  })

  it.each(['plain', 'gzip'])(
    'T31 carries an early answer of the engine, and the next request behind the rest: %s',
    async (form) => {
      scene.engine.answer(earlyAnswer(404))
      const bytes = form === 'gzip' ? gzipSync(archive(LARGE), { level: 0 }) : archive(LARGE)
      const connection = await begin(`Content-Length: ${bytes.length}`)
      await connection.write(bytes.subarray(0, 150_000))
      expect((await connection.answer()).json()).toEqual({ message: 'early' })
      scene.engine.answer()
      await connection.write(bytes.subarray(150_000))
      await connection.write(scene.request('GET', '/containers/json', { role: 'work' }))
      expect((await connection.answer()).status).toBe(200)
      expect((await scene.engine.waitForHead(1)).complete).toBe(false)
    },
  )

  it('T31 reads the rest of an upload for which it had held the client back, behind an early answer', async () => {
    const answerNow = Promise.withResolvers<void>()
    scene.engine.answer(async (request, connection) => {
      connection.stopReading()
      await answerNow.promise
      await earlyAnswer(404)(request, connection)
    })
    const size = 32 * MiB
    const connection = await begin(`Content-Length: ${512 + size}`)
    const all = connection.write(Buffer.concat([entry({ name: './a', size }), Buffer.alloc(size)]))
    await scene.engine.waitForHead(1)
    await settled(() => connection.socket.writableLength)
    answerNow.resolve()
    expect((await connection.answer()).status).toBe(404)
    await all
    scene.engine.answer()
    await connection.write(scene.request('GET', '/containers/json', { role: 'work' }))
    expect((await connection.answer()).status).toBe(200)
  })

  it('T30 holds the client back while the engine does not read', async () => {
    scene.engine.answer(async (_, connection) => {
      connection.stopReading()
      await connection.whenClosed
    })
    const connection = await beginChunked()
    const size = 64 * MiB
    connection.socket.write(chunk(Buffer.concat([entry({ name: './a', size }), Buffer.alloc(size)])))
    await scene.engine.waitForHead(1)
    await settled(() => connection.socket.writableLength)
    // Of the rest, some lies in the kernel's buffers.
    expect(connection.socket.writableLength).toBeGreaterThan(size / 2)
  })

  it('T92 holds no more of a bomb than of any archive', async () => {
    scene.engine.answer(async (_, connection) => {
      connection.stopReading()
      await connection.whenClosed
    })
    const size = 512 * MiB
    const zeros = gzipSync(Buffer.alloc(MiB))
    const bomb = Buffer.concat([
      gzipSync(entry({ name: './zeros', size })),
      ...Array.from({ length: 512 }, () => zeros),
    ])
    expect(bomb.length).toBeLessThan(MiB)
    const connection = await begin(`Content-Length: ${bomb.length}`)
    const before = process.memoryUsage().arrayBuffers
    await connection.write(bomb)
    await scene.engine.waitForHead(1)
    await settled(() => process.memoryUsage().arrayBuffers)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MiB)
  })

  it('T92 sends all that is inside of a bomb on, a piece at a time', async () => {
    let received = 0
    scene.engine.answer(async (request, connection) => {
      await request.whole
      received = request.body.length
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
    const size = 2 * MiB
    const bomb = gzipSync(Buffer.concat([entry({ name: './zeros', size }), Buffer.alloc(size), END]))
    const connection = await begin(`Content-Length: ${bomb.length}`)
    await connection.write(bomb)
    expect((await connection.answer()).status).toBe(200)
    expect(received).toBe(512 + size + END.length)
    expect((await entriesOf((await scene.engine.waitForRequest(1)).body)).map(({ name }) => name)).toEqual(['./zeros'])
  })

  it('T32 keeps no descriptor of archives that were broken off, refused, or never answered', async () => {
    // Both ends of the connections to the engine are in this process; it keeps idle ones for a while.
    const descriptors = () => readdirSync('/proc/self/fd').length - 2 * scene.engine.open
    const attempt = async (form: (bytes: Buffer) => Buffer) => {
      const gone = await beginChunked()
      await gone.write(chunk(form(LARGE)))
      gone.destroy()
      const refused = await beginChunked()
      await refused.write(chunk(form(Buffer.concat([LARGE, HOSTILE]))))
      await refused.answer()
      refused.destroy()
      const unanswered = await begin(`Content-Length: ${form(archive(LARGE)).length}`)
      await unanswered.write(form(archive(LARGE)))
      unanswered.destroy()
    }
    const letGo = () =>
      vi.waitFor(() => {
        const used = scene.engine.connections.filter(({ received }) => received.length > 0)
        expect(used.filter(({ closed }) => !closed)).toHaveLength(0)
      })
    scene.engine.answer(silent())
    await attempt(gzipSync)
    await letGo()
    const before = descriptors()
    for (let count = 0; count < 10; count++) await attempt(count % 2 === 0 ? gzipSync : (bytes) => bytes)
    await letGo()
    await vi.waitFor(() => expect(descriptors()).toBeLessThanOrEqual(before))
  })

  it.each([
    ['closes', (connection: RawConnection) => connection.destroy()],
    ['sends garbage', (connection: RawConnection) => void connection.write('no chunk\r\n\r\n')],
  ])('T128 writes one record of a refused archive when the client then %s', async (_, then) => {
    const connection = await beginChunked()
    await connection.write(chunk(HOSTILE))
    const id = recordId(await connection.answer())
    then(connection)
    await connection.ended()
    // Records are written in order.
    const next = recordId(await scene.send('GET', '/nothing'))
    await scene.record(next)
    const ids = scene.recordLines().map((line) => JSON.parse(line).id)
    expect(ids.slice(ids.indexOf(id))).toEqual([id, next])
  })
})
