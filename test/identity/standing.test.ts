import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createPathFinder } from '../../src/identity/authorities.ts'
import { readCertificate } from '../../src/identity/certificate.ts'
import { type CertificateIssuer, createAttribution } from '../../src/identity/standing.ts'
import { Refusal } from '../../src/refusal.ts'
import { type CertificateWish, type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'

const MINUTE = 60_000
const ca = (name: string, issuer?: MadeCertificate, wish: Partial<CertificateWish> = {}) =>
  makeTestCertificate({ subject: [{ CN: name }], ca: true, ...(issuer ? { issuer } : {}), ...wish })
const leafOf = (issuer: MadeCertificate) => makeTestCertificate({ subject: [{ CN: 'ops' }], issuer })
const read = ({ certificate }: MadeCertificate) => new X509Certificate(certificate)

const issuerOf = (wish: Partial<CertificateIssuer>): CertificateIssuer => ({
  name: 'staff',
  authorities: [],
  depth: 8,
  rules: [],
  isSpiffe: false,
  revocation: null,
  ...wish,
})

const root = ca('root')

/** Who stands behind a leaf, given what is presented with it; null when nobody does. */
function createStanding(...issuers: readonly (readonly [string, ...MadeCertificate[]])[]) {
  const standingOf = createAttribution()
  const configured = issuers.map(([name, ...authorities]) => issuerOf({ name, authorities: authorities.map(read) }))
  return (leaf: MadeCertificate, presented: readonly MadeCertificate[] = [], now = Date.now()) => {
    const certificate = read(leaf)
    try {
      const { issuer, notAfter } = standingOf(
        configured,
        certificate,
        readCertificate(certificate),
        presented.map(read),
        now,
      )
      return { issuer: issuer.name, notAfter }
    } catch (error) {
      if (error instanceof Refusal && error.reason === 'certificate-untrusted') return null
      throw error
    }
  }
}

describe('who stands behind a certificate', () => {
  it('finds a path through several intermediates in any order', () => {
    const upper = ca('upper', root)
    const lower = ca('lower', upper)
    expect(createStanding(['staff', root])(leafOf(lower), [upper, lower])).toMatchObject({ issuer: 'staff' })
    expect(createStanding(['staff', root])(leafOf(lower), [root, lower, ca('stray'), upper])).toMatchObject({
      issuer: 'staff',
    })
  })

  it('finds no path through a certificate that is no authority, though its key has signed', () => {
    for (const keyUsage of [true, false]) {
      const pretender = makeTestCertificate({ subject: [{ CN: 'pretender' }], issuer: root, keyUsage })
      expect(createStanding(['staff', root])(leafOf(pretender), [pretender])).toBeNull()
    }
  })

  it('finds no path through an intermediate of the right name and another key', () => {
    const impostor = ca('intermediate')
    const genuine = ca('intermediate', root)
    expect(createStanding(['staff', root])(leafOf(impostor), [genuine])).toBeNull()
    expect(createStanding(['staff', root])(leafOf(impostor), [genuine, impostor])).toBeNull()
  })

  it('finds no path through an authority or intermediate that has expired, or is not valid yet', () => {
    const soon = { notBefore: new Date(Date.now() + MINUTE) }
    const past = { notAfter: new Date(Date.now() - MINUTE) }
    for (const wish of [soon, past]) {
      const intermediate = ca('intermediate', root, wish)
      expect(createStanding(['staff', root])(leafOf(intermediate), [intermediate])).toBeNull()
      const authority = ca('authority', undefined, wish)
      expect(createStanding(['staff', authority])(leafOf(authority))).toBeNull()
    }
  })

  it('ends with what ends first on the path', () => {
    const end = new Date(Math.ceil(Date.now() / 1000) * 1000 + MINUTE)
    const intermediate = ca('intermediate', root, { notAfter: end })
    expect(createStanding(['staff', root])(leafOf(intermediate), [intermediate])).toEqual({
      issuer: 'staff',
      notAfter: end.getTime(),
    })
  })

  it('remembers an intermediate that it has proved, and none that it has not', () => {
    const proved = ca('proved', root)
    const stray = ca('stray')
    const standingOf = createStanding(['staff', root])
    expect(standingOf(leafOf(proved))).toBeNull()
    standingOf(leafOf(proved), [proved, stray])
    expect(standingOf(leafOf(proved))).toMatchObject({ issuer: 'staff' })
    expect(standingOf(leafOf(stray))).toBeNull()
  })

  it('T127 does not forget it for the many that a client may present', () => {
    const proved = ca('proved', root)
    const standingOf = createStanding(['staff', root])
    const strays = Array.from({ length: 300 }, (_, index) => ca(`stray${index}`, undefined, { key: root.key }))
    standingOf(leafOf(proved), [proved, ...strays])
    expect(standingOf(leafOf(proved))).toMatchObject({ issuer: 'staff' })
  })

  it('does not take a remembered intermediate for another issuer', () => {
    const other = ca('other')
    const intermediate = ca('intermediate', other)
    const standingOf = createStanding(['staff', root], ['guests', other])
    const leaf = leafOf(intermediate)
    expect(standingOf(leaf, [intermediate])).toMatchObject({ issuer: 'guests' })
    expect(standingOf(leaf)).toMatchObject({ issuer: 'guests' })
  })

  it('comes to an end when authorities have signed each other', () => {
    const one = ca('one')
    const two = ca('two', one)
    const oneByTwo = ca('one', two, { key: one.key })
    expect(createStanding(['staff', root])(leafOf(two), [two, oneByTwo, one])).toBeNull()
  })

  it('looks no further than eight intermediates', () => {
    const chain = [ca('c0', root)]
    for (let index = 1; index < 10; index += 1) chain.push(ca(`c${index}`, chain[index - 1]))
    const standingOf = (length: number) =>
      createStanding(['staff', root])(leafOf(chain[length - 1] ?? root), chain.slice(0, length))
    expect(standingOf(8)).toMatchObject({ issuer: 'staff' })
    expect(standingOf(9)).toBeNull()
  })

  it('finds the shortest path: a detour does not make a certificate too deep', () => {
    const upper = ca('upper', root)
    const lower = ca('lower', upper)
    const direct = ca('lower', root, { key: lower.key })
    const leaf = leafOf(lower)
    for (const presented of [
      [lower, upper, direct],
      [direct, upper, lower],
    ]) {
      expect(pathLength({ depth: 1 }, leaf, presented)).toBe(3)
    }
  })

  it('looks no further than the depth of the issuer', () => {
    const upper = ca('upper', root)
    const lower = ca('lower', upper)
    expect(pathLength({ depth: 0 }, leafOf(root), [])).toBe(2)
    expect(pathLength({ depth: 0 }, leafOf(upper), [upper])).toBeNull()
    expect(pathLength({ depth: 1 }, leafOf(upper), [upper])).toBe(3)
    expect(pathLength({ depth: 1 }, leafOf(lower), [lower, upper])).toBeNull()
    expect(pathLength({ depth: 2 }, leafOf(lower), [lower, upper])).toBe(4)
  })

  it('T124 finds no path through an authority that is not for clients', () => {
    const servers = ca('servers', root, { usages: ['1.3.6.1.5.5.7.3.1'] })
    const clients = ca('clients', root, { usages: ['1.3.6.1.5.5.7.3.2'] })
    const any = ca('any', root, { usages: ['2.5.29.37.0'] })
    expect(pathLength({}, leafOf(servers), [servers])).toBeNull()
    expect(pathLength({}, leafOf(clients), [clients])).toBe(3)
    expect(pathLength({}, leafOf(any), [any])).toBe(3)
    expect(pathLength({ authorities: [read(servers)] }, leafOf(servers), [])).toBeNull()
  })
})

/** How many certificates are on the path, leaf and authority included; null when there is none. */
function pathLength(wish: Partial<CertificateIssuer>, leaf: MadeCertificate, presented: readonly MadeCertificate[]) {
  const issuer = issuerOf({ authorities: [read(root)], ...wish })
  return createPathFinder()(issuer, read(leaf), presented.map(read), Date.now())?.length ?? null
}

describe('an issuer with rules', () => {
  const problem = (text: string) => () => text
  const ask = (...issuers: readonly Partial<CertificateIssuer>[]) => {
    const leaf = read(leafOf(root))
    const configured = issuers.map((wish) => issuerOf({ authorities: [read(root)], ...wish }))
    return createAttribution()(configured, leaf, readCertificate(leaf), [], Date.now()).issuer.name
  }

  it('is passed over for the next one when a rule does not take the certificate', () => {
    expect(ask({ name: 'a', rules: [() => null, problem('says no')] }, { name: 'b', rules: [() => null] })).toBe('b')
  })

  it('refuses with what each issuer has against the certificate', () => {
    expect(() => ask({ name: 'a', rules: [problem('says no')] }, { name: 'b', rules: [problem('too')] })).toThrow(
      'the client certificate fits no issuer: issuers.a says no; issuers.b too',
    )
  })

  it('is passed over when nobody can tell whether the certificate is revoked', () => {
    const unknown = { kind: 'unknown', why: 'cannot tell' } as const
    expect(ask({ name: 'a', revocation: () => unknown }, { name: 'b' })).toBe('b')
    expect(() => ask({ name: 'a', revocation: () => unknown })).toThrow('issuers.a cannot tell')
  })
})
