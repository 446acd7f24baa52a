import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { createAuthenticator } from '../../src/identity/authenticate.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { createWatch } from '../support/wire.ts'
import { bearer, createSigner, type Issuers, jwtIssuer, refusalOf, type Signer } from './fixture.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Puts a file in place as one step. */
function put(name: string, content: string): string {
  writeFileSync(at(`.${name}`), content)
  renameSync(at(`.${name}`), at(name))
  return at(name)
}

const setOf = (...signers: readonly Signer[]) => JSON.stringify({ keys: signers.map(({ jwk }) => jwk) })

async function start(issuers: Issuers) {
  const watch = createWatch()
  const said: string[] = []
  const authenticator = await createAuthenticator(issuers, {
    warn: (line) => {
      said.push(line)
      watch.changed()
    },
  })
  onTestFinished(() => authenticator.close())
  const told = (text: string) =>
    watch.until(
      () => said.some((line) => line.includes(text)),
      10_000,
      () => `${text}; said: ${said.join('\n')}`,
    )
  const accepts = async (token: string) => (await authenticator.authenticate(bearer(token))).subject === 'ci'
  return { authenticator, said, told, accepts, state: () => authenticator.issuers().tokens[0] }
}

it('takes a key that is put into a JWKS file, and no longer one that is taken out, known tokens included', async () => {
  const [one, two] = [await createSigner('ES256', 'one'), await createSigner('ES256', 'two')]
  const { authenticator, told, accepts } = await start({ idp: jwtIssuer({ jwksFile: put('keys.json', setOf(one)) }) })
  const tokens = [await one.sign(), await two.sign()] as const
  expect(await accepts(tokens[0])).toBe(true)
  expect((await refusalOf(authenticator, tokens[1])).reason).toBe('token-key-unknown')
  put('keys.json', setOf(two))
  await told('as it is now are in use')
  expect(await accepts(tokens[1])).toBe(true)
  expect((await refusalOf(authenticator, tokens[0])).reason).toBe('token-key-unknown')
})

it.each([
  ['half written', '{"keys":['],
  ['of a private key', '{"keys":[{"kty":"OKP","d":"x"}]}'],
  ['without keys', '{"keys":[]}'],
  ['gone', null],
])('keeps the last good keys when the JWKS file is %s, says so, and takes the next good one', async (_, content) => {
  const [one, two] = [await createSigner('ES256', 'one'), await createSigner('ES256', 'two')]
  const file = put('keys.json', setOf(one))
  const { told, accepts, state } = await start({ idp: jwtIssuer({ jwksFile: file }) })
  const before = state()?.had
  if (content === null) unlinkSync(file)
  else put('keys.json', content)
  await told('the keys that were read of it before stay in force')
  expect(await accepts(await one.sign())).toBe(true)
  expect(state()).toMatchObject({ name: 'idp', had: before, failing: { why: expect.stringContaining('keys.json') } })
  put('keys.json', setOf(two))
  await told('as it is now are in use')
  expect(state()).toMatchObject({ failing: null })
  expect(await accepts(await two.sign())).toBe(true)
})

it('follows a PEM file, and keeps the last key when the next fits no algorithm of the issuer', async () => {
  const [one, two, ed] = [await createSigner(), await createSigner(), await createSigner('EdDSA')]
  const settings = { publicKey: put('key.pem', one.pem), algorithms: ['ES256'] }
  const { authenticator, told, accepts } = await start({ idp: jwtIssuer(settings) })
  put('key.pem', ed.pem)
  await told('fits none')
  expect(await accepts(await one.sign())).toBe(true)
  put('key.pem', two.pem)
  await told('as it is now are in use')
  expect(await accepts(await two.sign())).toBe(true)
  expect((await refusalOf(authenticator, await one.sign())).reason).toBe('token-signature')
})

it('fetches keys again at once by a new file of authorities, and keeps the last good authorities', async () => {
  const signer = await createSigner('ES256', 'one')
  const authority = (name: string) => makeTestCertificate({ subject: [{ CN: name }], ca: true })
  const [right, wrong] = [authority('right'), authority('wrong')]
  const usages = ['1.3.6.1.5.5.7.3.1']
  const own = makeTestCertificate({ subject: [{ CN: 'keys' }], issuer: right, dns: ['localhost'], usages })
  const server = https.createServer({ cert: own.certificate, key: own.key }, (_, response) => {
    response.end(setOf(signer))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const jwksUri = `https://localhost:${(server.address() as AddressInfo).port}/keys`
  const settings = { jwksUri, ca: put('ca.pem', wrong.certificate) }
  const { told, accepts, state } = await start({ idp: jwtIssuer(settings) })
  await told('cannot be had')
  put('ca.pem', 'not a certificate')
  await told('what was read of it before stays in force')
  put('ca.pem', right.certificate)
  await told("the issuer's keys can be had again")
  await vi.waitFor(() => expect(state()).toMatchObject({ had: expect.any(Number), failing: null }))
  expect(await accepts(await signer.sign())).toBe(true)
})
