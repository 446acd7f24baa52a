import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

export interface Connection {
  /** The server's side. */
  readonly socket: TLSSocket
  /** What the client may resume with. */
  readonly session: Buffer
}

export interface TlsServer {
  /** Connects with a certificate and what it is presented with; an earlier session is offered to be resumed. */
  connect(chain: readonly MadeCertificate[], session?: Buffer): Promise<Connection>
  close(): Promise<void>
}

const server = makeTestCertificate({ subject: [{ CN: 'localhost' }], dns: ['localhost'], usages: null })

/** A real TLS server that asks for client certificates, as the listeners do, and a client of it. */
export async function startTlsServer(
  trusted: readonly MadeCertificate[],
  version: TlsVersion = 'TLSv1.3',
): Promise<TlsServer> {
  const listener = tls.createServer({
    cert: server.certificate,
    key: server.key,
    ca: trusted.map(({ certificate }) => certificate),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const sockets: TLSSocket[] = []
  const { port } = listener.address() as AddressInfo

  async function connect(chain: readonly MadeCertificate[], session?: Buffer): Promise<Connection> {
    const accepted = once(listener, 'secureConnection')
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...(chain[0] ? { cert: chain.map(({ certificate }) => certificate).join(''), key: chain[0].key } : {}),
      ...(session ? { session } : {}),
    })
    sockets.push(socket)
    // A resumed session is not always followed by another ticket.
    const ticket = session ? Promise.resolve([session]) : once(socket, 'session')
    // TLS 1.3 tickets arrive with the first data.
    const [peer] = (await accepted) as [TLSSocket]
    sockets.push(peer)
    peer.write('hello')
    await once(socket, 'data')
    return { socket: peer, session: (await ticket)[0] }
  }

  return {
    connect,
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}
