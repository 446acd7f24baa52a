import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { parseGateAddress } from '../../src/connect/address.ts'
import type { TlsFiles } from '../../src/connect/gate.ts'
import { startConnect } from '../../src/connect/start.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import { type CertificateWish, type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'
import { rawRequest } from '../support/raw-client.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const DAY = 86_400_000

const authority = makeTestCertificate({
  subject: [{ CN: 'authority' }],
  ca: true,
  notBefore: new Date(Date.now() - 9 * DAY),
})
const leaf = (wish: Partial<CertificateWish> = {}): MadeCertificate =>
  makeTestCertificate({
    subject: [{ CN: 'leaf' }],
    issuer: authority,
    dns: ['localhost'],
    usages: [SERVER_AUTH],
    ...wish,
  })

let folder: string
let files: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-tls-'))
  files = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (content: string) => {
  const path = join(folder, `${++files}.pem`)
  writeFileSync(path, content)
  return path
}
const certificate = ({ certificate, key }: MadeCertificate) => ({ certificate: file(certificate), key: file(key) })

/** A server on a free port that says who called, and notes every byte of a request that reaches it. */
async function serve(options: https.ServerOptions | null) {
  const seen: string[] = []
  const answer: http.RequestListener = (request, response) => {
    seen.push(request.headers.authorization ?? 'nothing')
    const { socket } = request
    const subject = socket instanceof tls.TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined
    response.setHeader('Connection', 'close')
    response.end(JSON.stringify({ ApiVersion: subject ?? 'nobody' }))
  }
  const server = options === null ? http.createServer(answer) : https.createServer(options, answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as net.AddressInfo
  return { seen, port, server }
}

async function connect(gate: string, given: Partial<TlsFiles> = {}) {
  const socket = join(folder, 'local.sock')
  const running = await startConnect({
    gate: parseGateAddress(gate),
    files: { authorities: null, client: null, ...given },
    source: { name: 'the test', local: true, fetch: async () => 's3cret' },
    tokenHeader: null,
    listen: `unix://${socket}`,
    warn: () => {},
  })
  onTestFinished(() => running.close())
  const ask = async (fields = '') =>
    (await rawRequest({ path: socket }, `POST /x HTTP/1.1\r\nHost: d\r\n${fields}\r\n`)).answer
  return { check: () => running.check(), ask }
}

/** Why the gate cannot be used: the same for the check, a plain request and an upgrade. */
async function refusal(gate: string, given: Partial<TlsFiles> = {}): Promise<string> {
  const { check, ask } = await connect(gate, given)
  const checked = await check().then(
    () => 'it can be used',
    (error: Error) => error.message,
  )
  const timeless = (text: string) => text.replace(/T[0-9:]+Z/, '')
  for (const answer of [await ask(), await ask('Connection: Upgrade\r\nUpgrade: tcp\r\n')]) {
    const { message } = answer.json() as { message: string }
    expect([answer.status, timeless(message)]).toEqual([502, timeless(`dockgate connect: ${checked}`)])
  }
  return checked.replace(`cannot use the gate ${parseGateAddress(gate).name}: `, '')
}

describe("the gate's certificate", () => {
  const trusting = () => ({ authorities: file(authority.certificate) })

  it('is verified against --ca and the name in the address', async () => {
    const { certificate: cert, key } = leaf()
    const { port, seen } = await serve({ cert, key })
    const { check, ask } = await connect(`https://localhost:${port}`, trusting())
    await check()
    expect((await ask()).status).toBe(200)
    expect(seen).toEqual(['Bearer s3cret', 'Bearer s3cret'])
  })

  it('may name an IP address', async () => {
    const made = createAuthority()
    const { certificate: cert, key } = made.issueServer({ names: ['127.0.0.1'] })
    const { port } = await serve({ cert, key })
    const { check } = await connect(`https://127.0.0.1:${port}`, { authorities: file(made.certificate) })
    await check()
  })

  it.each<[string, Partial<CertificateWish>, 'ca' | 'none' | 'other', string]>([
    [
      'of an unknown authority',
      {},
      'none',
      "an authority that is not known here; give that authority's certificate with --ca ca.pem",
    ],
    ['of another authority', {}, 'other', 'not signed by the authority in '],
    ['that signed itself', { issuer: undefined as never }, 'ca', 'not signed by the authority in '],
    [
      'for another name',
      { dns: ['docker.acme.io'] },
      'ca',
      'is for DNS:docker.acme.io and not for localhost; call it by one of those names',
    ],
    [
      'that has expired',
      { notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY) },
      'ca',
      'has expired (it is 2',
    ],
    [
      'that is not valid yet',
      { notBefore: new Date(Date.now() + DAY), notAfter: new Date(Date.now() + 2 * DAY) },
      'ca',
      'is not valid yet (it is 2',
    ],
    ['for clients', { usages: [CLIENT_AUTH] }, 'ca', 'is not meant for servers'],
  ])('%s is refused with the way out, and no token is sent', async (_, wish, trusted, why) => {
    const { certificate: cert, key } = leaf(wish)
    const { port, seen } = await serve({ cert, key })
    const other = makeTestCertificate({ subject: [{ CN: 'authority' }], ca: true })
    const authorities = { ca: authority.certificate, other: other.certificate, none: null }[trusted]
    const given = { authorities: authorities === null ? null : file(authorities) }
    expect(await refusal(`https://localhost:${port}`, given)).toContain(why)
    expect(seen).toEqual([])
  })

  it('of a server that is no gate gets nothing of the request, not even behind the handshake', async () => {
    const { certificate: cert, key } = leaf({ dns: ['elsewhere.acme.io'] })
    let bytes = 0
    const server = tls.createServer({ cert, key }, (socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.on('error', () => {})
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const closed = new Promise((resolve) =>
      server.once('connection', (socket: net.Socket) => socket.once('close', resolve)),
    )
    const { port } = server.address() as net.AddressInfo
    await refusal(`https://localhost:${port}`, trusting())
    await closed
    expect(bytes).toBe(0)
  })

  it('is verified even where NODE_TLS_REJECT_UNAUTHORIZED says otherwise', async () => {
    const { certificate: cert, key } = leaf()
    const { port, seen } = await serve({ cert, key })
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    onTestFinished(() => void delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
    expect(await refusal(`https://localhost:${port}`)).toContain('not known here')
    expect(seen).toEqual([])
  })
})

describe('a gate that cannot be reached', () => {
  const closedPort = async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }

  it('because nothing listens there', async () => {
    expect(await refusal(`https://127.0.0.1:${await closedPort()}`)).toBe(
      'nothing listens there (connection refused); is the gate running, and the port right?',
    )
  })

  it('because its name is not found', async () => {
    expect(await refusal('https://gate.invalid:2376')).toContain('the name gate.invalid is not found')
  })

  it('because its socket is not there', async () => {
    expect(await refusal(`unix://${folder}/gate.sock`)).toBe('there is no such socket; is the gate running?')
  })

  it('because it speaks no TLS', async () => {
    const { port } = await serve(null)
    expect(await refusal(`https://localhost:${port}`)).toBe(
      'it speaks no TLS there; is that the port of a TLS listener?',
    )
  })

  it('because it speaks TLS and is called without', async () => {
    const { certificate: cert, key } = leaf()
    const { port } = await serve({ cert, key })
    expect(await refusal(`http://localhost:${port}`)).toContain('does it speak TLS there? Then write https://')
  })

  it('is told with what it answers when it refuses', async () => {
    const server = http.createServer((_request, response) => {
      response.writeHead(401).end('{"message":"dockgate: the token expired"}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
    await expect((await connect(url)).check()).rejects.toThrow(
      `the gate ${url} answers with status 401: dockgate: the token expired`,
    )
  })
})

describe('the client certificate', () => {
  const asking = (more: https.ServerOptions = {}) => {
    const { certificate: cert, key } = leaf()
    return serve({ cert, key, requestCert: true, rejectUnauthorized: true, ca: authority.certificate, ...more })
  }
  const client = (name: string, issuer = authority) =>
    makeTestCertificate({ subject: [{ CN: name }], issuer, usages: [CLIENT_AUTH] })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is shown to the gate (%s)', async (version) => {
    const { port } = await asking({ minVersion: version, maxVersion: version })
    const given = { authorities: file(authority.certificate), client: certificate(client('ops')) }
    const { ask } = await connect(`https://localhost:${port}`, given)
    expect((await ask()).json()).toEqual({ ApiVersion: 'CN=ops' })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is missed by a gate that wants one (%s)', async (version) => {
    const { port } = await asking({ minVersion: version, maxVersion: version })
    const why = await refusal(`https://localhost:${port}`, { authorities: file(authority.certificate) })
    expect(why).toContain('does it want a client certificate')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of an authority that the gate does not know is told (%s)',
    async (version) => {
      const { port } = await asking({ minVersion: version, maxVersion: version })
      const stranger = makeTestCertificate({ subject: [{ CN: 'other' }], ca: true })
      const given = { authorities: file(authority.certificate), client: certificate(client('ops', stranger)) }
      expect(await refusal(`https://localhost:${port}`, given)).toContain('does it want a client certificate')
    },
  )

  it('that was renewed is shown on the next connection, and one half written is not', async () => {
    const { port } = await asking()
    const pair = certificate(client('first'))
    const given = { authorities: file(authority.certificate), client: pair }
    const { ask } = await connect(`https://localhost:${port}`, given)
    const fresh = async () => (await ask()).json()
    expect(await fresh()).toEqual({ ApiVersion: 'CN=first' })
    const renewed = client('second')
    writeFileSync(pair.certificate, renewed.certificate)
    expect(await fresh()).toEqual({ ApiVersion: 'CN=first' })
    writeFileSync(pair.key, renewed.key)
    expect(await fresh()).toEqual({ ApiVersion: 'CN=second' })
  })

  it.each<[string, () => Partial<TlsFiles>, RegExp]>([
    ['an authority that is not there', () => ({ authorities: join(folder, 'ca.pem') }), /ca\.pem does not exist$/],
    ['an authority that is none', () => ({ authorities: file('x') }), /holds no certificate in PEM form$/],
    [
      'a key that is none',
      () => ({ client: { certificate: file(client('a').certificate), key: file('x') } }),
      /holds no private key/,
    ],
    [
      'a key of another certificate',
      () => ({ client: { certificate: file(client('a').certificate), key: file(client('b').key) } }),
      /\d\.pem is not the key of .*\d\.pem$/,
    ],
    [
      'an encrypted key',
      () => ({
        client: {
          certificate: file(client('a').certificate),
          key: file('-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n'),
        },
      }),
      /is encrypted/,
    ],
    [
      'a broken certificate',
      () => ({ authorities: file('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') }),
      /holds a certificate that cannot be read$/,
    ],
  ])('%s is told before anything is opened', async (_, given, why) => {
    await expect(connect('https://localhost:1', given())).rejects.toThrow(why)
  })
})
