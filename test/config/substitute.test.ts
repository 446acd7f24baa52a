import { chmodSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/errors.ts'
import { loadAdminSocket, loadConfig, loadRevocationSettings } from '../../src/config/load.ts'
import { createWorkspace, SOUND } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

const ENVIRONMENT = {
  ISSUER_HOST: 'tokens.internal.example',
  NUMBER: '77',
  YES: 'true',
  TEXT: '"77"',
  BROKEN: 'first\nsecond',
  QUOTED: 'x" || true || "',
  EMPTY: '',
}
const load = (lines: Readonly<Record<number, string>>, more: readonly string[] = []) => {
  const text = [...SOUND.map((line, index) => lines[index + 1] ?? line), ...more].join('\n')
  return loadConfig(workspace.write('dockgate.yaml', text), { environment: ENVIRONMENT })
}
const problems = (lines: Readonly<Record<number, string>>, more: readonly string[] = []) => {
  try {
    load(lines, more)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${workspace.directory}/`, '').split('\n')
    throw error
  }
  return []
}
const issuer = (text: string) => ({ 4: `  local: {jwt: {issuer: ${text}, audience: dockgate, publicKey: local.pub}}` })

describe('values from the environment', () => {
  it('stand for the whole of a text or a part of it', () => {
    expect(load(issuer('"https://${ISSUER_HOST}/a"')).config.issuers.local?.jwt?.issuer).toBe(
      'https://tokens.internal.example/a',
    )
  })

  it('are read as what they look like without quotes, and are text in quotes', () => {
    const listener = ['  - address: 127.0.0.1:2375', '    limits:', '      connections: ${NUMBER}'].join('\n')
    expect(load({ 2: listener }).config.listeners[0]?.limits.connections).toBe(77)
    expect(problems({ 2: listener.replace('${NUMBER}', '"${NUMBER}"') })[0]).toContain(
      'limits.connections: wants a number, not',
    )
    const role = ['  observer:', '    extends: ci-run', '    registries:', '      load: ${YES}'].join('\n')
    expect(load({ 6: role }).config.roles.observer?.registries?.load).toBe(true)
  })

  it('leave templates over claims alone, and what a further $ marks', () => {
    const more = '  - {role: observer, issuer: local, owner: "${issuer}:${claims.a}:$${NUMBER}:${NUMBER}"}'
    expect(() => load({ 8: more })).toThrow('$')
    const owner = '  - {role: observer, issuer: local, owner: "${issuer}:${claims.a}:${NUMBER}"}'
    expect(load({ 8: owner }).config.bindings[0]?.owner).toBe('${issuer}:${claims.a}:77')
  })

  it.each([
    [
      'an unset one',
      '"a ${ISSUER_HOTS}"',
      '4:25: issuers.local.jwt.issuer: the environment variable ISSUER_HOTS is not set; did you mean "ISSUER_HOST"?',
    ],
    ['an unset one, near to nothing', '"${QQQQQQ}"', 'QQQQQQ is not set; set it, or write ${NAME:-default}'],
    [
      'a malformed one',
      '"${ISSUER_HOST-x}"',
      'wants ${NAME} or ${NAME:-default} here, or $${NAME} for the text itself',
    ],
    ['one with a line break', '"${BROKEN}"', 'the value of BROKEN has a line break'],
  ])('refuses %s, and says nothing else of it', (_what, text, message) => {
    const said = problems(issuer(text))
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(message)
  })

  it('refuses a value in a condition that would end its text', () => {
    const binding = (name: string) => ({ 8: `  - {role: observer, issuer: local, when: 'claims.a == "\${${name}}"'}` })
    expect(problems(binding('QUOTED'))).toEqual([
      'dockgate.yaml:8:43: bindings[0].when: the value of QUOTED has a quote or a backslash in it, which would change the condition',
    ])
    expect(load(binding('NUMBER')).config.bindings[0]?.when).toBe('claims.a == "77"')
  })

  it('are in no message about them: what is written stands in their place', () => {
    expect(problems({ 2: '  - {address: "${ISSUER_HOST}"}' })).toEqual([
      'dockgate.yaml:2:15: listeners[0].address: "${ISSUER_HOST}" is no address: wants host:port, [IPv6]:port, unix:///absolute/path (at most 107 bytes) or fd://NAME of a socket of systemd',
    ])
  })

  it('change the hash of the file in no way', () => {
    const first = load(issuer('"${ISSUER_HOST}"'))
    const second = loadConfig(first.file, { environment: { ISSUER_HOST: 'another.example' } })
    expect(second.config).not.toEqual(first.config)
    expect(second.sha256).toBe(first.sha256)
  })
})

describe('values from files', () => {
  it('are the content without the space around it, beside the configuration or anywhere', () => {
    workspace.write('name', '  from-a-file\n')
    expect(load(issuer('file:name')).config.issuers.local?.jwt?.issuer).toBe('from-a-file')
    expect(load(issuer(`"file:${workspace.directory}/name"`)).config.issuers.local?.jwt?.issuer).toBe('from-a-file')
  })

  it('are never in a message', () => {
    workspace.write('name', 'a-secret-that-nobody-should-see-in-any-message-'.repeat(8))
    const [said = '', ...more] = problems({ 2: '  - {address: "file:name"}' })
    expect(more).toEqual([])
    expect(said).toContain('dockgate.yaml:2:15: listeners[0].address: the value of file:name does not fit here')
    expect(said).not.toContain('secret')
  })

  it.each([
    ['that is not there', 'file:gone', 'gone does not exist'],
    ['that is a folder', 'file:.', 'is not a regular file'],
    ['that is too large', 'file:large', 'large is larger than 64 KiB'],
    ['of several lines', 'file:lines', 'the content of lines has a line break or another control character in it'],
  ])('refuses one %s', (_what, text, message) => {
    workspace.write('large', 'x'.repeat(65 * 1024))
    workspace.write('lines', 'a\nb')
    expect(problems(issuer(text)).join('\n')).toContain(message)
  })

  it('refuses one that others may write', () => {
    chmodSync(workspace.write('name', 'x'), 0o622)
    expect(problems(issuer('file:name')).join('\n')).toContain(
      'name may be written by others than its owner: chmod go-w',
    )
  })

  it('are told to whoever follows the configuration', () => {
    const reads: string[] = []
    workspace.write('value', 'x')
    const file = workspace.write('dockgate.yaml', SOUND.join('\n').replace('issuer: local,', 'issuer: file:value,'))
    loadConfig(file, { reads: (path) => reads.push(path) })
    expect(reads).toEqual([file, `${workspace.directory}/value`])
  })
})

describe('commands that want one part only', () => {
  const file = () =>
    workspace.write(
      'dockgate.yaml',
      [...SOUND, 'admin: {socket: "${UNSET_A}"}', 'revocations: {file: revoked}'].join('\n'),
    )

  it('do not care for what is missing elsewhere', () => {
    expect(loadRevocationSettings(file()).file).toBe(`${workspace.directory}/revoked`)
  })

  it('say what is missing in their part', () => {
    expect(() => loadAdminSocket(file())).toThrow('the environment variable UNSET_A is not set')
  })
})

it('a file whose name comes from the environment is called what is written in the file', () => {
  const said = problems(issuer('"file:/nowhere/${ISSUER_HOST}/a"'))
  expect(said).toEqual([expect.stringContaining('file:/nowhere/${ISSUER_HOST}/a does not exist')])
})

it('a path of the environment that is too long is a problem like others, and is not shown', () => {
  const file = workspace.write('long.yaml', [...SOUND, 'ledger: {file: "${LONG}"}'].join('\n'))
  const load = () => loadConfig(file, { environment: { LONG: 'secret'.repeat(60) } })
  expect(load).toThrow(ConfigError)
  expect(load).toThrow('ledger.file: ')
  expect(load).not.toThrow('secret')
})
