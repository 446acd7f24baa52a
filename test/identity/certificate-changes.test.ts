import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticate.ts'
import { loadAuthority } from '../../src/pki/authority.ts'
import { type Revocation, serialOf } from '../../src/pki/revocation-list.ts'
import type { Refusal } from '../../src/refusal.ts'
import { type CertificateWish, type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'
import { createWatch } from '../support/wire.ts'
import { certificateIssuer, createSigner, type Issuers, jwtIssuer, refused } from './fixture.ts'
import { startTlsServer, type TlsServer, type TlsVersion } from './tls-server.ts'

const HOUR = 3_600_000
const authority = (name: string, issuer?: MadeCertificate) =>
  makeTestCertificate({ subject: [{ CN: name }], ca: true, ...(issuer ? { issuer } : {}) })
const client = (issuer: MadeCertificate, wish: Partial<CertificateWish> = {}) =>
  makeTestCertificate({ subject: [{ CN: 'ops' }], issuer, ...wish })

const root = authority('root')
const other = authority('other')
const intermediate = authority('intermediate', root)

let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-changes-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Puts a file in place as one step, as whoever looks after it should. */
function put(name: string, content: string): string {
  mkdirSync(dirname(at(name)), { recursive: true })
  writeFileSync(at(`.${name.replaceAll('/', '-')}`), content)
  renameSync(at(`.${name.replaceAll('/', '-')}`), at(name))
  return at(name)
}

const putAuthorities = (...made: readonly MadeCertificate[]) =>
  put('authorities.pem', made.map(({ certificate }) => certificate).join(''))

let lists = 0
/** A list of an authority that names these certificates. Each is newer than the one before. */
function listOf(
  by: MadeCertificate,
  revoked: readonly MadeCertificate[] = [],
  wish: { number?: number; nextUpdate?: Date } = {},
) {
  lists += 1
  const entry: Revocation = { at: new Date('2026-01-02T03:04:05Z'), reason: 'keyCompromise' }
  const entries = revoked.map(({ certificate }) => [serialOf(new X509Certificate(certificate)), entry] as const)
  const life = { thisUpdate: new Date(), nextUpdate: wish.nextUpdate ?? new Date(Date.now() + 24 * HOUR) }
  const fields = { number: wish.number ?? lists, revoked: new Map(entries), ...life }
  return loadAuthority(by.certificate, by.key).revocationList(fields)
}

interface Scene {
  readonly tls: TlsServer
  readonly authenticator: Authenticator
  /** Lines for the operator. */
  readonly said: string[]
  /** Connections that were ended, and why. */
  readonly ended: { readonly socket: TLSSocket; readonly refusal: Refusal }[]
  /** Resolves when the operator has been told something that holds this text. */
  told(text: string): Promise<void>
  /** Who the connection is, or the reason why it is nobody. */
  ask(socket: TLSSocket, token?: string): Promise<string>
}

async function createScene(issuers: Issuers, version: TlsVersion = 'TLSv1.3', now = () => Date.now()): Promise<Scene> {
  const watch = createWatch()
  const said: string[] = []
  const ended: { socket: TLSSocket; refusal: Refusal }[] = []
  const authenticator = await createAuthenticator(issuers, {
    now,
    warn: (line) => {
      said.push(line)
      watch.changed()
    },
    distrust: (socket, refusal) => void ended.push({ socket, refusal }),
  })
  const tls = await startTlsServer([root, other, intermediate], version)
  onTestFinished(async () => {
    authenticator.close()
    await tls.close()
  })
  const told = (text: string) =>
    watch.until(
      () => said.some((line) => line.includes(text)),
      10_000,
      () => `${text}; said: ${said.join('\n')}`,
    )
  const ask = async (socket: TLSSocket, token?: string) => {
    const authorization = token === undefined ? [] : [`Bearer ${token}`]
    try {
      return (await authenticator.authenticate({ authorization, socket })).issuer
    } catch (error) {
      return (error as Refusal).reason
    }
  }
  return { tls, authenticator, said, ended, told, ask }
}

const staff = (settings: Readonly<Record<string, unknown>> = {}) =>
  certificateIssuer({ authorities: at('authorities.pem'), ...settings })

describe.each<TlsVersion>(['TLSv1.2', 'TLSv1.3'])('over %s', (version) => {
  it('T124 a certificate in a new revocation list is refused, resumed too, and its open connection is ended', async () => {
    putAuthorities(root)
    put('crl.pem', listOf(root))
    const { tls, ask, ended, told } = await createScene({ staff: staff({ crl: at('crl.pem') }) }, version)
    const [bad, good] = [client(root), client(root)]
    const first = await tls.connect([bad])
    const stays = await tls.connect([good])
    expect([await ask(first.socket), await ask(stays.socket)]).toEqual(['staff', 'staff'])
    put('crl.pem', listOf(root, [bad]))
    await told('revoked certificates: 1')
    expect(ended.map(({ socket, refusal }) => [socket === first.socket, refusal.reason])).toEqual([
      [true, 'certificate-revoked'],
    ])
    expect(ended[0]?.refusal.message).toBe(
      'the client certificate was revoked on 2026-01-02T03:04:05.000Z (keyCompromise)',
    )
    const resumed = await tls.connect([], first.session)
    expect([resumed.socket.isSessionReused(), resumed.socket.authorized]).toEqual([true, true])
    expect(await ask(resumed.socket)).toBe('certificate-revoked')
    expect(await ask((await tls.connect([bad])).socket)).toBe('certificate-revoked')
    expect([await ask(first.socket), await ask(stays.socket)]).toEqual(['certificate-revoked', 'staff'])
  })

  it('T124 an authority is rotated with overlap: both are taken, then the old one and what it let in is not', async () => {
    const [old, fresh] = [root, other]
    putAuthorities(old)
    const { tls, ask, ended, said, told } = await createScene({ staff: staff() }, version)
    const before = await tls.connect([client(old)])
    expect(await ask(before.socket)).toBe('staff')
    expect(await ask((await tls.connect([client(fresh)])).socket)).toBe('certificate-untrusted')
    putAuthorities(old, fresh)
    await told('authorities: 2')
    const after = await tls.connect([client(fresh)])
    expect([await ask(before.socket), await ask(after.socket)]).toEqual(['staff', 'staff'])
    expect(ended).toEqual([])
    putAuthorities(fresh)
    await told('authorities: 1')
    expect(ended.map(({ socket }) => socket === before.socket)).toEqual([true])
    const resumed = await tls.connect([], before.session)
    expect(resumed.socket.isSessionReused()).toBe(true)
    expect([await ask(resumed.socket), await ask(after.socket)]).toEqual(['certificate-untrusted', 'staff'])
    expect(said).toHaveLength(2)
  })
})

describe('revocation lists', () => {
  it('of a folder are all read, and one that is added counts', async () => {
    putAuthorities(root, other)
    put('crls/root.pem', listOf(root))
    put('crls/other.pem', listOf(other))
    const { tls, ask, ended, told } = await createScene({ staff: staff({ crl: at('crls') }) })
    const [bad, good] = [client(other), client(root)]
    const [first, stays] = [await tls.connect([bad]), await tls.connect([good])]
    expect([await ask(first.socket), await ask(stays.socket)]).toEqual(['staff', 'staff'])
    put('crls/other-2.pem', listOf(other, [bad]))
    await told('revoked certificates: 1')
    expect(ended.map(({ refusal }) => refusal.reason)).toEqual(['certificate-revoked'])
    expect([await ask(first.socket), await ask(stays.socket)]).toEqual(['certificate-revoked', 'staff'])
  })

  it('of several files and folders are read', async () => {
    putAuthorities(root, other)
    put('root.pem', listOf(root))
    const bad = client(other)
    put('crls/other.pem', listOf(other, [bad]))
    const { tls, ask } = await createScene({ staff: staff({ crl: [at('root.pem'), at('crls')] }) })
    expect(await ask((await tls.connect([client(root)])).socket)).toBe('staff')
    expect(await ask((await tls.connect([bad])).socket)).toBe('certificate-revoked')
  })

  it('T127 count by their number, not by their place: an old one takes nothing back', async () => {
    putAuthorities(root)
    const bad = client(root)
    const old = listOf(root)
    put('crls/a.pem', old)
    put('crls/b.pem', listOf(root, [bad]))
    put('crls/c.pem', old)
    const { tls, ask } = await createScene({ staff: staff({ crl: at('crls') }) })
    expect(await ask((await tls.connect([bad])).socket)).toBe('certificate-revoked')
  })

  it('that are not signed by the authority are none of it', async () => {
    putAuthorities(root)
    const impostor = authority('root')
    put('crls/a.pem', listOf(root))
    const good = client(root)
    put('crls/b.pem', listOf(impostor, [good]))
    const { tls, ask } = await createScene({ staff: staff({ crl: at('crls') }) })
    expect(await ask((await tls.connect([good])).socket)).toBe('staff')
  })

  it('fail closed: without one of its authority a certificate is refused, and an open connection ended', async () => {
    putAuthorities(root)
    put('crls/root.pem', listOf(root))
    const { tls, authenticator, ask, ended, told } = await createScene({ staff: staff({ crl: at('crls') }) })
    const { socket } = await tls.connect([client(root)])
    expect(await ask(socket)).toBe('staff')
    put('crls/other.pem', listOf(other))
    unlinkSync(at('crls/root.pem'))
    await told('changed files are in use')
    expect(ended.map(({ refusal }) => refusal.reason)).toEqual(['certificate-untrusted'])
    const { message } = await refused(() => authenticator.authenticate({ authorization: [], socket }))
    expect(message).toContain('issuers.staff cannot take it: there is no revocation list of "CN=root"')
  })

  it('fail closed: one that has run out lets nobody in, and what it revoked stays revoked', async () => {
    putAuthorities(root)
    const bad = client(root)
    const nextUpdate = new Date(Math.ceil(Date.now() / 1000) * 1000 + HOUR / 2)
    put('crl.pem', listOf(root, [bad], { nextUpdate }))
    let now = Date.now()
    const scene = await createScene({ staff: staff({ crl: at('crl.pem') }) }, 'TLSv1.3', () => now)
    const { tls, authenticator, ask } = scene
    expect(await ask((await tls.connect([client(root)])).socket)).toBe('staff')
    now = nextUpdate.getTime()
    const { socket } = await tls.connect([client(root)])
    const { reason, message } = await refused(() => authenticator.authenticate({ authorization: [], socket }))
    expect(reason).toBe('certificate-untrusted')
    expect(message).toContain(`a newer revocation list was due on ${nextUpdate.toISOString()}`)
    expect(await ask((await tls.connect([bad])).socket)).toBe('certificate-revoked')
  })

  it('of a root revoke an intermediate authority, also one that is configured itself', async () => {
    putAuthorities(intermediate, root)
    put('crls/intermediate.pem', listOf(intermediate))
    put('crls/root.pem', listOf(root))
    const { tls, ask, ended, told } = await createScene({ staff: staff({ crl: at('crls') }) })
    const { socket } = await tls.connect([client(intermediate), intermediate])
    expect(await ask(socket)).toBe('staff')
    put('crls/root.pem', listOf(root, [intermediate]))
    await told('revoked certificates: 1')
    expect(ended.map(({ refusal }) => refusal.message)).toEqual([
      expect.stringContaining('comes from an authority that was revoked'),
    ])
  })

  it('of one issuer speak for every issuer whose authority has signed the certificate', async () => {
    putAuthorities(root)
    const bad = client(root)
    put('crl.pem', listOf(root, [bad]))
    const { tls, ask } = await createScene({ lax: staff(), strict: staff({ crl: at('crl.pem'), san: { dns: 'x' } }) })
    expect(await ask((await tls.connect([client(root)])).socket)).toBe('lax')
    expect(await ask((await tls.connect([bad])).socket)).toBe('certificate-revoked')
  })
})

describe('a connection that was let in with a token', () => {
  const signers = createSigner()
  const withToken = async (
    scene: (issuers: Issuers) => Promise<Scene>,
    settings: Readonly<Record<string, unknown>>,
  ) => {
    const signer = await signers
    const issuers = { staff: staff(settings), local: jwtIssuer({ publicKey: put('token.pem', signer.pem) }) }
    return { ...(await scene(issuers)), token: await signer.sign() }
  }

  it('is ended when the certificate beside the token is revoked, which is no evidence any more', async () => {
    putAuthorities(root)
    put('crl.pem', listOf(root))
    const { tls, authenticator, ask, ended, told, token } = await withToken(createScene, { crl: at('crl.pem') })
    const bad = client(root)
    const { socket } = await tls.connect([bad])
    expect(await ask(socket, token)).toBe('local')
    put('crl.pem', listOf(root, [bad]))
    await told('revoked certificates: 1')
    expect(ended.map(({ refusal }) => refusal.reason)).toEqual(['certificate-revoked'])
    const authorization = [`Bearer ${token}`]
    const principal = await authenticator.authenticate({ authorization, socket: (await tls.connect([bad])).socket })
    expect(principal.certificate).toBeNull()
  })

  it('stays when the certificate beside the token is no issuer’s any more', async () => {
    putAuthorities(root)
    const { tls, ask, ended, told, token } = await withToken(createScene, {})
    const { socket } = await tls.connect([client(root)])
    expect(await ask(socket, token)).toBe('local')
    putAuthorities(other)
    await told('changed files are in use')
    expect(ended).toEqual([])
    expect([await ask(socket, token), await ask(socket)]).toEqual(['local', 'certificate-untrusted'])
  })
})

describe('connections', () => {
  it('are ended only when they were let in, and are still there', async () => {
    putAuthorities(root)
    const { tls, ask, ended, told } = await createScene({ staff: staff() })
    const refusedBefore = await tls.connect([client(other)])
    const neverAsked = await tls.connect([client(root)])
    const gone = await tls.connect([client(root)])
    expect([await ask(refusedBefore.socket), await ask(gone.socket)]).toEqual(['certificate-untrusted', 'staff'])
    const closed = new Promise((resolve) => gone.socket.once('close', resolve))
    gone.socket.destroy()
    await closed
    putAuthorities(other)
    await told('changed files are in use')
    expect(ended).toEqual([])
    expect([await ask(refusedBefore.socket), await ask(neverAsked.socket)]).toEqual(['staff', 'certificate-untrusted'])
  })

  it('are ended when their certificate is of another issuer now', async () => {
    putAuthorities(root)
    put('guests.pem', other.certificate)
    const guests = certificateIssuer({ authorities: at('guests.pem') })
    const { tls, ask, ended, told } = await createScene({ guests, staff: staff() })
    const { socket } = await tls.connect([client(root)])
    expect(await ask(socket)).toBe('staff')
    put('guests.pem', root.certificate)
    await told('issuers.guests.certificate: its changed files')
    expect(ended.map(({ refusal }) => refusal.message)).toEqual(['the client certificate is one of another issuer now'])
    expect(await ask(socket)).toBe('guests')
  })

  it('are left alone when the authenticator is closed', async () => {
    putAuthorities(root)
    const { tls, authenticator, ask, ended } = await createScene({ staff: staff() })
    const { socket } = await tls.connect([client(root)])
    expect(await ask(socket)).toBe('staff')
    authenticator.close()
    const other = await createScene({ staff: staff() })
    put('authorities.pem', client(root).certificate + intermediate.certificate)
    await other.told('changed files are in use')
    expect(ended).toEqual([])
  })
})

describe('a file that is broken', () => {
  it('T129 leaves the authorities as they were, says so, and counts when it is whole', async () => {
    putAuthorities(root)
    const { tls, ask, ended, told } = await createScene({ staff: staff() })
    const before = await tls.connect([client(root)])
    expect(await ask(before.socket)).toBe('staff')
    put('authorities.pem', other.certificate.slice(0, 200))
    await told('issuers.staff.certificate.authorities: ')
    await told('what was read of it before stays in force')
    expect([await ask(before.socket), ended]).toEqual(['staff', []])
    putAuthorities(root, other)
    await told('authorities: 2')
    expect(await ask((await tls.connect([client(other)])).socket)).toBe('staff')
  })

  it('T129 among the lists keeps what it said before, and does not keep the others from counting', async () => {
    putAuthorities(root, other)
    const [mine, theirs] = [client(root), client(other)]
    put('crls/root.pem', listOf(root, [mine]))
    put('crls/other.pem', listOf(other))
    const { tls, ask, ended, told } = await createScene({ staff: staff({ crl: at('crls') }) })
    const { socket } = await tls.connect([theirs])
    expect(await ask(socket)).toBe('staff')
    put('crls/root.pem', listOf(root).slice(0, 100))
    put('crls/other.pem', listOf(other, [theirs]))
    await told('issuers.staff.certificate.crl: ')
    expect(ended.map(({ refusal }) => refusal.reason)).toEqual(['certificate-revoked'])
    expect(await ask((await tls.connect([mine])).socket)).toBe('certificate-revoked')
  })

  it('T129 that is gone is as one that is broken', async () => {
    putAuthorities(root)
    const bad = client(root)
    put('crl.pem', listOf(root, [bad]))
    const { tls, ask, told } = await createScene({ staff: staff({ crl: at('crl.pem') }) })
    unlinkSync(at('crl.pem'))
    await told('crl.pem does not exist')
    expect(await ask((await tls.connect([bad])).socket)).toBe('certificate-revoked')
    expect(await ask((await tls.connect([client(root)])).socket)).toBe('staff')
  })

  it.each([
    ['a list that is none', () => put('crl.pem', 'hello'), 'crl.pem holds no revocation list'],
    ['a file that is not there', () => '', 'crl.pem does not exist'],
  ])('such as %s keeps the gate from starting', async (_what, make, message) => {
    putAuthorities(root)
    make()
    await expect(createAuthenticator({ staff: staff({ crl: at('crl.pem') }) })).rejects.toThrow(message)
  })
})
