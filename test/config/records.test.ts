import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configSchema } from '../../src/config/schema.ts'
import { createWorkspace, SOUND, type Workspace } from './workspace.ts'

let workspace: Workspace

beforeAll(() => {
  workspace = createWorkspace()
  workspace.write('records.key', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  workspace.write('open.key', key, 0o644)
  workspace.write(
    'rsa.key',
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )
})

afterAll(() => workspace.remove())

const load = (...lines: string[]) => workspace.load([...SOUND, ...lines].join('\n')).config
const problems = (...lines: string[]) => workspace.problems([...SOUND, ...lines].join('\n'))

it('reads a file that rotates and is chained, with its defaults and absolute paths', () => {
  const { records } = load('records: { file: r.jsonl, rotate: { size: 1MiB }, chain: { key: records.key } }')
  expect(records).toEqual({
    file: join(workspace.directory, 'r.jsonl'),
    rotate: { size: 1_048_576, keep: 14 },
    chain: { key: join(workspace.directory, 'records.key'), lines: 1000, interval: 60_000 },
  })
})

it.each([
  ['syslog: tcp://logs.acme.io:514', { syslog: { kind: 'tcp', host: 'logs.acme.io', port: 514 } }],
  ['syslog: tls://logs.acme.io:6514', { syslog: { kind: 'tls', host: 'logs.acme.io', port: 6514 } }],
  ['syslog: "udp://[::1]:514"', { syslog: { kind: 'udp', host: '::1', port: 514 } }],
  ['socket: unix:///run/records.sock', { socket: { kind: 'unix', path: '/run/records.sock' } }],
])('reads %s', (line, wanted) => {
  expect(load(`records: { ${line} }`).records).toMatchObject(wanted)
})

describe('what is refused, with its place and what is wanted instead', () => {
  it.each([
    ['file: r.jsonl, socket: tcp://a:1', 'records.socket: records go to one place, and file is given already'],
    ['rotate: { size: 1MiB }', 'records.rotate: needs a file: add "file" beside it'],
    ['chain: { key: records.key }', 'records.chain: needs a file: add "file" beside it'],
    ['file: r.jsonl, rotate: {}', 'records.rotate: says not when: add "size", "every", or both'],
    ['file: r.jsonl, rotate: { size: 1KiB }', 'records.rotate.size: must be from 64KiB to 65536MiB'],
    ['file: r.jsonl, rotate: { every: week }', 'records.rotate.every: '],
    ['file: r.jsonl, rotate: { every: day, keep: 0 }', 'records.rotate.keep: '],
    ['file: records, rotate: { every: day }', 'records.file: "records" is no name for files that take turns'],
    ['file: "a:b.jsonl", rotate: { every: day }', 'records.file: "a:b.jsonl" is no name for files that take turns'],
    ['file: r.jsonl, chain: { key: nowhere.key }', 'records.chain.key: nowhere.key does not exist'],
    ['file: r.jsonl, chain: { key: rsa.key }', 'records.chain.key: rsa.key holds no Ed25519 key'],
    ['file: r.jsonl, chain: { key: open.key }', 'records.chain.key: open.key may be read or written by others'],
    ['file: r.jsonl, chain: { key: r.jsonl }', 'records.chain.key: r.jsonl is records.file already'],
    ['file: r.jsonl, chain: { key: records.key, lines: 0 }', 'records.chain.lines: '],
    ['syslog: "logs:514"', 'records.syslog: wants tcp://host:port, tls://host:port or udp://host:port'],
    ['syslog: unix:///dev/log', 'records.syslog: wants tcp://host:port, tls://host:port or udp://host:port'],
    ['syslog: tcp://logs', 'records.syslog: wants tcp://host:port'],
    ['syslog: tcp://logs:0', 'records.syslog: wants tcp://host:port'],
    ['socket: udp://logs:514', 'records.socket: wants tcp://host:port, tls://host:port or unix:///absolute/path'],
    ['socket: tcp://unix:///x', 'records.socket: wants tcp://host:port'],
    ['socket: tls://logs:1, authorities: nowhere.pem', 'records.authorities: nowhere.pem does not exist'],
    ['socket: tcp://logs:1, authorities: nowhere.pem', 'records.authorities: is for a tls:// address only; remove it'],
    ['fil: r.jsonl', 'records.fil: '],
  ])('records: { %s }', (line, wanted) => {
    expect(problems(`records: { ${line} }`).join('\n')).toContain(wanted)
  })

  it.each([
    ['audit: { required: true }', 'audit.required: only of a file can the gate know that a record is written'],
    ['audit: { required: yes please }', 'audit.required: '],
    ['audit: { require: true }', 'audit.require: '],
  ])('%s', (line, wanted) => {
    expect(problems(line).join('\n')).toContain(wanted)
  })

  it('audit.required where records go to a log service', () => {
    expect(problems('audit: { required: true }', 'records: { syslog: tcp://a:1 }').join('\n')).toContain(
      'audit.required',
    )
  })
})

it('takes the blocks of docs/records.md and docs/configuration.md', () => {
  const read = (page: string) => readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')
  const blocks = [...(read('records') + read('configuration')).matchAll(/```yaml\n(records:[^`]*)```/g)]
  expect(blocks).toHaveLength(3)
  for (const [, text = ''] of blocks) {
    const value = { ...(parse(SOUND.join('\n')) as object), ...(parse(text) as object) }
    expect(configSchema.safeParse(value).error).toBeUndefined()
  }
})
