import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { MOST_WAITING } from '../../src/audit/sink.ts'
import { openRecords, type RecordWriter } from '../../src/audit/writer.ts'
import { recordsSchema } from '../../src/config/records-schema.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import { temporaryDirectory } from '../support/docker-client.ts'

let said: ReturnType<typeof vi.spyOn>

beforeEach(() => {
  said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})

afterEach(() => said.mockRestore())

async function send(config: object): Promise<RecordWriter> {
  const records = await openRecords(recordsSchema.parse(config))
  records.begin(null)
  return records
}

/** A server that keeps what it is sent; `at` is a port, or a path. */
async function receiver(at: number | string = 0, server: Server = createServer()) {
  const got = { text: '' }
  const sockets = new Set<Socket>()
  const take = (socket: Socket) => {
    sockets.add(socket)
    socket.on('data', (chunk) => {
      got.text += chunk
    })
    socket.on('error', () => {})
  }
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', take)
  await new Promise<void>((resolve) => server.listen(at, resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(() => void close())
  const port = (server.address() as AddressInfo).port
  return { got, close, port, cut: () => sockets.forEach((socket) => void socket.destroy()) }
}

const numbers = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).n)

it('sends one JSON line a record to a TCP socket, and ends when all are sent', async () => {
  const { got, port } = await receiver()
  const records = await send({ socket: `tcp://127.0.0.1:${port}` })
  for (let n = 0; n < 500; n++) records.write({ n })
  await records.close()
  await vi.waitFor(() => expect(numbers(got.text)).toEqual(Array.from({ length: 500 }, (_, n) => n)))
  expect(said).not.toHaveBeenCalled()
})

it('sends to a unix socket', async () => {
  const folder = temporaryDirectory('sent')
  onTestFinished(folder.remove)
  const { got } = await receiver(join(folder.path, 'records.sock'))
  const records = await send({ socket: `unix://${folder.path}/records.sock` })
  records.write({ n: 1 })
  await records.close()
  await vi.waitFor(() => expect(numbers(got.text)).toEqual([1]))
})

it('keeps what nobody takes, says so once, and sends it when somebody is there again', async () => {
  const first = await receiver()
  const records = await send({ socket: `tcp://127.0.0.1:${first.port}` })
  records.write({ n: 1 })
  await vi.waitFor(() => expect(first.got.text).toContain('"n":1'))
  await first.close()
  await vi.waitFor(() => expect(records.state().failing?.why).toContain('ECONNREFUSED'))
  records.write({ n: 2 })
  records.write({ n: 3 })
  const second = await receiver(first.port)
  await vi.waitFor(() => expect(numbers(second.got.text)).toEqual([2, 3]), 10_000)
  await vi.waitFor(() => expect(records.state()).toMatchObject({ failing: null, lost: 0 }))
  await records.close()
  expect(said.mock.calls.map(([line]: unknown[]) => line)).toEqual([
    expect.stringMatching(/^dockgate: records cannot be written: tcp:.*ECONNREFUSED/),
    'dockgate: records can be written again\n',
  ])
})

it('counts what is lost when nobody takes anything for too long, and holds no more than it may', async () => {
  const { port, close } = await receiver()
  await close()
  const records = await send({ socket: `tcp://127.0.0.1:${port}` })
  const text = 'x'.repeat(1024 * 1024)
  const fates = Array.from({ length: MOST_WAITING / text.length + 2 }, () => records.write({ text }))
  expect(fates.filter((fate) => fate === 'lost')).toHaveLength(3)
  expect(records.state()).toMatchObject({ lost: 3, failing: { why: expect.stringContaining('lost') } })
  const second = await receiver(port)
  await vi.waitFor(() => expect(second.got.text.split('\n')).toHaveLength(MOST_WAITING / text.length), 10_000)
  await records.close()
  expect(said).toHaveBeenLastCalledWith('dockgate: records can be written again; lost: 3\n')
})

it('frames syslog messages on TCP by counting their bytes, with the severity of the decision', async () => {
  const { got, port } = await receiver()
  const records = await send({ syslog: `tcp://127.0.0.1:${port}` })
  records.write({ event: 'request', decision: 'allow', text: 'ü' })
  records.write({ event: 'request', decision: 'deny' })
  records.write({ event: 'session', decision: 'error' })
  await records.close()
  const messages: string[] = []
  await vi.waitFor(() => {
    messages.splice(0)
    for (let rest = Buffer.from(got.text); rest.length > 0; ) {
      const space = rest.indexOf(' ')
      const length = Number(rest.subarray(0, space))
      messages.push(rest.subarray(space + 1, space + 1 + length).toString())
      rest = rest.subarray(space + 1 + length)
    }
    expect(messages).toHaveLength(3)
  })
  const head = /^<(\d+)>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ dockgate \d+ (\S+) - (\{.*\})$/
  expect(messages.map((message) => head.exec(message)?.slice(1, 3))).toEqual([
    [`${10 * 8 + 6}`, 'request'],
    [`${10 * 8 + 4}`, 'request'],
    [`${10 * 8 + 3}`, 'session'],
  ])
  expect(JSON.parse(head.exec(messages[0] as string)?.[3] as string)).toMatchObject({ v: 1, text: 'ü' })
})

it('sends one syslog message a datagram', async () => {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  const got: string[] = []
  socket.on('message', (message) => got.push(message.toString()))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const records = await send({ syslog: `udp://127.0.0.1:${socket.address().port}` })
  records.write({ event: 'request', n: 1 })
  records.write({ event: 'request', n: 2 })
  await records.close()
  await vi.waitFor(() => expect(got).toHaveLength(2))
  expect(got[0]).toMatch(/^<86>1 .* request - \{.*"n":1\}$/)
})

it('sends over TLS to who shows a certificate of the given authorities, and to nobody else', async () => {
  const folder = temporaryDirectory('sent')
  onTestFinished(folder.remove)
  const authorities = join(folder.path, 'ca.crt')
  const authority = createAuthority()
  const { certificate: cert, key } = authority.issueServer({ names: ['127.0.0.1', 'localhost'] })
  writeFileSync(authorities, authority.certificate)
  const { got, port } = await receiver(0, createTlsServer({ cert, key }))
  const records = await send({ syslog: `tls://localhost:${port}`, authorities })
  records.write({ event: 'request', n: 1 })
  await records.close()
  await vi.waitFor(() => expect(got.text).toContain('"n":1'))

  writeFileSync(authorities, createAuthority().certificate)
  const distrusting = await send({ syslog: `tls://localhost:${port}`, authorities })
  distrusting.write({ event: 'request', n: 2 })
  await vi.waitFor(() => expect(distrusting.state().failing?.why).toMatch(/certificate|signature/))
  expect(got.text).not.toContain('"n":2')
  void distrusting.close()
})

it('opens another connection when the other end closes one, and sends what that had not taken', async () => {
  const { got, port, cut } = await receiver()
  const records = await send({ socket: `tcp://127.0.0.1:${port}` })
  records.write({ n: 1 })
  await vi.waitFor(() => expect(got.text).toContain('"n":1'))
  cut()
  await vi.waitFor(async () => {
    records.write({ n: 2 })
    await new Promise(setImmediate)
    expect(got.text).toContain('"n":2')
  })
  await records.close()
})

it('keeps datagrams whose address does not resolve, and says so', async () => {
  const records = await send({ syslog: 'udp://logs.invalid:514' })
  expect(records.write({ event: 'request' })).toBe('waiting')
  await vi.waitFor(() => expect(records.state().failing?.why).toContain('logs.invalid'), 10_000)
  void records.close()
})

it('loses a record that no datagram can hold, and goes on', async () => {
  const records = await send({ syslog: 'udp://127.0.0.1:9' })
  expect(records.write({ event: 'request', text: 'x'.repeat(70_000) })).toBe('lost')
  expect(records.write({ event: 'request' })).toBe('waiting')
  expect(records.state()).toMatchObject({ lost: 1 })
  void records.close()
})
