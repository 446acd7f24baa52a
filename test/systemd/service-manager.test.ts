import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServiceManager } from '../../src/systemd/service-manager.ts'
import { temporaryDirectory } from '../support/docker-client.ts'
import { type NotifySocket, notifySocket } from '../support/notify-socket.ts'

let folder: ReturnType<typeof temporaryDirectory>
let systemd: NotifySocket
let warnings: string[]

beforeEach(async () => {
  folder = temporaryDirectory('notify')
  systemd = await notifySocket(folder.path)
  warnings = []
})
afterEach(async () => {
  await systemd.close()
  folder.remove()
})

const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: '/usr/bin:/bin',
  NOTIFY_SOCKET: systemd.path,
  ...more,
})
const managerOf = (env: NodeJS.ProcessEnv) => createServiceManager(env, (line) => warnings.push(line))

/** A systemd-notify that notes its arguments and does nothing. */
function fakeNotify(script: string): string {
  writeFileSync(path.join(folder.path, 'systemd-notify'), `#!/bin/sh\n${script}\n`)
  chmodSync(path.join(folder.path, 'systemd-notify'), 0o755)
  return `${folder.path}:/usr/bin:/bin`
}

describe('the service manager', () => {
  it('is told what happens, in order, each message noted before the next', async () => {
    const manager = managerOf(environment())
    await manager.ready('serving generation 1')
    expect(systemd.messages).toEqual([['READY=1', 'STATUS=serving generation 1']])
    manager.reloads.begin()
    manager.reloads.end('serving generation 2')
    manager.stopping()
    await manager.close()
    expect(systemd.messages.slice(1)).toEqual([
      ['RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d+$/), 'STATUS=reading the configuration'],
      ['READY=1', 'STATUS=serving generation 2'],
      ['STOPPING=1', 'STATUS=letting what is under way come to its end'],
    ])
    expect(warnings).toEqual([])
  })

  it('reads the moment of a reload from the clock that systemd compares it with', async () => {
    const clock = () =>
      Number(execFileSync('/usr/bin/python3', ['-c', 'import time; print(time.monotonic_ns())'], { encoding: 'utf8' }))
    const before = clock()
    const manager = managerOf(environment())
    manager.reloads.begin()
    const after = clock()
    await manager.close()
    const [, moment = ''] = systemd.messages[0] ?? []
    const nanoseconds = Number(moment.slice('MONOTONIC_USEC='.length)) * 1000
    expect([nanoseconds + 1000 > before, nanoseconds < after]).toEqual([true, true])
  })

  it('is told nothing that a status could smuggle in', async () => {
    const manager = managerOf(environment())
    await manager.ready('a\nMAINPID=1\n\u{202e}')
    expect(systemd.messages).toEqual([['READY=1', 'STATUS=a?MAINPID=1??']])
  })

  it('is told nothing after the end', async () => {
    const manager = managerOf(environment())
    await manager.close()
    await manager.ready('late')
    expect(systemd.messages).toEqual([])
  })

  it('leaves no variable with which a child could speak for the gate', () => {
    const env = environment({ WATCHDOG_USEC: '1000000', WATCHDOG_PID: '1' })
    managerOf(env)
    expect(env).toEqual({ PATH: '/usr/bin:/bin' })
  })

  it('does not exist without NOTIFY_SOCKET: no program is started', async () => {
    const PATH = fakeNotify(`touch "${folder.path}/called"`)
    const manager = managerOf({ PATH, WATCHDOG_USEC: '2000' })
    manager.watch(() => true)
    manager.reloads.begin()
    await manager.ready('')
    await manager.close()
    expect([existsSync(path.join(folder.path, 'called')), warnings]).toEqual([false, []])
  })

  it('hands the program only what it needs, and no shell', async () => {
    const PATH = fakeNotify(`env >"${folder.path}/env"; printf '%s\\n' "$@" >"${folder.path}/args"`)
    const manager = managerOf(environment({ PATH, SECRET: 'token' }))
    await manager.ready('; touch evil $(id)')
    const read = (name: string) => readFileSync(path.join(folder.path, name), 'utf8')
    expect(read('args')).toBe('--\nREADY=1\nSTATUS=; touch evil $(id)\n')
    expect(read('env')).not.toContain('SECRET')
  })

  it('that cannot be told is named once, and the gate goes on', async () => {
    const manager = managerOf(environment({ PATH: folder.path }))
    await manager.ready('')
    manager.stopping()
    await manager.close()
    expect(warnings).toEqual([expect.stringContaining('there is no systemd-notify here')])
  })

  it('that is gone is named with what systemd-notify says', async () => {
    const manager = managerOf({ PATH: '/usr/bin:/bin', NOTIFY_SOCKET: path.join(folder.path, 'nowhere') })
    await manager.ready('')
    expect(warnings).toEqual([expect.stringMatching(/^ERROR: systemd cannot be told .*: .*No such file/)])
  })
})

describe('the watchdog', () => {
  const beats = () => systemd.messages.filter(([first]) => first === 'WATCHDOG=1').length

  it('is answered again and again while all is well', async () => {
    const manager = managerOf(environment({ WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) }))
    manager.watch(() => true)
    await vi.waitFor(() => expect(beats()).toBeGreaterThan(2), { timeout: 10_000 })
    await manager.close()
  })

  it('is answered no more when something is not well', async () => {
    let isWell = true
    const asked = vi.fn(() => isWell)
    const manager = managerOf(environment({ WATCHDOG_USEC: '40000' }))
    manager.watch(asked)
    await vi.waitFor(() => expect(beats()).toBeGreaterThan(0), { timeout: 10_000 })
    isWell = false
    await vi.waitFor(() => expect(asked.mock.results.at(-1)?.value).toBe(false))
    await manager.ready('all that was under way is noted')
    const before = beats()
    const asks = asked.mock.calls.length
    await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(asks + 3))
    await manager.close()
    expect(beats()).toBe(before)
  })

  it.each([
    ['that waits for another process', { WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' }],
    ['without a time', {}],
    ['with a time that is none', { WATCHDOG_USEC: '-1' }],
  ])('%s is not answered', async (_, env) => {
    const asked = vi.fn(() => true)
    const manager = managerOf(environment(env))
    manager.watch(asked)
    await manager.close()
    expect([asked.mock.calls, systemd.messages]).toEqual([[], []])
  })
})
