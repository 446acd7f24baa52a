import { X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { beforeEach, expect, it } from 'vitest'
import { clientPaths, statePaths, typed } from '../../src/cli/paths.ts'
import { makeClients } from '../../src/cli/start-clients.ts'
import { keepLeaf, makeSecrets, readAuthority, readTokenKey } from '../../src/cli/state.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import { publicTokenKey, signToken } from '../../src/pki/token.ts'
import { temporaryFolder } from '../pki/folder.ts'

const DAY = 24 * 60 * 60 * 1000

let folder: string
let paths: ReturnType<typeof statePaths>

beforeEach(() => {
  folder = temporaryFolder()
  chmodSync(folder, 0o700)
  paths = statePaths(folder)
})

const text = (path: string) => readFileSync(path, 'utf8')
const leafFiles = () => ({ certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })

function keep(issueOptions: { days?: number; notBefore?: Date } = {}): boolean {
  return keepLeaf(leafFiles(), readAuthority(folder), (options) =>
    readAuthority(folder).issueServer({ names: ['localhost'], ...issueOptions, ...options }),
  )
}

it('keeps a certificate that is good for long', () => {
  makeSecrets(folder)
  expect(keep()).toBe(true)
  const before = text(leafFiles().certificate)
  expect(keep()).toBe(false)
  expect(text(leafFiles().certificate)).toBe(before)
})

it.each([
  ['near its end', { days: 29 }],
  ['past its end', { days: 1, notBefore: new Date(Date.now() - 2 * DAY) }],
])('renews a certificate that is %s, for the same key', (_when, options) => {
  makeSecrets(folder)
  keep(options)
  const key = text(leafFiles().key)
  expect(keep()).toBe(true)
  expect(text(leafFiles().key)).toBe(key)
  expect(Date.parse(new X509Certificate(text(leafFiles().certificate)).validTo)).toBeGreaterThan(Date.now() + 300 * DAY)
})

it('goes on where a start was broken off between a key and its certificate', () => {
  makeSecrets(folder)
  keep()
  const keys = [text(paths.authorityKey), text(leafFiles().key)]
  rmSync(paths.authority)
  makeSecrets(folder)
  expect(keep()).toBe(false)
  rmSync(leafFiles().certificate)
  expect(keep()).toBe(true)
  expect([text(paths.authorityKey), text(leafFiles().key)]).toEqual(keys)
})

it('leaves a certificate of another authority as it is, and says what to do', () => {
  makeSecrets(folder)
  const foreign = createAuthority().issueServer({ names: ['localhost'] })
  writeFileSync(leafFiles().certificate, foreign.certificate)
  writeFileSync(leafFiles().key, foreign.key, { mode: 0o600 })
  expect(() => keep()).toThrow(/not of the authority in this folder; remove it/)
  expect([text(leafFiles().certificate), text(leafFiles().key)]).toEqual([foreign.certificate, foreign.key])
})

it('says which half is missing or does not fit', () => {
  makeSecrets(folder)
  keep()
  const { key } = readAuthority(folder).issueClient({ name: 'other' })
  writeFileSync(leafFiles().key, key)
  expect(() => keep()).toThrow(/key\.pem does not belong to .*cert\.pem/)
  rmSync(leafFiles().key)
  expect(() => keep()).toThrow(/key\.pem is missing beside/)
  rmSync(paths.authorityKey)
  expect(() => makeSecrets(folder)).toThrow(/ca-key\.pem is missing beside .*ca\.pem/)
})

it('makes the public half again when the token key is a new one', () => {
  makeSecrets(folder)
  rmSync(paths.tokenKey)
  expect(makeSecrets(folder)).toEqual([paths.tokenKey])
  expect(text(paths.tokenPublicKey)).toBe(publicTokenKey(readTokenKey(folder)))
})

it('names the way out when there is no state', () => {
  const none = join(folder, 'none')
  expect(() => readAuthority(none)).toThrow(`"dockgate cert ca --state ${none}" makes one`)
  expect(() => readTokenKey(none)).toThrow(`"dockgate start --state ${none}" makes one`)
})

const ciConfig = () => join(folder, 'clients', 'ci', 'config.json')
const ciToken = () => String(JSON.parse(text(ciConfig())).HttpHeaders.Authorization).replace('Bearer ', '')

it('gives the ci client a token of twelve hours, and keeps it while it is good', async () => {
  makeSecrets(folder)
  await makeClients(folder)
  const token = ciToken()
  const { exp = 0, iat = 0, role } = decodeJwt(token)
  expect([exp - iat, role]).toEqual([12 * 60 * 60, 'ci'])
  await makeClients(folder)
  expect(ciToken()).toBe(token)
})

it('renews an expired token, and leaves what else the docker client keeps in its configuration', async () => {
  makeSecrets(folder)
  await makeClients(folder)
  const request = { subject: 'local ci', claims: { role: 'ci' }, lifetime: 60_000, issuedAt: 1_700_000_000 }
  const { token } = await signToken(readTokenKey(folder), request)
  const kept = { auths: { 'registry.test': { auth: 'eDp5' } }, HttpHeaders: { 'X-Team': 'shop' } }
  const written = { ...kept, HttpHeaders: { ...kept.HttpHeaders, Authorization: `Bearer ${token}` } }
  writeFileSync(ciConfig(), JSON.stringify(written))
  await makeClients(folder)
  expect(decodeJwt(ciToken()).exp).toBeGreaterThan(Date.now() / 1000)
  expect(JSON.parse(text(ciConfig()))).toMatchObject(kept)
})

it('renews a token that another key signed', async () => {
  makeSecrets(folder)
  await makeClients(folder)
  const token = ciToken()
  rmSync(paths.tokenKey)
  makeSecrets(folder)
  await makeClients(folder)
  expect(ciToken()).not.toBe(token)
})

it.each(['', '[]', 'null', '{'])(
  'leaves a client configuration of %j as it is, and says what to do',
  async (content) => {
    makeSecrets(folder)
    await makeClients(folder)
    writeFileSync(ciConfig(), content)
    await expect(makeClients(folder)).rejects.toThrow(/not a docker client's configuration .*; remove it/)
    expect(text(ciConfig())).toBe(content)
  },
)

it.each([
  ['/a/b-c_1.pem', '/a/b-c_1.pem'],
  ['/a b/$c', "'/a b/$c'"],
  ["/it's", "'/it'\\''s'"],
])('writes the path %s for a shell as %s', (path, word) => {
  expect(typed(path)).toBe(word)
})

it('names client files as docker --tlsverify and --config expect them', () => {
  expect(clientPaths('/c')).toEqual({
    folder: '/c',
    authority: '/c/ca.pem',
    certificate: '/c/cert.pem',
    key: '/c/key.pem',
    config: '/c/config.json',
  })
})
