import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { listenerSchema } from '../../src/config/schema.ts'
import { followTlsFiles, tlsOptions } from '../../src/listen/tls.ts'
import { type Authority, createAuthority, type Issued } from '../../src/pki/authority.ts'
import { openRaw, type RawConnection } from '../support/raw-client.ts'
import { createWatch } from '../support/wire.ts'

const DAY = 86_400_000
const authority = createAuthority()
const serverOf = (by: Authority = authority) => by.issueServer({ names: ['localhost'] })

let folder: string
const at = (...names: string[]) => join(folder, ...names)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-tls-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function put(name: string, content: string): void {
  writeFileSync(at(`${name}.new`), content, { mode: 0o600 })
  renameSync(at(`${name}.new`), at(name))
}

function putPair({ certificate, key }: Issued): void {
  put('cert.pem', certificate)
  put('key.pem', key)
}

/** A server that follows the pair in the folder and answers who the client is. */
async function start(more: Readonly<Record<string, unknown>> = {}) {
  const { tls: config } = listenerSchema.parse({
    address: '127.0.0.1:0',
    tls: { certificate: at('cert.pem'), key: at('key.pem'), ...more },
  })
  if (!config) throw new Error('no tls')
  const watch = createWatch()
  const said: string[] = []
  const server = https.createServer({ ...tlsOptions(config) }, (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/stream') response.write('begun')
    else response.end(`${(request.socket as tls.TLSSocket).authorized}`)
  })
  const streams: ServerResponse[] = []
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/stream') streams.push(response)
  })
  const follow = followTlsFiles(server, 'main', config, (line) => {
    said.push(line)
    watch.changed()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const connections: RawConnection[] = []
  onTestFinished(async () => {
    follow.close()
    for (const connection of connections) connection.destroy()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  const connect = async (options: tls.ConnectionOptions = {}) => {
    const own = { ca: [authority.certificate, ...(options.ca ? [options.ca as string] : [])], servername: 'localhost' }
    const connection = await openRaw({ host: '127.0.0.1', port, tls: { ...options, ...own } })
    connections.push(connection)
    const socket = connection.socket as tls.TLSSocket
    const ask = async (path = '/') => {
      await connection.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      return (await connection.answer()).text()
    }
    return { connection, socket, ask, serial: socket.getPeerX509Certificate()?.serialNumber }
  }
  const told = (text: string) =>
    watch.until(
      () => said.some((line) => line.includes(text)),
      10_000,
      () => `${text}; said ${said.join('\n')}`,
    )
  return { connect, said, told, streams }
}

/** Of the certificate that new connections are shown. */
async function serialOf(scene: Awaited<ReturnType<typeof start>>): Promise<string | undefined> {
  const { ask, serial } = await scene.connect()
  // A client that leaves before the server's side of the handshake is done would be waited for.
  await ask()
  return serial
}

describe('the certificate of a listener', () => {
  it('is another one for new connections when its files change, and connections that are open go on', async () => {
    putPair(serverOf())
    const scene = await start()
    const open = await scene.connect()
    await open.connection.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
    await open.connection.tunnelled('begun')
    putPair(serverOf())
    await scene.told('new TLS files are in use')
    expect(await serialOf(scene)).not.toBe(open.serial)
    scene.streams[0]?.write('still here')
    expect((await open.connection.tunnelled('still here')).toString()).toContain('still here')
    expect(scene.said).toEqual([
      expect.stringMatching(/^listener main: new TLS files are in use: certificate [0-9A-F]{32}, good until 20\d\d-/),
    ])
  })

  it('T129 is another one when the folder behind its files is swapped, as Kubernetes does', async () => {
    const mount = (version: string, { certificate, key }: Issued) => {
      mkdirSync(at(version))
      writeFileSync(at(version, 'cert.pem'), certificate)
      writeFileSync(at(version, 'key.pem'), key, { mode: 0o600 })
      symlinkSync(version, at('..data_tmp'))
      renameSync(at('..data_tmp'), at('..data'))
    }
    mount('..1', serverOf())
    for (const name of ['cert.pem', 'key.pem']) symlinkSync(join('..data', name), at(name))
    const scene = await start()
    const before = await serialOf(scene)
    mount('..2', serverOf())
    rmSync(at('..1'), { recursive: true })
    await scene.told('new TLS files are in use')
    expect(await serialOf(scene)).not.toBe(before)
    expect(scene.said).toHaveLength(1)
  })

  const expired = () =>
    authority.issueServer({ names: ['localhost'], days: 1, notBefore: new Date(Date.now() - 3 * DAY) })
  const early = () => authority.issueServer({ names: ['localhost'], notBefore: new Date(Date.now() + 3 * DAY) })

  it.each<[string, () => void, string]>([
    ['whose key is missing yet', () => put('cert.pem', serverOf().certificate), 'key.pem is not the key of '],
    ['whose certificate is missing yet', () => put('key.pem', serverOf().key), 'key.pem is not the key of '],
    ['that is half written', () => put('cert.pem', serverOf().certificate.slice(0, 300)), 'holds no certificate'],
    ['that has become empty', () => put('key.pem', ''), 'holds no private key'],
    ['that is gone', () => rmSync(at('key.pem')), 'does not exist'],
    ['that has expired', () => putPair(expired()), 'expired on'],
    ['that is not valid yet', () => putPair(early()), 'is not valid before'],
    [
      'that others may read',
      () => {
        putPair(serverOf())
        chmodSync(at('key.pem'), 0o644)
      },
      'may be read or written by others',
    ],
  ])('T129 stays what it was while there is a pair %s, and is the next whole one', async (_what, breakIt, message) => {
    putPair(serverOf())
    const scene = await start()
    const before = await serialOf(scene)
    breakIt()
    await scene.told(message)
    expect(scene.said[0]).toMatch(/^listener main: tls\.(key|certificate): .*; what was served before is served on/)
    expect(await serialOf(scene)).toBe(before)
    putPair(serverOf())
    await scene.told('new TLS files are in use')
    expect(await serialOf(scene)).not.toBe(before)
  })

  it('T129 is told of when it cannot be served at the beginning', async () => {
    putPair({ ...serverOf(), key: serverOf().key })
    await expect(start()).rejects.toThrow(/^listener main: tls\.key: .*key\.pem is not the key of .*cert\.pem$/)
  })

  it('stays, and with it every session, when files are written again as they were', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const pair = serverOf()
    putPair(pair)
    const scene = await start()
    const session = await sessionOf(await scene.connect())
    putPair(pair)
    vi.advanceTimersByTime(5000)
    const resumed = await scene.connect({ session })
    expect([resumed.socket.isSessionReused(), scene.said]).toEqual([true, []])
    await resumed.ask()
    putPair(serverOf())
    vi.advanceTimersByTime(5000)
    const fresh = await scene.connect({ session })
    expect([fresh.socket.isSessionReused(), scene.said.length]).toEqual([false, 1])
    await fresh.ask()
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('the authorities of a listener over %s', (version) => {
  const only = { minVersion: version, maxVersion: version }
  const [old, fresh] = [createAuthority(), createAuthority()]
  const clientOf = (by: Authority) => {
    const { certificate, key } = by.issueClient({ name: 'ops' })
    return { cert: certificate, key, ...only }
  }

  it('T124 are rotated with overlap, and no session is resumed that began under others', async () => {
    putPair(serverOf())
    put('old.pem', old.certificate)
    put('clients.pem', old.certificate)
    const scene = await start({ clientAuthorities: [at('clients.pem')] })
    const authorised = async (options: tls.ConnectionOptions) => (await scene.connect(options)).ask()
    expect([await authorised(clientOf(old)), await authorised(clientOf(fresh))]).toEqual(['true', 'false'])
    const first = await scene.connect(clientOf(old))
    const session = await sessionOf(first)
    const resumed = await scene.connect({ ...only, session })
    expect([resumed.socket.isSessionReused(), await resumed.ask()]).toEqual([true, 'true'])

    put('clients.pem', old.certificate + fresh.certificate)
    await scene.told('new TLS files are in use')
    expect([await authorised(clientOf(old)), await authorised(clientOf(fresh))]).toEqual(['true', 'true'])

    scene.said.length = 0
    put('clients.pem', fresh.certificate)
    await scene.told('new TLS files are in use')
    expect([await authorised(clientOf(old)), await authorised(clientOf(fresh))]).toEqual(['false', 'true'])
    const stale = await scene.connect({ ...only, session })
    expect([stale.socket.isSessionReused(), await stale.ask()]).toEqual([false, 'false'])
  })

  it('may stand in several files', async () => {
    putPair(serverOf())
    put('old.pem', old.certificate)
    put('fresh.pem', fresh.certificate)
    const scene = await start({ clientAuthorities: [at('old.pem'), at('fresh.pem')] })
    for (const by of [old, fresh]) expect(await (await scene.connect(clientOf(by))).ask()).toBe('true')
  })
})

/** What a client may resume with; TLS 1.3 gives it with the first answer. */
async function sessionOf({ socket, ask }: { socket: tls.TLSSocket; ask(): Promise<string> }): Promise<Buffer> {
  const session = once(socket, 'session') as Promise<[Buffer]>
  await ask()
  return socket.getProtocol() === 'TLSv1.3' ? (await session)[0] : (socket.getSession() as Buffer)
}
