import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAttribution } from '../../src/identity/authorities.ts'
import { type CertificateWish, type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'

const MINUTE = 60_000
const ca = (name: string, issuer?: MadeCertificate, wish: Partial<CertificateWish> = {}) =>
  makeTestCertificate({ subject: [{ CN: name }], ca: true, ...(issuer ? { issuer } : {}), ...wish })
const leafOf = (issuer: MadeCertificate) => makeTestCertificate({ subject: [{ CN: 'ops' }], issuer })
const read = ({ certificate }: MadeCertificate) => new X509Certificate(certificate)

const root = ca('root')

/** Who stands behind a leaf, given what is presented with it. */
function createStanding(...issuers: readonly (readonly [string, ...MadeCertificate[]])[]) {
  const standingOf = createAttribution(
    issuers.map(([name, ...authorities]) => ({ name, authorities: authorities.map(read) })),
  )
  return (leaf: MadeCertificate, presented: readonly MadeCertificate[] = [], now = Date.now()) =>
    standingOf(read(leaf), presented.map(read), now)
}

describe('createAttribution', () => {
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
})
