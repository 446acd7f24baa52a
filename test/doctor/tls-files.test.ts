import { afterEach, describe, expect, it } from 'vitest'
import { makeTestCertificate } from '../support/certificates.ts'
import { makeHost, removeHosts } from './host.ts'

afterEach(removeHosts)

const DAY = 86_400_000
const NOW = Date.parse('2030-01-01T00:00:00Z')
const JSON_FILE = '/etc/docker/daemon.json'
const PATHS = { tlscacert: '/pki/ca.pem', tlscert: '/pki/cert.pem', tlskey: '/pki/key.pem' }

const made = (fromDays: number, toDays: number) =>
  makeTestCertificate({
    subject: [{ CN: 'engine' }],
    notBefore: new Date(NOW + fromDays * DAY),
    notAfter: new Date(NOW + toDays * DAY),
  })

function host(leaf = made(-10, 90), keyMode = 0o600) {
  const one = makeHost({
    [JSON_FILE]: JSON.stringify({ tlsverify: true, ...PATHS }),
    '/pki/ca.pem': made(-10, 900).certificate,
    '/pki/cert.pem': leaf.certificate,
  })
  one.write('/pki/key.pem', leaf.key, keyMode)
  return one
}

describe('files of TLS', () => {
  it('have no finding when keys are private and certificates young', async () => {
    const { findings } = await host().look({ now: NOW })
    expect(findings.filter(({ where }) => where.startsWith('/pki'))).toEqual([])
  })

  it.each([
    ['everybody', 0o644, 'danger'],
    ['its group', 0o640, 'warning'],
  ])('are told of when %s may read the key', async (_, mode, severity) => {
    const found = await host(undefined, mode).find('key-mode', { now: NOW })
    expect(found).toMatchObject([{ severity, change: { run: ['chmod 0600 /pki/key.pem'] } }])
  })

  it.each([
    ['certificate-expired', -90, -1],
    ['certificate-expires', -10, 29],
    ['certificate-long', -10, 3000],
  ])('are told of: %s', async (id, from, to) => {
    expect((await host(made(from, to)).find(id, { now: NOW })).map(({ where }) => where)).toEqual(['/pki/cert.pem'])
  })

  it("are told of when the authority's key lies beside them", async () => {
    const one = host()
    one.write('/pki/ca-key.pem', made(0, 1).key, 0o600)
    expect(await one.find('authority-key-here', { now: NOW })).toHaveLength(1)
  })

  it("are told of when a system's list of authorities vouches for clients", async () => {
    const one = host()
    one.write('/pki/ca.pem', made(-10, 900).certificate.repeat(20))
    expect(await one.find('authority-bundle', { now: NOW })).toMatchObject([{ severity: 'danger' }])
  })

  it('are told of when they are missing or hold nothing', async () => {
    const one = host()
    one.write('/pki/cert.pem', 'nothing')
    one.write(JSON_FILE, JSON.stringify({ tlsverify: true, ...PATHS, tlskey: '/pki/gone.pem' }))
    expect(await one.find('certificate-broken', { now: NOW })).toHaveLength(1)
    expect(await one.find('tls-file-missing', { now: NOW })).toMatchObject([{ where: '/pki/gone.pem' }])
  })
})
