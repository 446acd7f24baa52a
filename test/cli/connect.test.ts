import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createDemoEngine } from '../../src/demo/engine.ts'
import { directRoute, docker, killGroup, startClient, temporaryDirectory } from '../support/docker-client.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type Workplace, workplace } from './program.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = temporaryDirectory('connect-cli')
let engine: Server
let gate: TestGate
let url: string
let token: string
let place: Workplace
/** Where connect makes its private folders. */
let scratch: ReturnType<typeof temporaryDirectory>

beforeAll(async () => {
  engine = createDemoEngine().listen(join(folder.path, 'engine.sock'))
  await once(engine, 'listening')
  gate = await startTestGate(join(folder.path, 'engine.sock'))
  url = gate.urls.tls.replace('tcp://', 'https://')
  token = await gate.token()
})
afterAll(async () => {
  await gate.close()
  engine.closeAllConnections()
  engine.close()
  folder.remove()
})
beforeEach(() => {
  scratch = temporaryDirectory('scratch')
  place = workplace({ TMPDIR: scratch.path, DOCKER_CONFIG: folder.path })
  writeFileSync(join(place.folder, 'ca.pem'), gate.authority)
  writeFileSync(join(place.folder, 'token'), token)
})
afterEach(async () => {
  await place.remove()
  scratch.remove()
})

const toGate = () => ['connect', url, '--ca', 'ca.pem', '--token-file', 'token']
const left = () => readdirSync(scratch.path)
const socketOf = (name: string) => join(place.folder, name)

describe('dockgate connect with a command', () => {
  const run = (...command: string[]) => place.run(...toGate(), '--', ...command)

  it("runs it with DOCKER_HOST set, and what it prints and its exit code are the command's", async () => {
    const { code, stdout, stderr } = await run(
      'sh',
      '-c',
      'docker version --format "{{.Server.Version}}"; echo err >&2; exit 7',
    )
    expect([code, stdout, stderr]).toEqual([7, '28.0.0-dockgate-demo\n', 'err\n'])
  })

  it('gives it a socket that only its user may open, and removes it at the end', async () => {
    const { stdout } = await run('sh', '-c', 's=${DOCKER_HOST#unix://}; stat -c %a "$s" "${s%/*}"; echo "$s"')
    const [socketMode, folderMode, socket] = stdout.split('\n')
    expect([socketMode, folderMode]).toEqual(['600', '700'])
    expect(existsSync(socket ?? '')).toBe(false)
    expect(left()).toEqual([])
  })

  it('leaves it no setting that leads past the socket', async () => {
    const env = {
      DOCKER_TLS_VERIFY: '1',
      DOCKER_TLS: '1',
      DOCKER_CERT_PATH: '/x',
      DOCKER_CONTEXT: 'x',
      DOCKER_HOST: 'tcp://x:1',
    }
    const running = await place.start(
      [...toGate(), '--', 'sh', '-c', 'env | grep ^DOCKER_ | sort; echo done'],
      'done',
      env,
    )
    expect(running.output()).toMatch(/^DOCKER_CONFIG=.*\nDOCKER_HOST=unix:\/\/.*\/docker\.sock\ndone\n$/)
  })

  it('passes on what it reads and half-closes', async () => {
    const child = spawn(
      'sh',
      [
        '-c',
        `cd ${place.folder}; printf 'in\\n' | ${process.execPath} ${MAIN} ${toGate().join(' ')} -- docker run -i --rm alpine cat`,
      ],
      { env: { ...process.env, TMPDIR: scratch.path } },
    )
    expect(await text(child.stdout)).toMatch(/\nin\n$/)
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const)('passes %s on to it', async (signal) => {
    const script = `trap 'echo caught; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
    const running = await place.start([...toGate(), '--', 'sh', '-c', script], 'ready')
    expect(await running.stop(signal)).toBe(9)
    expect(running.output()).toBe('ready\ncaught\n')
    expect(left()).toEqual([])
  })

  it('leaves Ctrl-C to the terminal, so that the command has it once', async () => {
    const script = `trap 'echo caught; read line; exit 9' INT; echo ready; while :; do sleep 0.05; done`
    const argv = [process.execPath, MAIN, ...toGate(), '--', 'sh', '-c', script]
    const here = { name: 'terminal', environment: { TMPDIR: scratch.path } }
    const child = startClient(here, argv, { pty: true, cwd: place.folder })
    onTestFinished(() => killGroup(child))
    const typed = new Map([
      ['ready', '\x03'],
      ['caught', 'line\n'],
    ])
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      for (const [seen, keys] of typed) {
        if (!output.includes(seen)) continue
        typed.delete(seen)
        child.stdin.write(keys)
      }
    })
    const [code] = await once(child, 'close')
    expect([code, output.match(/caught/g)]).toEqual([9, ['caught']])
  })

  it('ends as a shell does when a signal ended it', async () => {
    expect((await run('sh', '-c', 'kill -KILL $$')).code).toBe(137)
  })

  it('ends with 127 when there is no such program, and with 126 when it is none', async () => {
    const missing = await run('no-such-program')
    expect([missing.code, missing.stderr]).toEqual([127, 'dockgate: no-such-program: there is no such program\n'])
    expect((await run('/etc')).code).toBe(126)
    expect(left()).toEqual([])
  })

  it.each([
    [
      'the token',
      ['--token-command', 'echo not logged in >&2; exit 4'],
      'no token for the gate',
      'ended with exit code 4: not logged in',
    ],
    [
      'the gate',
      ['--token-command', 'echo stranger'],
      'answers with status 401: dockgate: the token is not a signed JWT',
      '',
    ],
  ])('does not run it when %s fails, and says why', async (_, how, why, more) => {
    const { code, stdout, stderr } = await place.run('connect', url, '--ca', 'ca.pem', ...how, '--', 'echo', 'ran')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^dockgate: .*\n$/)
    expect(stderr).toContain(why)
    expect(stderr).toContain(more)
    expect(left()).toEqual([])
  })

  it('does not run it when the gate is away', async () => {
    const { code, stdout, stderr } = await place.run(
      'connect',
      'https://127.0.0.1:1',
      '--token-file',
      'token',
      '--',
      'echo',
      'ran',
    )
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      'dockgate: cannot use the gate https://127.0.0.1:1: nothing listens there (connection refused); is the gate running, and the port right?\n',
    )
  })

  it('shows the token in no argument list, no message and not to the command', async () => {
    const script = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; env; docker info --format '{{.Name}}'"
    const { code, stdout, stderr } = await place.run(
      'connect',
      url,
      '--ca',
      'ca.pem',
      '--token-command',
      'cat token',
      '--',
      'sh',
      '-c',
      script,
    )
    expect([code, stdout]).toEqual([0, expect.stringContaining('dockgate-demo')])
    expect(stdout + stderr).not.toContain(token)
  })

  it('calls with a client certificate alone', async () => {
    const { certificate, key } = gate.certificate('operator')
    writeFileSync(join(place.folder, 'cert.pem'), certificate)
    writeFileSync(join(place.folder, 'key.pem'), key)
    const how = ['--ca', 'ca.pem', '--cert', 'cert.pem', '--key', 'key.pem']
    const { code, stdout } = await place.run('connect', url, ...how, '--', 'docker', 'info', '--format', '{{.Name}}')
    expect([code, stdout]).toEqual([0, 'dockgate-demo\n'])
  })

  it.each(['tcp', 'unix'] as const)('calls a gate on plain %s of this machine', async (kind) => {
    const address = gate.urls[kind].replace('tcp://', 'http://')
    const { code, stdout } = await place.run(
      'connect',
      address,
      '--token-file',
      'token',
      '--',
      'docker',
      'info',
      '--format',
      '{{.Name}}',
    )
    expect([code, stdout]).toEqual([0, 'dockgate-demo\n'])
  })
})

describe('dockgate connect without a command', () => {
  const serve = (socket: string, ...more: string[]) =>
    place.start([...toGate(), '--listen', `unix://${socketOf(socket)}`, ...more], 'SIGTERM ends it')

  it('prints a line to evaluate, serves docker, and takes the socket away at SIGTERM', async () => {
    const running = await serve('a.sock')
    expect(running.output()).toContain(`export DOCKER_HOST=unix://${socketOf('a.sock')}\n`)
    expect(statSync(socketOf('a.sock')).mode & 0o777).toBe(0o600)
    const route = directRoute(socketOf('a.sock'), socketOf('client'))
    expect(await docker(route, ['info', '--format', '{{.Name}}'])).toMatchObject({ code: 0, stdout: 'dockgate-demo\n' })
    expect(await running.stop()).toBe(0)
    expect(existsSync(socketOf('a.sock'))).toBe(false)
  })

  it('has nothing but that line on standard output, so that a script can read it', async () => {
    const script = `mkfifo lines; ${process.execPath} ${MAIN} ${toGate().join(' ')} >lines 2>log & exec 3<lines
read -r line <&3; eval "$line"; docker info --format '{{.Name}}'; kill %1; wait; cat <&3`
    const child = spawn('bash', ['-mc', script], { cwd: place.folder, env: { ...process.env, TMPDIR: scratch.path } })
    expect(await text(child.stdout)).toBe('dockgate-demo\n')
    expect(left()).toEqual([])
  })

  it('says what else to unset', async () => {
    const running = await place.start(toGate(), 'export', { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/x' })
    expect(running.output()).toContain('unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH; export DOCKER_HOST=unix://')
  })

  it('takes the place of a socket that nobody serves any more', async () => {
    const dead = await serve('a.sock')
    await dead.stop('SIGKILL')
    expect(existsSync(socketOf('a.sock'))).toBe(true)
    await serve('a.sock')
    const route = directRoute(socketOf('a.sock'), socketOf('client'))
    expect(await docker(route, ['info'])).toMatchObject({ code: 0 })
  })

  it('leaves a socket alone that somebody serves', async () => {
    const other = net.createServer().listen(socketOf('a.sock'))
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { code, stderr } = await place.run(...toGate(), '--listen', `unix://${socketOf('a.sock')}`)
    expect([code, stderr]).toEqual([1, expect.stringContaining('a.sock: another process is listening there')])
    expect(existsSync(socketOf('a.sock'))).toBe(true)
  })

  it('leaves a file alone that is no socket', async () => {
    writeFileSync(socketOf('a.sock'), 'precious')
    const { code, stderr } = await place.run(...toGate(), '--listen', `unix://${socketOf('a.sock')}`)
    expect([code, stderr]).toEqual([1, expect.stringContaining('a.sock: something that is no socket is there')])
  })

  it('prints no line when the gate cannot be used, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await place.run('connect', 'https://127.0.0.1:1', '--token-file', 'token')
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining('nothing listens there')])
    expect(left()).toEqual([])
  })

  it('tells docker that the gate is away, and goes on when it is back', async () => {
    const server = createDemoEngine().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const socket = socketOf('a.sock')
    const args = ['connect', `http://127.0.0.1:${port}`, '--token-file', 'token', '--listen', `unix://${socket}`]
    await place.start(args, 'SIGTERM ends it')
    const ps = () => docker(directRoute(socket, socketOf('client')), ['ps'])
    expect((await ps()).code).toBe(0)
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    expect(await ps()).toMatchObject({
      code: 1,
      stderr: `Error response from daemon: dockgate connect: cannot use the gate http://127.0.0.1:${port}: nothing listens there (connection refused); is the gate running, and the port right?\n`,
    })
    server.listen(port, '127.0.0.1')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    await once(server, 'listening')
    expect((await ps()).code).toBe(0)
  })
})

describe('dockgate connect --context', () => {
  const serve = (env: NodeJS.ProcessEnv = {}) =>
    place.start([...toGate(), '--listen', `unix://${socketOf('a.sock')}`, '--context', 'acme'], 'SIGTERM ends it', {
      DOCKER_CONFIG: socketOf('config'),
      ...env,
    })

  it('makes a docker context that works, and uses it again the next time', async () => {
    const first = await serve({ DOCKER_CONTEXT: 'acme' })
    expect(first.output()).toContain('use it with: docker --context acme ps')
    await first.stop()
    await serve()
    const child = spawn('docker', ['--context', 'acme', 'info', '--format', '{{.Name}}'], {
      env: { PATH: process.env.PATH, DOCKER_CONFIG: socketOf('config') },
    })
    expect(await text(child.stdout)).toBe('dockgate-demo\n')
  })

  it('leaves a context of that name for another place alone', async () => {
    const create = ['context', 'create', 'acme', '--docker', 'host=tcp://10.0.0.5:2376']
    await once(spawn('docker', create, { env: { PATH: process.env.PATH, DOCKER_CONFIG: socketOf('config') } }), 'close')
    await expect(serve()).rejects.toThrow('docker context "acme" is there already, for tcp://10.0.0.5:2376')
    expect(existsSync(socketOf('a.sock'))).toBe(false)
  })

  it('says what to run where there is no docker client', async () => {
    const running = await serve({ PATH: '/nonexistent' })
    expect(running.output()).toContain(
      `docker context create --description 'dockgate connect ${url}' --docker host=unix://${socketOf('a.sock')} -- acme`,
    )
  })
})

describe('a command line that cannot be meant', () => {
  const file = ['--token-file', 'token']
  it.each<[string, string[], string]>([
    ['no gate', [], "missing required argument 'gate'"],
    ['plain HTTP over the network', ['http://docker.acme.io:2375', ...file], 'in the clear; use https://'],
    ['nobody who calls', ['https://localhost:1'], 'say who calls: --github-actions, --gitlab VARIABLE'],
    ['two tokens', ['https://localhost:1', ...file, '--gitlab', 'T'], 'not several'],
    ['half a certificate', ['https://localhost:1', '--cert', 'cert.pem'], '--cert and --key go together'],
    ['a certificate without TLS', ['http://127.0.0.1:1', ...file, '--ca', 'ca.pem'], 'speaks no TLS'],
    [
      'an audience for a file',
      ['https://localhost:1', ...file, '--audience', 'x'],
      '--audience goes with --github-actions',
    ],
    [
      'a socket that is none',
      ['https://localhost:1', ...file, '--listen', '127.0.0.1:1'],
      'write unix:///absolute/path',
    ],
    [
      'a header that says something else',
      ['https://localhost:1', ...file, '--token-header', 'Host'],
      'X-Dockgate-Token',
    ],
    ['a relative socket', ['https://localhost:1', ...file, '--listen', 'unix://a.sock'], 'write unix:///absolute/path'],
    ['a context for a moment', ['https://localhost:1', ...file, '--context', 'x'], '--context wants --listen'],
    ['no job of GitHub', ['https://docker.acme.io', '--github-actions'], 'permissions: { id-token: write }'],
    ['no audience to be had', ['https://localhost:1', '--github-actions'], 'say --audience'],
    ['an empty command', ['https://localhost:1', '--token-command', ' '], '--token-command is empty'],
  ])('is refused with exit code 2 and the way out: %s', async (_, args, why) => {
    const { code, stdout, stderr } = await place.run('connect', ...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^dockgate: [^\n]*\n$/)
    expect(stderr).toContain(why)
  })

  it.each([
    ['--gitlab', 'wants the name of the variable'],
    ['--listen', 'write unix:///absolute/path'],
    ['--token-file', 'the file does not exist'],
  ])('does not repeat a token that stands where %s wants something else', async (option, why) => {
    const secret = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJzM2NyZXQifQ.s3cret'
    const { code, stderr } = await place.run(
      'connect',
      'https://localhost:1',
      option,
      secret,
      ...(option === '--listen' ? file : []),
      '--',
      'true',
    )
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(why)])
    expect(stderr).not.toContain('s3cret')
  })
})

it('has a help that names every way to say who calls', async () => {
  const { code, stdout } = await place.run('connect', '--help')
  expect(code).toBe(0)
  for (const option of [
    '--github-actions',
    '--gitlab',
    '--token-file',
    '--token-command',
    '--cert',
    '--ca',
    '--listen',
    '--context',
  ]) {
    expect(stdout).toContain(option)
  }
})
