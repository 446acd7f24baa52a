import { createHmac, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { issuerSchema } from '../../src/config/issuer-schema.ts'
import type { CertificateIssuerConfig, Config, JwtIssuerConfig } from '../../src/config/schema.ts'
import type { Authenticator } from '../../src/identity/authenticate.ts'
import type { Clock } from '../../src/identity/clock.ts'
import { Refusal } from '../../src/refusal.ts'

export const ISSUER = 'https://issuer.example'
export const AUDIENCE = 'docker.example'

export type Issuers = Config['issuers']

/** An issuer's `jwt` as the configuration room makes it, defaults included. */
export function jwtIssuer(settings: Readonly<Record<string, unknown>>): { jwt: JwtIssuerConfig } {
  const { jwt } = issuerSchema.parse({ jwt: { issuer: ISSUER, audience: AUDIENCE, ...settings } })
  if (jwt === undefined) throw new Error('no jwt')
  return { jwt }
}

/** An issuer's `certificate` as the configuration room makes it, defaults included. */
export function certificateIssuer(settings: Readonly<Record<string, unknown>>): {
  certificate: CertificateIssuerConfig
} {
  const { certificate } = issuerSchema.parse({ certificate: settings })
  if (certificate === undefined) throw new Error('no certificate')
  return { certificate }
}

/** A key pair that signs tokens; the claims it is given are added to those of a good token, undefined takes one away. */
export interface Signer {
  readonly jwk: JWK
  readonly pem: string
  sign(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>
  /** Signs a payload that jose would not write. */
  signText(payload: string): Promise<string>
}

export async function createSigner(alg = 'ES256', kid?: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), ...(kid === undefined ? {} : { kid }) }
  const own = { alg, ...(kid === undefined ? {} : { kid }) }
  return {
    jwk,
    pem: await exportSPKI(publicKey),
    sign: (claims = {}, header = {}) =>
      new SignJWT(goodClaims(claims)).setProtectedHeader({ ...own, ...header }).sign(privateKey),
    signText: (payload) => new CompactSign(Buffer.from(payload)).setProtectedHeader(own).sign(privateKey),
  }
}

/** The claims of a good token with some replaced. */
export function goodClaims(claims: Readonly<Record<string, unknown>> = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000)
  return { iss: ISSUER, aud: AUDIENCE, sub: 'ci', iat: now, exp: now + 300, ...claims }
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Three parts put together by hand: header and payload as JSON (or text as it is), the signature as given. */
export function forge(header: unknown, payload: unknown = goodClaims(), signature = encode('forged')): string {
  return `${encode(header)}.${encode(payload)}.${signature}`
}

/** A token signed with HMAC, the secret being whatever an attacker can read. */
export function forgeHmac(secret: string | Buffer | KeyObject, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const input = `${encode(header)}.${encode(goodClaims())}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

export const bearer = (token: string) => ({ authorization: [`Bearer ${token}`], socket: null })

/** The refusal of a token; anything else fails the test. */
export function refusalOf(authenticator: Authenticator, token: string): Promise<Refusal> {
  return refused(() => authenticator.authenticate(bearer(token)))
}

/** The refusal that `act` throws or rejects with; anything else fails the test. */
export async function refused(act: () => unknown): Promise<Refusal> {
  try {
    await act()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** A temporary directory: `write` returns the path of the file that it wrote. */
export function createFiles(): { write(name: string, content: string): string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'dockgate-identity-'))
  return {
    write(name, content) {
      const file = join(directory, name)
      writeFileSync(file, content)
      return file
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}

/** A clock that stands still until it is told how much time has passed. */
export interface TestClock extends Clock {
  /**
   * Lets time pass, and acts at its times what was to act in it. What acts must set its next timer when it is done; that
   * is waited for.
   */
  pass(milliseconds: number): Promise<void>
  /** Time passes, and no timer acts, as on a machine that sleeps. */
  sleep(milliseconds: number): void
}

export function createClock(start = Date.now()): TestClock {
  let time = start
  let rearmed = () => {}
  const timers = new Set<{ readonly at: number; readonly act: () => void }>()
  const next = (until: number) => [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  return {
    now: () => time,
    after(milliseconds, act) {
      const timer = { at: time + milliseconds, act }
      timers.add(timer)
      rearmed()
      return () => void timers.delete(timer)
    },
    async pass(milliseconds) {
      const end = time + milliseconds
      for (let timer = next(end); timer !== undefined; timer = next(end)) {
        timers.delete(timer)
        time = timer.at
        const done = new Promise<void>((resolve) => {
          rearmed = resolve
        })
        timer.act()
        await done
        await new Promise((resolve) => setImmediate(resolve))
      }
      time = end
    },
    sleep(milliseconds) {
      time += milliseconds
    },
  }
}
