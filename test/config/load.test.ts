import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/errors.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createWorkspace, SOUND } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

const errorOf = (file: string): string => {
  try {
    loadConfig(file)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}

describe('a configuration that can be used', () => {
  it('fills in the defaults', () => {
    const { config, warnings } = workspace.loadWith({})
    expect(warnings).toEqual([])
    expect(config.engine).toBe('unix:///var/run/docker.sock')
    expect(config.listeners[0]).toEqual({
      name: '127.0.0.1:2375',
      address: '127.0.0.1:2375',
      limits: {
        connections: 1024,
        headerBytes: 262_144,
        headerCount: 100,
        targetBytes: 32_768,
        headersTimeout: 10_000,
        bodyTimeout: 60_000,
      },
    })
    expect(config.issuers.local?.jwt?.clockTolerance).toBe(30_000)
    expect(config.records).toEqual({})
  })

  it('makes paths absolute, from the directory of the file and not of the process', () => {
    const more = ['records: {file: ./records.jsonl}', 'ledger: {file: ledger.sqlite}']
    const { config } = workspace.load([...SOUND, ...more].join('\n'))
    expect(config.issuers.local?.jwt?.publicKey).toBe(join(workspace.directory, 'local.pub'))
    expect(config.records.file).toBe(join(workspace.directory, 'records.jsonl'))
    expect(config.ledger?.file).toBe(join(workspace.directory, 'ledger.sqlite'))
  })

  it('reads modes, sizes and durations', () => {
    const { config } = workspace.loadWith({
      2: '  - {address: "unix:///run/d.sock", mode: "0660", group: docker, limits: {headerBytes: 64KiB, targetBytes: 4096, bodyTimeout: 2m}}',
    })
    expect(config.listeners[0]).toMatchObject({
      mode: 0o660,
      group: 'docker',
      limits: { headerBytes: 65_536, targetBytes: 4096, bodyTimeout: 120_000 },
    })
  })

  it('does not mind a byte order mark', () => {
    expect(workspace.problems(`\uFEFF${SOUND.join('\n')}`)).toEqual([])
  })
})

describe('a file that cannot be read', () => {
  it('is told when it is missing', () => {
    expect(errorOf(join(workspace.directory, 'none.yaml'))).toBe(`${workspace.directory}/none.yaml: does not exist`)
  })

  it('is told when it is a directory', () => {
    mkdirSync(join(workspace.directory, 'etc'))
    expect(errorOf(join(workspace.directory, 'etc'))).toMatch(/\/etc: is a directory, not a file$/)
    expect(errorOf(join(workspace.directory, 'local.pub', 'x'))).toMatch(
      /: does not exist: a part of its path is not a directory$/,
    )
  })

  it('is told when it is no regular file, and is not waited for', () => {
    expect(errorOf('/dev/zero')).toBe('/dev/zero: is not a regular file')
  })

  it('is told when it is larger than 1 MiB', () => {
    workspace.write('large.yaml', '#'.repeat(1024 * 1024 + 1))
    expect(errorOf(join(workspace.directory, 'large.yaml'))).toMatch(/large\.yaml: is larger than 1 MiB$/)
  })

  it('is told when it is not UTF-8', () => {
    writeFileSync(join(workspace.directory, 'latin1.yaml'), Buffer.from('a: \xE9', 'latin1'))
    expect(errorOf(join(workspace.directory, 'latin1.yaml'))).toMatch(/latin1\.yaml: is not UTF-8 text$/)
  })
})

describe('what has the wrong shape', () => {
  it.each<[string, Record<number, string>, string]>([
    [
      'an unknown key',
      { 2: '  - adress: 127.0.0.1:2375\n    address: 127.0.0.1:1' },
      '2:5: listeners[0].adress: unknown key "adress"; did you mean "address"?',
    ],
    ['a missing key', { 2: '  - name: main' }, '2:5: listeners[0].address: is missing'],
    ['a missing section', { 7: 'records: {}', 8: '' }, '1:1: bindings: is missing'],
    ['an empty section', { 6: '' }, '5:7: roles: wants a mapping, not an empty value'],
    ['text for a list', { 6: '  observer: {allow: read}' }, '6:21: roles.observer.allow: wants a list, not "read"'],
    [
      'a role of nothing',
      { 6: '  observer: {workload: {}}' },
      '6:13: roles.observer: allows nothing: add "allow" with operations, or "extends"',
    ],
    ['an empty list', { 6: '  observer: {allow: []}' }, '6:21: roles.observer.allow: must have at least one entry'],
    [
      'a number for text',
      { 8: '  - {role: observer, issuer: 5}' },
      '8:30: bindings[0].issuer: wants text, not the number 5; put it in quotes',
    ],
    [
      'an empty text',
      { 8: '  - {role: observer, issuer: local, when: ""}' },
      '8:43: bindings[0].when: must not be empty',
    ],
    [
      'a name with a space',
      { 6: '  "the observer": {allow: [read]}' },
      '6:3: roles["the observer"]: "the observer" is no name',
    ],
    [
      'a misspelt word',
      { 4: '  local: {jwt: {issuer: local, audience: a, publicKey: local.pub, algorithms: [RS265]}}' },
      '4:80: issuers.local.jwt.algorithms[0]: "RS265" is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519; did you mean "RS256"?',
    ],
    [
      'a shared secret as algorithm',
      { 4: '  local: {jwt: {issuer: local, audience: a, publicKey: local.pub, algorithms: [HS256]}}' },
      '4:80: issuers.local.jwt.algorithms[0]: "HS256" is not one of',
    ],
    [
      'an algorithm none',
      { 4: '  local: {jwt: {issuer: local, audience: a, publicKey: local.pub, algorithms: [none]}}' },
      '4:80: issuers.local.jwt.algorithms[0]: "none" is not one of',
    ],
    [
      'no audience',
      { 4: '  local: {jwt: {issuer: local, publicKey: local.pub}}' },
      '4:11: issuers.local.jwt.audience: is missing',
    ],
    [
      'an empty audience',
      { 4: '  local: {jwt: {issuer: local, audience: [a, ""], publicKey: local.pub}}' },
      '4:46: issuers.local.jwt.audience[1]: must not be empty',
    ],
    [
      'a TLS version without quotes',
      { 2: '  - {address: "127.0.0.1:1", tls: {certificate: a, key: b, minimumVersion: 1.3}}' },
      '2:76: listeners[0].tls.minimumVersion: wants one of 1.2, 1.3, not the number 1.3; write "1.3" in quotes',
    ],
  ])('refuses %s, with its line and the nearest word', (_what, lines, message) => {
    expect(workspace.problemsWith(lines).join('\n')).toContain(`dockgate.yaml:${message}`)
  })

  it.each<[string, string, string]>([
    [
      'a duration without a unit',
      'limits: {headersTimeout: 10}',
      '2:56: listeners[0].limits.headersTimeout: wants a duration with its unit, such as 500ms, 10s, 5m or 2h, not the number 10',
    ],
    [
      'a duration with an unknown unit',
      'limits: {bodyTimeout: 1d}',
      '2:53: listeners[0].limits.bodyTimeout: wants a duration with its unit',
    ],
    [
      'a duration of nothing, which would mean none',
      'limits: {headersTimeout: 0s}',
      '2:56: listeners[0].limits.headersTimeout: must be from 1ms to 1h',
    ],
    [
      'a duration beyond what a timer can hold',
      'limits: {bodyTimeout: 600h}',
      '2:53: listeners[0].limits.bodyTimeout: must be from 1ms to 24h',
    ],
    [
      'an empty duration',
      'limits: {bodyTimeout: }',
      '2:53: listeners[0].limits.bodyTimeout: wants a duration with its unit, such as 500ms, 10s, 5m or 2h, not an empty value',
    ],
    [
      'a mode without quotes',
      'mode: 0660',
      '2:37: listeners[0].mode: wants an octal file mode in quotes, such as "0660", not the number 660; put it in quotes',
    ],
    [
      'a mode as YAML 1.2 octal number',
      'mode: 0o660',
      '2:37: listeners[0].mode: wants an octal file mode in quotes, such as "0660", not the number 432; put it in quotes',
    ],
    [
      'a mode that is not octal',
      'mode: "0888"',
      '2:37: listeners[0].mode: wants an octal file mode in quotes, such as "0660", not "0888"',
    ],
    [
      'a number as text',
      'limits: {connections: "10"}',
      '2:53: listeners[0].limits.connections: wants a number, not "10"',
    ],
    [
      'a broken number',
      'limits: {connections: 1.5}',
      '2:53: listeners[0].limits.connections: wants a whole number, not the number 1.5',
    ],
    [
      'a number that is not one',
      'limits: {connections: .nan}',
      '2:53: listeners[0].limits.connections: wants a finite number, not the number NaN',
    ],
    ['none as a number', 'limits: {connections: 0}', '2:53: listeners[0].limits.connections: must be at least 1'],
    ['no end as a number', 'limits: {connections: .inf}', '2:53: listeners[0].limits.connections: '],
    [
      'too much as a number',
      'limits: {headerCount: 1000000}',
      '2:53: listeners[0].limits.headerCount: must be at most 2000',
    ],
    [
      'a decimal size',
      'limits: {headerBytes: 64kB}',
      '2:53: listeners[0].limits.headerBytes: wants a size such as 64KiB, 1MiB or a number of bytes, not "64kB"',
    ],
    [
      'a size that is nearly nothing',
      'limits: {headerBytes: 10}',
      '2:53: listeners[0].limits.headerBytes: must be from 1KiB to 16MiB',
    ],
    ['yes for a mapping', 'tls: yes', '2:36: listeners[0].tls: wants a mapping, not "yes"'],
    ['false for a mapping', 'tls: false', '2:36: listeners[0].tls: wants a mapping, not the boolean false'],
    ['nothing for a mapping', 'tls: ', '2:36: listeners[0].tls: wants a mapping, not an empty value'],
  ])('T130 refuses %s', (_what, setting, message) => {
    expect(workspace.problemsWith({ 2: `  - {address: 127.0.0.1:2375, ${setting}}` })).toEqual([
      expect.stringContaining(`dockgate.yaml:${message}`),
    ])
  })

  it.each([
    ['roles.observer.limits', { 6: '  observer: {allow: [read], limits: {}}' }, '6:29'],
    ['roles.observer.quota', { 6: '  observer: {allow: [read], quota: {}}' }, '6:29'],
    ['bindings[0].unless', { 8: '  - {role: observer, issuer: local, unless: x}' }, '8:37'],
  ])('refuses %s, which would seem to bound something', (path, lines, place) => {
    const key = path.split('.').at(-1)
    expect(workspace.problemsWith(lines)).toEqual([
      expect.stringContaining(`dockgate.yaml:${place}: ${path}: unknown key "${key}"`),
    ])
  })
})

it('tells every problem at once, in the order of the file', () => {
  const problems = workspace.problems(`listeners:
  - {address: 0.0.0.0:2375, mode: 0660, colour: red}
engine: tcp://127.0.0.1:2375
issuers:
  local: {jwt: {issuer: local, audience: a, publicKey: none.pub}, cert: {}}
roles:
  ci: {allow: [raed, run]}
bindings:
  - {role: c1, issuer: locl, when: claims.x}
quota: 1
`)
  expect(problems.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
    'dockgate.yaml:2:15 listeners[0].address',
    'dockgate.yaml:2:35 listeners[0].mode',
    'dockgate.yaml:2:41 listeners[0].colour',
    'dockgate.yaml:3:9 engine',
    'dockgate.yaml:5:56 issuers.local.jwt.publicKey',
    'dockgate.yaml:5:67 issuers.local.cert',
    'dockgate.yaml:7:16 roles.ci.allow[0]',
    'dockgate.yaml:9:12 bindings[0].role',
    'dockgate.yaml:9:24 bindings[0].issuer',
    'dockgate.yaml:9:36 bindings[0].when',
    'dockgate.yaml:10:1 quota',
  ])
})

it('puts nothing on the terminal that moves it', () => {
  const [problem] = workspace.problemsWith({ 6: '  observer: {allow: [read], "a\\e[31m\\u202e\\n": 1}' })
  expect(problem).toContain('unknown key "a\\u{1b}[31m\\u{202e}\\u{a}"')
  expect(problem).not.toMatch(/[\x00-\x1f\u202e]/)
})
