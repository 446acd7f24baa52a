import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createEngine } from '../../src/forward/engine.ts'
import { tunnel } from '../../src/forward/tunnel.ts'

interface Ends {
  /** What a client would hold, and its end in the gate. */
  readonly outer: net.Socket
  readonly client: net.Socket
  /** The gate's end towards the engine, and the engine's. */
  readonly engine: net.Socket
  readonly inner: net.Socket
}

let folder: string
let servers: net.Server[]
let sockets: net.Socket[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-tunnel-'))
  servers = []
  sockets = []
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})

async function pair(
  connect = (path: string) => net.connect({ path, allowHalfOpen: true }),
): Promise<[net.Socket, net.Socket]> {
  const path = join(folder, `${servers.length}.sock`)
  const server = net.createServer({ allowHalfOpen: true }).listen(path)
  servers.push(server)
  await once(server, 'listening')
  const near = connect(path)
  const [far] = (await once(server, 'connection')) as [net.Socket]
  sockets.push(near, far)
  return [near, far]
}

async function ends(): Promise<Ends> {
  const [outer, client] = await pair()
  const [engine, inner] = await pair((path) => createEngine(path).connect())
  return { outer, client, engine, inner }
}

const EMPTY = Buffer.alloc(0)

/** All that a socket receives until the other side's FIN; its own writing side stays open. */
async function text(socket: net.Socket): Promise<string> {
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  await once(socket, 'end')
  return received
}

it('delivers all output to a client that half-closed before it came', async () => {
  const { outer, client, engine, inner } = await ends()
  const done = tunnel(client, EMPTY, engine, EMPTY).over
  outer.end('input')
  expect(await text(inner)).toBe('input')
  inner.end('output after the end of input')
  expect(await text(outer)).toBe('output after the end of input')
  expect(await done).toEqual({ bytesIn: 5, bytesOut: 29, endedBy: 'engine' })
})

it("ends the engine's input for a client whose end was seen before the tunnel opened", async () => {
  const { outer, client, engine, inner } = await ends()
  outer.end()
  client.resume()
  await once(client, 'end')
  const done = tunnel(client, EMPTY, engine, EMPTY).over
  const seen = text(inner)
  expect(await seen).toBe('')
  inner.end()
  await done
})

it('sends first what came behind the heads', async () => {
  const { outer, client, engine, inner } = await ends()
  const done = tunnel(client, Buffer.from('in-'), engine, Buffer.from('out-')).over
  outer.end('put')
  inner.end('put')
  expect(await Promise.all([text(inner), text(outer)])).toEqual(['in-put', 'out-put'])
  await done
})

it('carries every byte of large chunks as it is, both ways at once, to readers that are slower than the writers', async () => {
  const { outer, client, engine, inner } = await ends()
  const done = tunnel(client, EMPTY, engine, EMPTY).over
  const input = randomBytes(12 << 20)
  const output = randomBytes(12 << 20)
  outer.end(input)
  inner.write(output)
  const slowly = async (socket: net.Socket, bytes: number) => {
    const chunks: Buffer[] = []
    for (let size = 0; size < bytes; size += chunks.at(-1)?.length ?? 0) {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) await once(socket, 'readable')
      chunks.push(chunk ?? EMPTY)
    }
    return Buffer.concat(chunks)
  }
  const [received, sent] = await Promise.all([slowly(outer, output.length), slowly(inner, input.length)])
  expect(received.equals(output)).toBe(true)
  expect(sent.equals(input)).toBe(true)
  inner.end()
  expect(await done).toMatchObject({ bytesIn: input.length, bytesOut: output.length })
})

it("ends the engine's side when the client vanishes", async () => {
  const { client, engine, inner } = await ends()
  const done = tunnel(client, EMPTY, engine, EMPTY).over
  inner.resume()
  client.destroy()
  await once(inner, 'end')
  expect((await done).endedBy).toBe('client')
})

it('keeps the output of an engine that closes with input unread', async () => {
  const { outer, client, engine, inner } = await ends()
  const done = tunnel(client, EMPTY, engine, EMPTY).over
  inner.on('error', () => {})
  const writes = setInterval(() => outer.write(Buffer.alloc(65_536)), 1)
  await once(inner, 'readable')
  const output = 'x'.repeat(100_000)
  inner.write(output, () => inner.destroy())
  const received = await text(outer)
  clearInterval(writes)
  expect(received.length).toBe(output.length)
  outer.destroy()
  inner.destroy()
  await done
})

it('stops reading from an engine whose client does not read', async () => {
  const { outer, client, engine, inner } = await ends()
  const done = tunnel(client, EMPTY, engine, EMPTY).over
  outer.pause()
  let sent = 0
  const chunk = Buffer.alloc(1 << 20)
  while (sent < 256 && inner.write(chunk)) sent++
  await once(engine, 'pause')
  expect(engine.isPaused()).toBe(true)
  outer.destroy()
  inner.destroy()
  await done
})

it('drops the rest of the input when the engine has ended, so that a client which writes first gets to its reading', async () => {
  const { outer, client, engine, inner } = await ends()
  const done = tunnel(client, EMPTY, engine, EMPTY).over
  outer.on('error', () => {})
  const written = new Promise((resolve) => outer.write(Buffer.alloc(8 << 20), resolve))
  await once(client, 'pause')
  inner.end()
  expect(await written).toBeFalsy()
  outer.destroy()
  await done
})
