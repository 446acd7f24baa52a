import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { followConfig } from '../../src/cli/follow-config.ts'
import { ConfigError } from '../../src/config/errors.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import type { RunningGate } from '../../src/gate/start.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { openRaw, rawRequest } from '../support/raw-client.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'
import { type Running, type Workplace, workplace } from './program.ts'

const key = createTokenKey()
const configuration = (
  allow: string,
  engine = 'unix:///nowhere/docker.sock',
  more = '',
) => `listeners: [{ address: '127.0.0.1:0' }]
engine: ${engine}
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }
roles: { one: { allow: [${allow}] } }
bindings: [{ role: one, issuer: local }]
${more}`

describe('a configuration that is followed', () => {
  let folder: string
  const at = (...names: string[]) => join(folder, ...names)
  const file = () => at('dockgate.yaml')
  const write = (allow: string, name = 'dockgate.yaml') => {
    writeFileSync(at('token.pem'), publicTokenKey(key))
    writeFileSync(at(name), configuration(allow))
  }
  let stderr: ReturnType<typeof vi.spyOn>
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dockgate-follow-'))
    stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true, force: true })
  })
  const told = () => stderr.mock.calls.map(([text]: unknown[]) => String(text)).join('')
  const allowed = ({ config }: LoadedConfig) => config.roles.one?.allow?.join()

  /** What reached a gate, in order; each reload takes as long as `reload` does. */
  function follow(reload: (next: LoadedConfig, count: number) => Promise<void> = async () => {}) {
    const reached: (string | undefined)[] = []
    const noteRefusedReload = vi.fn()
    const followed = followConfig(file(), (reads) => loadConfig(file(), { reads }))
    onTestFinished(() => followed.close())
    followed.feed({
      reload: async (next: LoadedConfig) => {
        reached.push(allowed(next))
        await reload(next, reached.length)
        return { generation: reached.length + 1, notes: ['a note'] }
      },
      noteRefusedReload,
    } as unknown as RunningGate)
    return { reached, followed, noteRefusedReload }
  }
  const until = (look: () => void) => vi.waitFor(look, { timeout: 5000, interval: 10 })

  it('is read once, and again when it is written', async () => {
    write('read')
    const { followed, reached } = follow()
    expect(allowed(followed.first)).toBe('read')
    write('create')
    await until(() => expect(reached).toEqual(['create']))
    await until(() => expect(told()).toContain(`${file()} was reloaded: generation 2 is in force\n`))
    expect(told()).toContain('dockgate: a note\n')
  })

  it('is read again when an editor puts another file in its place', async () => {
    write('read')
    const { reached } = follow()
    renameSync(file(), `${file()}~`)
    write('create', 'new')
    renameSync(at('new'), file())
    await until(() => expect(reached).toEqual(['create']))
  })

  it('is read again when the folder behind a symbolic link is swapped, as Kubernetes does', async () => {
    const mount = (version: string, allow: string) => {
      mkdirSync(at(version))
      write(allow, join(version, 'dockgate.yaml'))
      writeFileSync(at(version, 'token.pem'), publicTokenKey(key))
      symlinkSync(version, at('..data_tmp'))
      renameSync(at('..data_tmp'), at('..data'))
    }
    mount('..1', 'read')
    symlinkSync(join('..data', 'dockgate.yaml'), file())
    const { reached } = follow()
    mount('..2', 'create')
    await until(() => expect(reached).toEqual(['create']))
  })

  it('is read again when a file comes into a folder that it includes, changes there, and goes', async () => {
    mkdirSync(at('conf.d'))
    write('read')
    appendFileSync(file(), '\ninclude: conf.d\n')
    const seen: string[] = []
    follow(async ({ policy }) => void seen.push([...(policy.roles.get('more')?.allow ?? ['-'])].join()))
    writeFileSync(at('conf.d', 'more.yaml'), 'roles: {more: {allow: [exec]}}')
    await until(() => expect(seen).toEqual(['exec']))
    writeFileSync(at('conf.d', 'more.yaml'), 'roles: {more: {allow: [build]}}')
    await until(() => expect(seen).toEqual(['exec', 'build']))
    unlinkSync(at('conf.d', 'more.yaml'))
    await until(() => expect(seen).toEqual(['exec', 'build', '-']))
  })

  it('is read again when a file changes that holds one of its values', async () => {
    write('read')
    appendFileSync(file(), '\nrecords: {file: file:where}\n')
    writeFileSync(at('where'), 'first.jsonl')
    const seen: (string | undefined)[] = []
    follow(async ({ config }) => void seen.push(config.records.file))
    writeFileSync(at('where'), 'second.jsonl\n')
    await until(() => expect(seen).toEqual([at('second.jsonl')]))
  })

  it('changes nothing while it has problems, which are told as check does, and is taken when they are gone', async () => {
    write('read')
    const { reached } = follow()
    write('raed')
    const problem = `dockgate: ERROR: ${file()}:5:25: roles.one.allow[0]: `
    await until(() => expect(told()).toContain(problem))
    expect(told()).toContain(`ERROR: ${file()} was NOT reloaded: generation 1 of the configuration stays in force`)
    expect(told()).toContain('did you mean "read"?')
    expect(reached).toEqual([])
    write('create')
    await until(() => expect(reached).toEqual(['create']))
  })

  it('changes nothing while it is gone', async () => {
    write('read')
    const { reached } = follow()
    unlinkSync(file())
    await until(() => expect(told()).toContain('NOT reloaded'))
    expect(reached).toEqual([])
  })

  it('is put to use one reading after the other, and of those that wait only the last', async () => {
    write('read')
    const first = Promise.withResolvers<void>()
    const { reached, followed } = follow(async (_, count) => (count === 1 ? first.promise : undefined))
    for (const allow of ['create', 'exec', 'build']) {
      write(allow)
      followed.again()
    }
    first.resolve()
    await until(() => expect(reached.at(-1)).toBe('build'))
    expect(reached.slice(0, 2)).toEqual(['create', 'build'])
  })

  it('waits for the gate when it changes while that starts', async () => {
    write('read')
    const followed = followConfig(file(), (reads) => loadConfig(file(), { reads }))
    onTestFinished(() => followed.close())
    write('create')
    followed.again()
    const reload = vi.fn(async () => ({ generation: 2, notes: [] }))
    followed.feed({ reload } as unknown as RunningGate)
    expect(reload).toHaveBeenCalledOnce()
  })

  it('goes on being followed after the gate could not use it', async () => {
    write('read')
    const { reached, noteRefusedReload } = follow(async (_, count) => {
      if (count === 1) throw new Error('listener x: the address is taken')
    })
    write('create')
    await until(() => expect(told()).toContain('NOT reloaded: generation 1'))
    expect(told()).toContain('dockgate: ERROR: listener x: the address is taken\n')
    write('exec')
    await until(() => expect(reached).toEqual(['create', 'exec']))
    expect(noteRefusedReload).toHaveBeenCalledOnce()
  })

  it('is asked for again by a signal, and told wrong without an end of the program', async () => {
    write('read')
    const { followed, reached, noteRefusedReload } = follow()
    followed.again()
    expect(reached).toEqual(['read'])
    write('raed')
    expect(() => followed.again()).not.toThrow(ConfigError)
    expect(told()).toContain('NOT reloaded')
    expect(noteRefusedReload).toHaveBeenCalled()
  })
})

describe('dockgate serve', () => {
  let place: Workplace
  let engine: RecordingEngine
  const at = (name: string) => join(place.folder, name)
  beforeEach(async () => {
    place = workplace()
    engine = await startRecordingEngine()
    writeFileSync(at('token.pem'), publicTokenKey(key))
  })
  afterEach(async () => {
    await place.remove()
    await engine.close()
  })
  const write = (allow: string, more = '') =>
    writeFileSync(at('dockgate.yaml'), configuration(allow, `unix://${engine.socketPath}`, more))
  const start = () => place.start(['serve', '--config', 'dockgate.yaml'], 'listening on tcp://127.0.0.1:')
  const endpoint = (running: Running) => ({
    host: '127.0.0.1',
    port: Number(/tcp:\/\/127\.0\.0\.1:(\d+)/.exec(running.output())?.[1]),
  })
  const head = async (line: string, ...headers: string[]) => {
    const { token } = await signToken(key, { subject: 'ann', claims: {}, lifetime: 3_600_000 })
    return `${[`${line} HTTP/1.1`, 'Host: docker', `Authorization: Bearer ${token}`, ...headers].join('\r\n')}\r\n\r\n`
  }
  const said = (running: Running, text: string) =>
    vi.waitFor(() => expect(running.output()).toContain(text), { timeout: 10_000, interval: 20 })

  it('reloads on SIGHUP, and goes on with the old configuration when the new one is wrong', async () => {
    write('read')
    const running = await start()
    const ask = async () => (await rawRequest(endpoint(running), await head('GET /info'))).answer.status
    expect(await ask()).toBe(200)
    running.process.kill('SIGHUP')
    await said(running, 'dockgate: dockgate.yaml was reloaded: generation 2 is in force')
    write('raed')
    running.process.kill('SIGHUP')
    await said(running, 'dockgate: ERROR: dockgate.yaml was NOT reloaded: generation 2')
    expect(await ask()).toBe(200)
    write('create')
    await said(running, 'generation 3 is in force')
    expect(await ask()).toBe(403)
    expect(await running.stop()).toBe(0)
  })

  it('answers at SIGTERM what it was asked before, records it, and ends with 0', async () => {
    write('lifecycle', 'records: { file: records.jsonl }')
    const running = await start()
    const finished = Promise.withResolvers<void>()
    engine.answer(async (asked, connection) => {
      await asked.whole
      await finished.promise
      await connection.write('HTTP/1.1 204 No Content\r\n\r\n')
    })
    const connection = await openRaw(endpoint(running))
    await connection.write(await head('POST /containers/x/stop', 'Content-Length: 0'))
    await vi.waitFor(() => expect(engine.requests.some(({ method }) => method === 'POST')).toBe(true), {
      timeout: 5000,
    })
    const ended = running.stop()
    await vi.waitFor(async () => expect(await openRaw(endpoint(running)).catch(() => 'refused')).toBe('refused'), {
      timeout: 5000,
    })
    finished.resolve()
    expect((await connection.answer()).status).toBe(204)
    expect(await ended).toBe(0)
  })

  it('ends at once at a second SIGTERM', async () => {
    write('lifecycle', 'shutdown: { grace: 1h }')
    const running = await start()
    engine.answer(async (_, connection) => void (await connection.whenEnded))
    const connection = await openRaw(endpoint(running))
    await connection.write(await head('POST /containers/x/stop', 'Content-Length: 0'))
    await vi.waitFor(() => expect(engine.requests.some(({ method }) => method === 'POST')).toBe(true), {
      timeout: 5000,
    })
    running.process.kill('SIGTERM')
    await vi.waitFor(async () => expect(await openRaw(endpoint(running)).catch(() => 'refused')).toBe('refused'), {
      timeout: 5000,
    })
    expect(await running.stop()).toBe(1)
    connection.destroy()
  })
})
