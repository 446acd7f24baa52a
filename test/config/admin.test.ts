import { afterEach, beforeEach, expect, it } from 'vitest'
import { describe } from '../../src/policy/describe.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { createWorkspace, SOUND, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(() => {
  workspace = createWorkspace()
})
afterEach(() => workspace.remove())

const ALLOW = '[{ issuer: local, pages: [metrics] }]'
const admin = (listener: string) => `${SOUND.join('\n')}\nadmin: { socket: admin.sock, listener: ${listener} }\n`
const problems = (listener: string) => workspace.problems(admin(listener))

it('takes a listener on loopback without TLS, and one elsewhere with TLS, whose paths it makes absolute', () => {
  expect(problems(`{ address: 127.0.0.1:9323, allow: ${ALLOW} }`)).toEqual([])
  const { certificate, key } = makeTestCertificate({ subject: [{ CN: 'x' }] })
  workspace.write('a.crt', certificate)
  workspace.write('a.key', key)
  const loaded = workspace.load(
    admin(`{ address: '0.0.0.0:9323', tls: { certificate: a.crt, key: a.key }, allow: ${ALLOW} }`),
  )
  expect(loaded.config.admin?.listener?.tls?.key).toBe(`${workspace.directory}/a.key`)
  expect(loaded.config.admin?.socket).toBe(`${workspace.directory}/admin.sock`)
})

it.each([
  ['no entry', '{ address: 127.0.0.1:1, allow: [] }', 'admin.listener.allow: must have at least one entry'],
  ['no "allow"', '{ address: 127.0.0.1:1 }', 'admin.listener.allow: is missing'],
  // T131
  ['plain TCP beyond loopback', `{ address: '0.0.0.0:1', allow: ${ALLOW} }`, 'in the clear: add tls'],
  ['a unix socket', `{ address: 'unix:///a.sock', allow: ${ALLOW} }`, 'which admin.socket is already'],
  ['what is no address', `{ address: here, allow: ${ALLOW} }`, 'admin.listener.address: "here" is no address'],
  ["a listener's address", `{ address: '127.0.0.1:2375', allow: ${ALLOW} }`, 'listeners[0] listens there already'],
  [
    'an unknown issuer',
    '{ address: 127.0.0.1:1, allow: [{ issuer: lokal, pages: [metrics] }] }',
    'admin.listener.allow[0].issuer: no issuer "lokal"; did you mean "local"?',
  ],
  [
    'an unknown page',
    '{ address: 127.0.0.1:1, allow: [{ issuer: local, pages: [metric] }] }',
    'admin.listener.allow[0].pages[0]: "metric"',
  ],
  [
    'no page',
    '{ address: 127.0.0.1:1, allow: [{ issuer: local, pages: [] }] }',
    'admin.listener.allow[0].pages: must have at least one entry',
  ],
  [
    'a condition that is none',
    '{ address: 127.0.0.1:1, allow: [{ issuer: local, when: subjekt == "a", pages: [metrics] }] }',
    'admin.listener.allow[0].when',
  ],
  [
    'files that are not there',
    `{ address: 127.0.0.1:1, tls: { certificate: a.crt, key: a.key }, allow: ${ALLOW} }`,
    'admin.listener.tls.certificate: ',
  ],
  ['an unknown key', `{ adress: 127.0.0.1:1, allow: ${ALLOW} }`, 'unknown key "adress"; did you mean "address"?'],
])('refuses %s', (_, listener, message) => {
  expect(problems(listener).join('\n')).toContain(message)
})

it('is described with who may see what', () => {
  const loaded = workspace.load(
    admin('{ address: 127.0.0.1:9323, allow: [{ issuer: local, when: \'subject == "a"\', pages: [metrics, ready] }] }'),
  )
  expect(describe(loaded).admin).toEqual({
    socket: `${workspace.directory}/admin.sock`,
    listener: {
      address: '127.0.0.1:9323',
      tls: false,
      allow: [{ issuer: 'local', when: 'subject == "a"', pages: ['metrics', 'ready'] }],
    },
  })
})

it('refuses an entry that is open to everybody in the world', () => {
  const text = admin('{ address: 127.0.0.1:1, allow: [{ issuer: github, pages: [metrics] }] }').replace(
    'roles:',
    '  github: {jwt: {preset: github-actions, audience: x}}\nroles:',
  )
  expect(workspace.problems(text).join('\n')).toContain('admin.listener.allow[0]: https://token.actions')
})

it('takes an issuer that only the admin listener names for one that is used', () => {
  const text = admin('{ address: 127.0.0.1:1, allow: [{ issuer: prom, pages: [metrics] }] }').replace(
    'roles:',
    '  prom: {jwt: {issuer: prom, audience: x, publicKey: local.pub}}\nroles:',
  )
  expect(workspace.load(text).warnings).toEqual([])
})
