import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningGate, startGate } from '../../src/gate/start.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import { createWorkspace, SOUND, type Workspace } from '../config/workspace.ts'
import { rawRequest } from '../support/raw-client.ts'
import { expectRefusal } from './scene.ts'

describe('attacks on how the gate is run', () => {
  let workspace: Workspace
  let gate: RunningGate | null
  const others: net.Server[] = []
  beforeEach(() => {
    workspace = createWorkspace()
    gate = null
  })
  afterEach(async () => {
    await gate?.close()
    for (const server of others.splice(0)) server.close()
    workspace.remove()
  })

  const problems = (lines: Readonly<Record<number, string>>) => workspace.problemsWith(lines).join('\n')
  const tls = (key: string) => `  - {address: '0.0.0.0:2376', tls: {certificate: server.crt, key: ${key}}}`
  const writeTls = (mode: number) => {
    const { certificate, key } = createAuthority().issueServer({ names: ['localhost'] })
    workspace.write('server.crt', certificate)
    workspace.write('server.key', key, mode)
  }

  it.each([
    ['an access class with a slip', { 6: '  observer: {allow: [raed]}' }],
    ['an operation with a slip', { 6: '  observer: {allow: [ContainerLst]}' }],
    ['an operation in other case', { 6: '  observer: {allow: [containerlist]}' }],
    ['a path', { 6: '  observer: {allow: [/containers/json]}' }],
    ['a path with a version', { 6: '  observer: {allow: ["GET /v1.41/info"]}' }],
    ['a glob that matches nothing', { 6: '  observer: {allow: ["Kontainer*"]}' }],
    ['an empty word', { 6: '  observer: {allow: [""]}' }],
    ['nothing', { 6: '  observer: {allow: []}' }],
    ['a role that is not there', { 8: '  - {role: observers, issuer: local}' }],
    ['an issuer that is not there', { 8: '  - {role: observer, issuer: locale}' }],
    ['a condition with a slip', { 8: '  - {role: observer, issuer: local, when: "claim.sub == \'a\'"}' }],
    ['a condition that is no condition', { 8: '  - {role: observer, issuer: local, when: "claims.sub"}' }],
    ['a key with a slip', { 6: '  observer: {alow: [read]}' }],
    ['a denial', { 6: '  observer: {allow: [read], deny: [exec]}' }],
  ])('T12 refuses to start on a rule that could never match: %s', (_, lines) => {
    expect(problems(lines as Readonly<Record<number, string>>)).toMatch(/^dockgate\.yaml:[0-9]+:[0-9]+: /)
  })

  it.each([
    ['listeners[0].limits.headersTimeout', 2, '  - {address: "127.0.0.1:2375", limits: {headersTimeout: soon}}'],
    ['listeners[0].limits.headersTimeout', 2, '  - {address: "127.0.0.1:2375", limits: {headersTimeout: -1s}}'],
    ['listeners[0].limits.headersTimeout', 2, '  - {address: "127.0.0.1:2375", limits: {headersTimeout: 0s}}'],
    ['listeners[0].limits.headersTimeout', 2, '  - {address: "127.0.0.1:2375", limits: {headersTimeout: 10}}'],
    ['listeners[0].limits.headersTimeout', 2, '  - {address: "127.0.0.1:2375", limits: {headersTimeout: 1e3s}}'],
    ['listeners[0].limits.bodyTimeout', 2, '  - {address: "127.0.0.1:2375", limits: {bodyTimeout: false}}'],
    ['listeners[0].limits.bodyTimeout', 2, '  - {address: "127.0.0.1:2375", limits: {bodyTimeout: never}}'],
    ['listeners[0].limits.headerBytes', 2, '  - {address: "127.0.0.1:2375", limits: {headerBytes: unlimited}}'],
    ['listeners[0].limits.headerCount', 2, '  - {address: "127.0.0.1:2375", limits: {headerCount: 0}}'],
    ['listeners[0].limits.headerCount', 2, '  - {address: "127.0.0.1:2375", limits: {headerCount: 1.5}}'],
    ['listeners[0].limits.connections', 2, '  - {address: "127.0.0.1:2375", limits: {connections: "many"}}'],
    ['listeners[0].limits', 2, '  - {address: "127.0.0.1:2375", limits: false}'],
    [
      'issuers.local.jwt.clockTolerance',
      4,
      '  local: {jwt: {issuer: local, audience: dockgate, publicKey: local.pub, clockTolerance: forever}}',
    ],
    [
      'issuers.local.jwt.clockTolerance',
      4,
      '  local: {jwt: {issuer: local, audience: dockgate, publicKey: local.pub, clockTolerance: 10y}}',
    ],
    [
      'issuers.local.jwt.algorithms[0]',
      4,
      '  local: {jwt: {issuer: local, audience: dockgate, publicKey: local.pub, algorithms: [none]}}',
    ],
    [
      'issuers.local.jwt.algorithms[0]',
      4,
      '  local: {jwt: {issuer: local, audience: dockgate, publicKey: local.pub, algorithms: [HS256]}}',
    ],
    ['issuers.local.jwt.audience', 4, '  local: {jwt: {issuer: local, audience: true, publicKey: local.pub}}'],
  ])('T130 refuses to start on a malformed %s (line %i: %s)', (place, line, text) => {
    const found = problems({ [line]: text })
    expect(found).toContain(`dockgate.yaml:${line}:`)
    expect(found).toContain(place)
  })

  it.each(['maybe', 'yes', 'no', 'true', 'false', 'Required', '""', '1'])(
    'T130 refuses to start on clientCertificates: %s',
    (value) => {
      writeTls(0o600)
      workspace.write('ca.crt', createAuthority().certificate)
      const line = `  - {address: '127.0.0.1:2376', tls: {certificate: server.crt, key: server.key, clientAuthorities: ca.crt, clientCertificates: ${value}}}`
      expect(problems({ 2: line })).toContain('listeners[0].tls.clientCertificates')
    },
  )

  it.each([
    '0.0.0.0:2375',
    '[::]:2375',
    '192.0.2.1:2375',
    '10.0.0.1:2375',
    'docker.example:2375',
    '[::ffff:0.0.0.0]:2375',
    '0:2375',
    ':2375',
  ])('T131 refuses to start with plain TCP on %s', (address) => {
    expect(problems({ 2: `  - {address: '${address}'}` })).toContain('listeners[0].address')
  })

  it.each([0o644, 0o604, 0o640, 0o666, 0o660])('T131 refuses to start with a private key of mode %o', (mode) => {
    writeTls(mode)
    expect(statSync(path.join(workspace.directory, 'server.key')).mode & 0o777).toBe(mode & ~process.umask())
    expect(problems({ 2: tls('server.key') })).toMatch(/listeners\[0\]\.tls\.key: .*chmod 600/)
  })

  it('T131 refuses a private key that others may read through a symbolic link', () => {
    writeTls(0o644)
    symlinkSync('server.key', path.join(workspace.directory, 'link.key'))
    expect(problems({ 2: tls('link.key') })).toMatch(/chmod 600/)
  })

  it('T131 starts with TLS on a public address and a key of its owner', () => {
    writeTls(0o600)
    expect(problems({ 2: tls('server.key') })).toBe('')
  })

  const socketFile = () => path.join(workspace.directory, 'gate.sock')
  const startOn = async (more = '', file = socketFile()) => {
    const text = [...SOUND]
    text[1] = `  - {address: 'unix://${file}'${more}}`
    gate = await startGate(
      workspace.load([...text, `records: {file: ${path.join(workspace.directory, 'records.jsonl')}}`].join('\n')),
    )
    return gate
  }

  it.each([
    ['', 0o660],
    [', mode: "0600"', 0o600],
    [', mode: "0666"', 0o666],
  ])('T133 gives the unix socket its mode (%j)', async (more, mode) => {
    await startOn(more)
    const facts = lstatSync(socketFile())
    expect([facts.isSocket(), facts.mode & 0o777, facts.uid]).toEqual([true, mode, process.getuid?.()])
  })

  it('T133 gives the unix socket its group', async () => {
    await startOn(', group: "1234"')
    expect(lstatSync(socketFile()).gid).toBe(1234)
  })

  it.each(['660', '"0999"', '"u+rw"', '"01777777"', '-1', '"0o660"'])('T133 refuses the mode %s', (mode) => {
    expect(problems({ 2: `  - {address: 'unix://${socketFile()}', mode: ${mode}}` })).toContain('listeners[0].mode')
  })

  it('T133 takes the place of a socket that a dead process left', async () => {
    const left = net.createServer().listen(socketFile())
    await once(left, 'listening')
    // A server that is closed removes its file; one that died does not.
    const copy = `${socketFile()}.left`
    linkSync(socketFile(), copy)
    await new Promise((resolve) => left.close(resolve))
    renameSync(copy, socketFile())
    expect(lstatSync(socketFile()).isSocket()).toBe(true)
    await startOn()
    const { answer } = await rawRequest({ path: socketFile() }, 'GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n')
    expectRefusal(answer, 'credentials-missing')
  })

  it('T133 does not take the socket of a living process', async () => {
    const living = net.createServer((socket) => socket.on('error', () => {}).end('alive')).listen(socketFile())
    others.push(living)
    await once(living, 'listening')
    await expect(startOn()).rejects.toThrow(/another process/)
    const socket = net.connect(socketFile())
    const [data] = (await once(socket, 'data')) as [Buffer]
    expect(data.toString()).toBe('alive')
    socket.destroy()
  })

  it('T133 does not take the socket of a living process that is too busy to answer', async () => {
    const script = `require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
      require('node:fs').writeSync(1, 'listening')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
    const busy = spawn(process.execPath, ['-e', script, socketFile()], { stdio: ['pipe', 'pipe', 'inherit'] })
    const fillers: net.Socket[] = []
    try {
      await once(busy.stdout, 'data')
      for (let full = false; !full; ) {
        const filler = net.connect(socketFile())
        fillers.push(filler)
        full = await new Promise((resolve) =>
          filler.once('connect', () => resolve(false)).once('error', () => resolve(true)),
        )
      }
      const before = lstatSync(socketFile()).ino
      await expect(startOn()).rejects.toThrow(/another process/)
      expect(lstatSync(socketFile()).ino).toBe(before)
    } finally {
      for (const filler of fillers) filler.destroy()
      busy.kill('SIGKILL')
      await once(busy, 'close')
    }
  })

  it.each([
    ['a file', (file: string) => writeFileSync(file, 'precious')],
    ['a folder', (file: string) => mkdirSync(file)],
    [
      'a symbolic link to a file',
      (file: string) => {
        writeFileSync(`${file}.target`, 'precious')
        symlinkSync(`${file}.target`, file)
      },
    ],
    ['a symbolic link to nothing', (file: string) => symlinkSync(`${file}.target`, file)],
  ])("T133 leaves %s at the socket's path alone, and does not start", async (_, make) => {
    make(socketFile())
    const before = lstatSync(socketFile())
    await expect(startOn()).rejects.toThrow(/no socket/)
    expect(lstatSync(socketFile()).ino).toBe(before.ino)
    const target = `${socketFile()}.target`
    if (existsSync(target)) expect(readFileSync(target, 'utf8')).toBe('precious')
    else expect(existsSync(target)).toBe(false)
  })

  it('T133 follows no symbolic link to the socket of another, living process', async () => {
    const victim = path.join(workspace.directory, 'victim.sock')
    const living = net.createServer().listen(victim)
    others.push(living)
    await once(living, 'listening')
    symlinkSync(victim, socketFile())
    await expect(startOn()).rejects.toThrow(/no socket/)
    expect(lstatSync(victim).isSocket()).toBe(true)
  })

  it('T133 removes its socket when it ends', async () => {
    await startOn()
    await gate?.close()
    gate = null
    expect(existsSync(socketFile())).toBe(false)
  })
})
