import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AnswerTaker, Sending } from '../../src/forward/connection.ts'
import type { Connections } from '../../src/forward/connections.ts'
import { createEngine, type Engine } from '../../src/forward/engine.ts'
import type { EngineRequest } from '../../src/forward/request-head.ts'
import { SLAB_BYTES } from '../../src/forward/slabs.ts'
import { MOST_READS } from '../../src/forward/turns.ts'

const PING: EngineRequest = { method: 'GET', path: '/_ping', headers: ['Host', 'docker'], body: null }

/** What was told of one answer. */
class Taker implements AnswerTaker {
  status = 0
  body = ''
  readonly done: Promise<'complete' | Error>
  onData: (buffer: Buffer, from: number, to: number) => void = (buffer, from, to) => {
    this.body += buffer.toString('latin1', from, to)
  }
  #resolve: (end: 'complete' | Error) => void = () => {}

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  onHead(status: number): void {
    this.status = status
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    this.onData(buffer, from, to)
  }

  onRead(): void {}

  onEnd(): void {
    this.#resolve('complete')
  }

  onFailure(error: Error): void {
    this.#resolve(error)
  }
}

let folder: string
let server: net.Server
let engine: Engine
let connections: Connections
/** Those that the engine has taken, in order, and what each has said. */
let taken: { readonly socket: net.Socket; said: string }[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-connections-'))
  taken = []
  server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const one = { socket, said: '' }
    taken.push(one)
    socket.on('data', (chunk) => {
      one.said += chunk.toString('latin1')
      server.emit('said', one)
    })
    socket.on('error', () => {})
  })
  server.listen(join(folder, 'engine.sock'))
  await once(server, 'listening')
  engine = createEngine(join(folder, 'engine.sock'))
  connections = engine.connections
})

afterEach(async () => {
  await engine.close()
  for (const { socket } of taken) socket.destroy()
  server.close()
  rmSync(folder, { recursive: true })
})

function send(request: EngineRequest = PING): Taker & { sending: Sending } {
  const taker = new Taker()
  return Object.assign(taker, { sending: connections.send(request, taker) })
}

/** The engine's end of the connection on which so much was said. */
async function heard(index: number, wanted: string | RegExp = '\r\n\r\n') {
  await vi.waitFor(() => expect(taken[index]?.said).toMatch(wanted))
  return taken[index] as (typeof taken)[number]
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK'

describe('a connection to the engine', () => {
  it('serves one request after the other', async () => {
    for (let count = 1; count <= 3; count++) {
      const told = send()
      const { socket } = await heard(0, new RegExp(`^(GET /_ping[^]*?\\r\\n\\r\\n){${count}}$`))
      socket.write(OK)
      expect(await told.done).toBe('complete')
      expect(told.body).toBe('OK')
    }
    expect(taken).toHaveLength(1)
  })

  it('serves one at a time: the next gets another', async () => {
    send()
    send()
    await heard(0)
    await heard(1)
  })

  it.each([
    ['the engine closes it after the answer', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK'],
    ['bytes stand behind the answer', `${OK}HTTP/1.1 200 OK\r\n`],
  ])('is not used again when %s', async (_when, answer) => {
    const first = send()
    const { socket } = await heard(0)
    const closed = once(socket, 'end')
    socket.write(answer)
    expect(await first.done).toBe('complete')
    await closed
    send()
    await heard(1)
  })

  it('is not used again when the engine ends it while it is idle', async () => {
    const first = send()
    const { socket } = await heard(0)
    socket.write(OK)
    await first.done
    const closed = once(socket, 'close')
    socket.end()
    await closed
    send()
    await heard(1)
  })

  it('is ended when the engine says something unasked', async () => {
    const first = send()
    const { socket } = await heard(0)
    socket.write(OK)
    await first.done
    const closed = once(socket, 'end')
    socket.write(OK)
    await closed
    expect(first.body).toBe('OK')
  })

  it('takes an answer that ends with it', async () => {
    const told = send()
    const { socket } = await heard(0)
    socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')
    expect(await told.done).toBe('complete')
    expect(told.body).toBe('all of it')
  })

  it('fails its request when it breaks off', async () => {
    const told = send()
    const { socket } = await heard(0)
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK')
    expect(await told.done).toBeInstanceOf(Error)
    expect(told.body).toBe('OK')
  })

  it('fails its request when what it says is no answer', async () => {
    const told = send()
    const { socket } = await heard(0)
    const closed = once(socket, 'end')
    socket.write('HTTP/1.1 OK\r\n\r\n')
    expect(await told.done).toBeInstanceOf(Error)
    await closed
  })

  it('fails its request with the reason when there is no engine', async () => {
    await engine.close()
    engine = createEngine(join(folder, 'nobody.sock'))
    connections = engine.connections
    expect(await send().done).toMatchObject({ code: 'ENOENT' })
  })

  it('ends with its request when that is given up, of which nothing more is told', async () => {
    const told = send()
    const { socket } = await heard(0)
    const closed = once(socket, 'end')
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
    await vi.waitFor(() => expect(told.body).toBe('abc'))
    told.sending.abort()
    await closed
    expect(await Promise.race([told.done, 'nothing'])).toBe('nothing')
  })

  it('fails its request when all are closed', async () => {
    const told = send()
    await heard(0)
    connections.close()
    expect(await told.done).toBeInstanceOf(Error)
  })
})

describe('a request', () => {
  it('is sent with its body and the length of that', async () => {
    send({
      method: 'POST',
      path: '/containers/create?name=a',
      headers: ['Host', 'docker', 'A', 'b'],
      body: Buffer.from('{"é":1}'),
    })
    const { said } = await heard(0, '}')
    expect(Buffer.from(said, 'latin1').toString()).toBe(
      'POST /containers/create?name=a HTTP/1.1\r\nHost: docker\r\nA: b\r\nContent-Length: 8\r\n\r\n{"é":1}',
    )
  })

  it('that might have a body and has none says so', async () => {
    send({ ...PING, method: 'POST' })
    expect((await heard(0)).said).toContain('\r\nContent-Length: 0\r\n\r\n')
  })

  it.each([
    ['a line feed in a value', { ...PING, headers: ['Host', 'docker\nA: b'] }],
    ['a line end in a value', { ...PING, headers: ['Host', 'docker\r\nA: b'] }],
    ['a line end in a name', { ...PING, headers: ['Host', 'docker', 'A: b\r\nC', 'd'] }],
    ['a zero byte', { ...PING, headers: ['Host', 'docker\0'] }],
    ['a space in the target', { ...PING, path: '/_ping HTTP/1.1' }],
    ['a line end in the target', { ...PING, path: '/_ping\r\n' }],
    ['what Latin-1 cannot say in the target', { ...PING, path: '/č' }],
    ['what would be cut to a line end', { ...PING, headers: ['Host', '\u010d\u010a'] }],
  ])('with %s is not sent', async (_what, request) => {
    expect(() => connections.send(request, new Taker())).toThrow('characters that none can hold')
    send()
    expect((await heard(0)).said).toBe('GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n')
    expect(taken).toHaveLength(1)
  })
})

const BULK = 64 * 1024 * 1024

describe('a large answer', () => {
  /** An engine that sends a known pattern for as long as it is read. */
  async function begin(index = 0, bytes = BULK) {
    const told = send()
    const { socket } = await heard(index)
    const chunk = Buffer.from(Array.from({ length: 251 * 256 }, (_, index) => index % 251))
    let sent = 0
    let isFull = false
    const pump = () => {
      for (isFull = false; sent < bytes && !isFull; sent += chunk.length) isFull = !socket.write(chunk)
    }
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.on('drain', pump)
    pump()
    return { told, socket, sent: () => sent }
  }

  it('is read no further while too much of it is kept, and goes on when that is let go', async () => {
    const kept: { readonly bytes: Buffer; readonly at: number; readonly letGo: () => void }[] = []
    let got = 0
    const { told, socket, sent } = await begin()
    told.onData = (buffer, from, to) => {
      const letGo = told.sending.keep()
      if (letGo !== null) kept.push({ bytes: buffer.subarray(from, to), at: got, letGo })
      got += to - from
    }
    // Whatever the kernel takes; it takes no more when the reader takes none.
    await vi.waitFor(() => expect(kept.length).toBeGreaterThanOrEqual(4))
    const before = got
    expect(sent()).toBeLessThan(BULK / 4)
    for (const { bytes, at } of kept) expect(bytes.every((byte, index) => byte === (at + index) % 251)).toBe(true)
    for (const { letGo } of kept.splice(0)) letGo()
    await vi.waitFor(() => expect(got).toBeGreaterThan(before))
    socket.destroy()
  })

  it('comes whole and in order, whatever is kept of it meanwhile, in larger pieces the longer it gets', async () => {
    const sizes = new Set<number>()
    let got = 0
    let wrong = 0
    const { told, socket } = await begin()
    told.onData = (buffer, from, to) => {
      const letGo = told.sending.keep()
      const at = got
      got += to - from
      sizes.add(buffer.length)
      setImmediate(() => {
        for (let index = from; index < to; index += 997) if (buffer[index] !== (at + index - from) % 251) wrong++
        letGo?.()
      })
    }
    await vi.waitFor(() => expect(got).toBeGreaterThan(16 * 1024 * 1024))
    expect([wrong, [...sizes]]).toEqual([0, [64 * 1024, 256 * 1024]])
    socket.destroy()
  })

  it('is read no further while it is held', async () => {
    let got = 0
    const { told, sent } = await begin()
    told.onData = (_buffer, from, to) => {
      got += to - from
      told.sending.pause()
    }
    await vi.waitFor(() => expect(got).toBeGreaterThan(0))
    expect(sent()).toBeLessThan(BULK / 4)
    const before = got
    told.sending.resume()
    await vi.waitFor(() => expect(got).toBeGreaterThan(before))
  })

  it('leaves room for others: of many, little is read in one turn of the event loop', async () => {
    let read = 0
    let turns = 0
    let most = 0
    const begun = Array.from({ length: 8 }, () => 0)
    for (const index of begun.keys()) {
      const { told } = await begin(index, Number.POSITIVE_INFINITY)
      told.onData = (_buffer, from, to) => {
        begun[index] = (begun[index] ?? 0) + to - from
        read += to - from
      }
    }
    // What comes first is read into a buffer that all share.
    await vi.waitFor(() => expect(Math.min(...begun)).toBeGreaterThan(4 * SLAB_BYTES))
    for (read = 0; turns < 50; turns++, read = 0) {
      await new Promise((resolve) => setImmediate(resolve))
      most = Math.max(most, read)
    }
    expect(most).toBeGreaterThan(0)
    // Each that goes on reads once before it is told that there is no room.
    expect(most).toBeLessThanOrEqual(2 * MOST_READS * SLAB_BYTES)
  })
})

describe('a body that streams', () => {
  const post = (length: number | null, onDrain = () => {}) =>
    send({ method: 'POST', path: '/images/load', headers: ['Host', 'docker'], body: { length, onDrain } })
  const nothing = () => {}

  it('is sent piece by piece, with the length that it has', async () => {
    const { sending } = post(6)
    sending.write(Buffer.from('abc'), nothing)
    await heard(0, 'Content-Length: 6\r\n\r\nabc')
    sending.write(Buffer.from('def'), nothing)
    sending.finish()
    expect((await heard(0, 'abcdef')).said).toMatch(/\r\n\r\nabcdef$/)
  })

  it('is sent in chunks where nobody knows its length, and no piece ends it', async () => {
    const { sending } = post(null)
    sending.write(Buffer.from('abc'), nothing)
    await heard(0, 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    sending.write(Buffer.alloc(0), nothing)
    sending.write(Buffer.from('x'.repeat(17)), nothing)
    sending.finish()
    expect((await heard(0, '0\r\n\r\n')).said).toMatch(/\r\n\r\n3\r\nabc\r\n11\r\nx{17}\r\n0\r\n\r\n$/)
  })

  it.each([
    [0, 'Content-Length: 0\r\n\r\n'],
    [null, 'chunked\r\n\r\n0\r\n\r\n'],
  ])('may have no piece (length %s)', async (length, end) => {
    post(length).sending.finish()
    expect((await heard(0, end)).said.endsWith(end)).toBe(true)
  })

  it('is not begun before its first piece, so that one which is refused there sends nothing', async () => {
    const { sending } = post(null)
    await vi.waitFor(() => expect(taken).toHaveLength(1))
    const closed = once((taken[0] as (typeof taken)[number]).socket, 'close')
    sending.abort()
    taken[0]?.socket.end()
    await closed
    expect(taken[0]?.said).toBe('')
  })

  it('calls back for each piece when its memory is free', async () => {
    const { sending } = post(null)
    const piece = Buffer.from('abc')
    await new Promise<void>((resolve) => sending.write(piece, resolve))
    piece.fill('x')
    await heard(0, 'abc')
  })

  it('is neither longer nor shorter than it says', async () => {
    const longer = post(3).sending
    expect(() => longer.write(Buffer.from('abcd'), nothing)).toThrow('longer')
    const shorter = post(3).sending
    shorter.write(Buffer.from('ab'), nothing)
    expect(() => shorter.finish()).toThrow('shorter')
    await heard(1, 'ab')
    expect(taken.map(({ said }) => said).join('')).not.toContain('abcd')
  })

  it('is not ended when it is given up', async () => {
    const { sending } = post(null)
    sending.write(Buffer.from('abc'), nothing)
    const { socket } = await heard(0, 'abc')
    const closed = once(socket, 'end')
    sending.abort()
    sending.finish()
    await closed
    expect(taken[0]?.said).toMatch(/\r\n\r\n3\r\nabc\r\n$/)
  })

  it('waits for an engine that does not read, and is told when it reads again', async () => {
    let drained = 0
    const { sending } = post(null, () => drained++)
    sending.write(Buffer.from('first'), nothing)
    const { socket } = await heard(0, 'first')
    socket.pause()
    const piece = Buffer.alloc(64 * 1024)
    let written = 0
    while (sending.write(piece, nothing) && written < 64) {
      written++
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(written).toBeLessThan(64)
    const before = drained
    socket.resume()
    await vi.waitFor(() => expect(drained).toBeGreaterThan(before))
  })

  it('takes an answer that comes before its end, drops the rest, and leaves the connection to nobody', async () => {
    const told = post(null)
    told.sending.write(Buffer.from('abc'), nothing)
    const { socket } = await heard(0, 'abc')
    const closed = once(socket, 'end')
    socket.write(OK)
    expect(await told.done).toBe('complete')
    let isFree = false
    expect(
      told.sending.write(Buffer.from('more'), () => {
        isFree = true
      }),
    ).toBe(true)
    expect(isFree).toBe(true)
    told.sending.finish()
    await closed
    expect(taken[0]?.said).not.toContain('more')
    send()
    await heard(1)
  })

  it('leaves its connection to the next request once it is complete', async () => {
    const told = post(null)
    told.sending.write(Buffer.from('abc'), nothing)
    told.sending.finish()
    const { socket } = await heard(0, '0\r\n\r\n')
    socket.write(OK)
    expect(await told.done).toBe('complete')
    send()
    await heard(0, 'GET /_ping')
    expect(taken).toHaveLength(1)
  })
})
