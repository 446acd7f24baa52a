import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAuthority } from '../../src/pki/authority.ts'
import { temporaryDirectory } from '../support/docker-client.ts'
import { type NotifySocket, notifySocket } from '../support/notify-socket.ts'

const { NODE_COMPILE_CACHE } = process.env
const MAIN = path.join(import.meta.dirname, '../../src/cli/main.ts')
/** Each test starts a program or two, on a machine that may be busy. */
vi.setConfig({ testTimeout: 60_000 })
const WITHIN = { timeout: 50_000 }

let folder: ReturnType<typeof temporaryDirectory>
let children: ChildProcess[]
const at = (name: string) => path.join(folder.path, name)

beforeEach(() => {
  folder = temporaryDirectory('systemd')
  children = []
})
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  folder.remove()
})

/** Roles and bindings are beside the point here. */
function configure(listeners: string, more = ''): string {
  const config = `listeners: ${listeners}\nengine: unix://${at('engine.sock')}\nissuers: {}\nroles: {}\nbindings: []\n${more}`
  writeFileSync(at('dockgate.yaml'), config)
  return at('dockgate.yaml')
}

interface Program {
  readonly process: ChildProcess
  output(): string
  said(text: string): Promise<void>
  readonly ended: Promise<number | null>
}

function run(command: readonly string[], env: NodeJS.ProcessEnv, more: readonly number[] = []): Program {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: folder.path,
    env: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...more],
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
    })
  return {
    process: child,
    output: () => output,
    said: (text) => vi.waitFor(() => expect(output).toContain(text), WITHIN),
    ended: new Promise((resolve) => child.once('close', resolve)),
  }
}
const SERVE = () => [process.execPath, MAIN, 'serve', '--config', at('dockgate.yaml')]

describe('a gate that systemd has started', () => {
  let systemd: NotifySocket
  beforeEach(async () => {
    systemd = await notifySocket(folder.path)
  })
  afterEach(() => systemd.close())
  const serve = (env: NodeJS.ProcessEnv = {}) => run(SERVE(), { NOTIFY_SOCKET: systemd.path, ...env })

  it('is ready when its listeners are bound and its configuration is in force, and not before', async () => {
    configure(`[{ address: "unix://${at('gate.sock')}" }]`)
    serve()
    const place = await systemd.told('READY=1')
    expect([place, existsSync(at('gate.sock'))]).toEqual([0, true])
    expect(systemd.messages[0]).toEqual(['READY=1', `STATUS=serving generation 1 of ${at('dockgate.yaml')}`])
  })

  it('is never ready when it does not start', async () => {
    configure('[{ address: 192.0.2.1:2376 }]')
    expect([await serve().ended, systemd.messages]).toEqual([2, []])
  })

  it('says when a reload begins and ends, that of a file with a problem too', async () => {
    configure(`[{ address: "unix://${at('gate.sock')}" }]`)
    const gate = serve()
    const ready = await systemd.told('READY=1')
    gate.process.kill('SIGHUP')
    const reloading = await systemd.told('RELOADING=1', ready + 1)
    const again = await systemd.told('READY=1', reloading)
    expect(systemd.messages[again]).toContain(`STATUS=serving generation 2 of ${at('dockgate.yaml')}`)
    configure('nothing')
    gate.process.kill('SIGHUP')
    const broken = await systemd.told('RELOADING=1', again + 1)
    const kept = await systemd.told('READY=1', broken)
    expect(systemd.messages[kept]?.[1]).toMatch(/^STATUS=serving generation 2 of .*, which was changed and can NOT/)
  })

  it('says that it stops, and ends well', async () => {
    configure(`[{ address: "unix://${at('gate.sock')}" }]`)
    const gate = serve()
    await systemd.told('READY=1')
    gate.process.kill('SIGTERM')
    expect(await gate.ended).toBe(0)
    expect(systemd.messages.at(-1)).toContain('STOPPING=1')
  })

  it('answers the watchdog', async () => {
    configure(`[{ address: "unix://${at('gate.sock')}" }]`)
    const gate = serve({ WATCHDOG_USEC: '200000' })
    const first = await systemd.told('WATCHDOG=1')
    await systemd.told('WATCHDOG=1', first + 1)
    expect(gate.output()).not.toContain('ERROR')
  })
})

describe('a gate that is passed sockets', () => {
  /** Serves on this socket as descriptor 3, under this name. The caller's own end is closed. */
  function pass(server: net.Server, name: string, more: readonly net.Server[] = []): Program {
    const descriptors = [server, ...more].map((one) => (one as unknown as { _handle: { fd: number } })._handle.fd)
    const script = 'LISTEN_PID=$$ exec "$@"'
    const env = { LISTEN_FDS: String(descriptors.length), LISTEN_FDNAMES: name }
    const program = run(['sh', '-c', script, 'sh', ...SERVE()], env, descriptors)
    for (const one of [server, ...more]) one.close()
    return program
  }
  const open = async (where: net.ListenOptions) => {
    const server = net.createServer().listen(where)
    await once(server, 'listening')
    return server
  }
  const portOf = (server: net.Server) => (server.address() as AddressInfo).port
  const ask = async (options: http.RequestOptions) => {
    const request = http.get({ path: '/version', agent: false, ...options })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    return response.statusCode
  }

  it('serves on them, also who came before it was up', async () => {
    configure('[{ address: "fd://gate" }]')
    const server = await open({ port: 0, host: '127.0.0.1' })
    const port = portOf(server)
    // Waits in the backlog of the socket that the test does not accept from.
    const program = pass(server, 'gate')
    const early = ask({ port, host: '127.0.0.1' })
    await program.said(`listening on tcp://127.0.0.1:${port} (fd://gate)`)
    expect(await early).toBe(401)
  })

  it('serves TLS on them, beyond loopback too', async () => {
    const authority = createAuthority()
    const { certificate, key } = authority.issueServer({ names: ['localhost'] })
    writeFileSync(at('ca.crt'), authority.certificate)
    writeFileSync(at('server.crt'), certificate)
    writeFileSync(at('server.key'), key, { mode: 0o600 })
    configure('[{ address: "fd://gate", tls: { certificate: server.crt, key: server.key } }]')
    const server = await open({ port: 0, host: '0.0.0.0' })
    const port = portOf(server)
    await pass(server, 'gate').said(`listening on tcp://0.0.0.0:${port}`)
    const answer = execFileSync(
      'curl',
      ['-sS', '--cacert', at('ca.crt'), `https://localhost:${port}/_ping`, '-o', '/dev/null', '-w', '%{http_code}'],
      { encoding: 'utf8' },
    )
    expect(answer).toBe('401')
  })

  it('takes a unix socket of systemd-socket-activate, and its children would not inherit it', async () => {
    configure('[{ address: "fd://gate" }]')
    const activate = ['systemd-socket-activate', `--listen=${at('gate.sock')}`, '--fdname=gate', `--setenv=PATH`]
    const program = run([...activate, ...SERVE()], {})
    await program.said('Listening on')
    const answer = ask({ socketPath: at('gate.sock') })
    await program.said(`listening on unix://${at('gate.sock')} (fd://gate)`)
    expect(await answer).toBe(401)
    const flags = /^flags:\t0*(\d+)$/m.exec(readFileSync(`/proc/${program.process.pid}/fdinfo/3`, 'utf8'))?.[1] ?? ''
    const O_CLOEXEC = 0o2000000
    expect(Number.parseInt(flags, 8) & O_CLOEXEC).toBe(O_CLOEXEC)
  })

  it('refuses plain TCP beyond loopback, and serves nobody on it', async () => {
    configure('[{ address: "fd://gate" }]')
    const server = await open({ port: 0, host: '0.0.0.0' })
    const port = portOf(server)
    const program = pass(server, 'gate')
    expect(await program.ended).toBe(1)
    expect(program.output()).toContain(
      `listener fd://gate: the socket that was passed is tcp://0.0.0.0:${port}: plain TCP there would carry tokens`,
    )
    expect(program.output()).not.toContain('listening on')
  })

  it('refuses TLS on a unix socket', async () => {
    const { certificate, key } = createAuthority().issueServer({ names: ['localhost'] })
    writeFileSync(at('server.crt'), certificate)
    writeFileSync(at('server.key'), key, { mode: 0o600 })
    configure('[{ address: "fd://gate", tls: { certificate: server.crt, key: server.key } }]')
    const program = pass(await open({ path: at('gate.sock') }), 'gate')
    expect([await program.ended, program.output()]).toEqual([1, expect.stringContaining('takes no TLS; remove tls')])
  })

  it('names what was passed when the configuration wants another one', async () => {
    configure('[{ address: "fd://gate" }]')
    const program = pass(await open({ path: at('gate.sock') }), 'gates')
    expect([await program.ended, program.output()]).toEqual([
      1,
      expect.stringContaining(
        'listener fd://gate: no socket with the name "gate" was passed, but "gates"; did you mean',
      ),
    ])
  })

  it('refuses what does not listen', async () => {
    configure('[{ address: "fd://gate" }]')
    const env = { LISTEN_FDS: '1', LISTEN_FDNAMES: 'gate' }
    const program = run(['sh', '-c', 'LISTEN_PID=$$ exec "$@" 3<dockgate.yaml', 'sh', ...SERVE()], env)
    expect([await program.ended, program.output()]).toEqual([
      1,
      expect.stringContaining('what was passed is no listening stream socket; wants ListenStream='),
    ])
  })

  it('warns of one that no listener uses', async () => {
    configure('[{ address: "fd://gate" }]')
    const program = pass(await open({ path: at('a.sock') }), 'gate:other', [await open({ path: at('b.sock') })])
    await program.said('warning: systemd passed the socket "other", and no listener has the address fd://other')
  })

  it('goes on as it was when a reload wants the port of one for itself', async () => {
    configure('[{ address: "fd://gate" }]')
    const server = await open({ port: 0, host: '127.0.0.1' })
    const port = portOf(server)
    const program = pass(server, 'gate')
    await program.said('listening on')
    configure(`[{ address: "127.0.0.1:${port}" }]`)
    program.process.kill('SIGHUP')
    await program.said(`ERROR: listener 127.0.0.1:${port}: the address is taken`)
    expect(await ask({ port, host: '127.0.0.1' })).toBe(401)
  })

  it('goes on as it was when a reload turns TLS on, which takes the socket anew', async () => {
    const { certificate, key } = createAuthority().issueServer({ names: ['localhost'] })
    writeFileSync(at('server.crt'), certificate)
    writeFileSync(at('server.key'), key, { mode: 0o600 })
    configure('[{ address: "fd://gate" }]')
    const server = await open({ port: 0, host: '127.0.0.1' })
    const port = portOf(server)
    const program = pass(server, 'gate')
    await program.said('listening on')
    configure('[{ address: "fd://gate", tls: { certificate: server.crt, key: server.key } }]')
    program.process.kill('SIGHUP')
    await program.said('ERROR: listener fd://gate: the socket that systemd passed was handed out already')
    expect(await ask({ port, host: '127.0.0.1' })).toBe(401)
  })
})
