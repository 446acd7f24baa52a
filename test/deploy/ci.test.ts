import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import http, { type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createDemoEngine } from '../../src/demo/engine.ts'
import { createWorkspace } from '../config/workspace.ts'
import { temporaryDirectory } from '../support/docker-client.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const DEPLOY = path.join(ROOT, 'deploy/ci')
const MAIN = path.join(ROOT, 'src/cli/main.ts')
const DOCKER = execFileSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim()
const read = (name: string) => readFileSync(path.join(DEPLOY, name), 'utf8')

const folder = temporaryDirectory('ci')
let engine: Server
let issuer: Server
let gate: TestGate
let job: ReturnType<typeof temporaryDirectory>
let children: ChildProcess[]

beforeAll(async () => {
  const socket = path.join(folder.path, 'engine.sock')
  engine = createDemoEngine().listen(socket)
  await once(engine, 'listening')
  gate = await startTestGate(socket)
  issuer = http.createServer((request, response) => {
    const asked = new URL(request.url ?? '', 'http://issuer').searchParams.get('audience')
    const allowed = request.headers.authorization === 'Bearer of-the-job' && asked === 'dockgate'
    if (allowed) void gate.token().then((value) => response.end(JSON.stringify({ value })))
    else response.writeHead(400).end()
  })
  issuer.listen(0, '127.0.0.1')
  await once(issuer, 'listening')
})
afterAll(async () => {
  issuer.closeAllConnections()
  issuer.close()
  await gate.close()
  engine.closeAllConnections()
  engine.close()
  folder.remove()
})

beforeEach(() => {
  job = temporaryDirectory('job')
  children = []
  for (const name of ['bin', 'tmp', 'work']) mkdirSync(at(name))
  program('dockgate', `exec ${process.execPath} ${MAIN} "$@"`)
  program('node', `exec ${process.execPath} "$@"`)
  // What the pipeline asks of docker is noted; the engine behind the gate answers who it is.
  program('docker', `echo "docker $*"; exec ${DOCKER} info --format '{{.Name}}'`)
  writeFileSync(at('work/ca.pem'), gate.authority)
})
afterEach(async () => {
  for (const { pid } of children) {
    try {
      // The CI system ends what a job has left, all of it.
      process.kill(-(pid as number), 'SIGKILL')
    } catch {
      // Nothing is left.
    }
  }
  job.remove()
})

const at = (name: string) => path.join(job.path, name)
function program(name: string, script: string): void {
  writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${script}\n`)
  chmodSync(at(`bin/${name}`), 0o755)
}
const url = () => gate.urls.tls.replace('tcp://', 'https://')

/** Runs a command as a step of a job: in its work folder, with the variables of the step and no others. */
async function step(argv: readonly string[], env: NodeJS.ProcessEnv, bin = `${at('bin')}:/usr/bin:/bin`) {
  const [command = '', ...args] = argv
  const child = spawn(command, args, {
    cwd: at('work'),
    env: { PATH: bin, HOME: at('work'), TMPDIR: at('tmp'), DOCKER_CONTEXT: 'elsewhere', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  children.push(child)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, stdout, stderr }
}

/** What the job has left in its temporary folder. */
const leftovers = () => readdirSync(at('tmp'))

describe('the GitHub action', () => {
  const action = parse(read('github/action.yml')) as {
    inputs: Record<string, { default?: string; required?: boolean }>
    outputs: Record<string, { value: string }>
    runs: { using: string; steps: { id: string; shell: string; env: Record<string, string>; run: string }[] }
  }
  const [only] = action.runs.steps

  /** Runs the action's step with these inputs, as the runner does, and returns what it leaves for the steps behind it. */
  async function use(inputs: Record<string, string>, more: NodeJS.ProcessEnv = {}, bin?: string) {
    const env: NodeJS.ProcessEnv = {
      GITHUB_ACTION_PATH: path.join(DEPLOY, 'github'),
      GITHUB_ENV: at('env'),
      GITHUB_OUTPUT: at('output'),
      RUNNER_TEMP: at('tmp'),
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
    }
    for (const [name, value] of Object.entries(only?.env ?? {})) {
      const input = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(value)?.[1] ?? ''
      env[name] = inputs[input] ?? action.inputs[input]?.default ?? ''
    }
    const outcome = await step(['bash', '-e', '-c', only?.run ?? ''], { ...env, ...more }, bin)
    const lines = existsSync(at('env')) ? readFileSync(at('env'), 'utf8').trim().split('\n') : []
    const next = Object.fromEntries(lines.map((line) => line.split('=') as [string, string]))
    return { ...outcome, next }
  }

  it("gives the steps behind it a DOCKER_HOST that leads to the gate, with the job's token", async () => {
    const { code, stdout, stderr, next } = await use({ gate: url(), audience: 'dockgate', ca: 'ca.pem' })
    expect([code, stdout, stderr]).toEqual([0, '', ''])
    const docker = await step(['docker', 'build', '.'], next)
    expect([docker.code, docker.stdout]).toEqual([0, 'docker build .\ndockgate-demo\n'])
    expect(readFileSync(at('output'), 'utf8')).toBe(`docker-host=${next.DOCKER_HOST}\n`)
    expect(action.outputs['docker-host']?.value).toBe(`\${{ steps.${only?.id}.outputs.docker-host }}`)
  })

  it('takes the authority as text', async () => {
    const { code, next } = await use({ gate: url(), audience: 'dockgate', ca: gate.authority })
    expect([code, (await step(['docker', 'ps'], next)).stdout]).toEqual([0, 'docker ps\ndockgate-demo\n'])
  })

  it('fails with an annotation that says why, and sets nothing', async () => {
    const { code, stdout, next } = await use({ gate: url(), audience: 'dockgate' })
    expect([code, next]).toEqual([1, {}])
    expect(stdout).toMatch(/^::error::dockgate: cannot use the gate .* give that authority's certificate with --ca/)
  })

  it('says which permission the job lacks', async () => {
    const { code, stdout } = await use({ gate: url(), audience: 'dockgate' }, { ACTIONS_ID_TOKEN_REQUEST_URL: '' })
    expect([code, stdout]).toEqual([1, expect.stringContaining('permissions: { id-token: write }')])
  })

  it('installs the package where there is no dockgate', async () => {
    program('npm', `echo "$*" >../npm; mv "$0.hidden" "\${0%npm}dockgate"`)
    cpSync(at('bin/dockgate'), at('bin/npm.hidden'))
    execFileSync('rm', [at('bin/dockgate')])
    const { code } = await use({ gate: url(), audience: 'dockgate', ca: 'ca.pem', package: 'dockgate@1.2.3' })
    expect([code, readFileSync(at('npm'), 'utf8')]).toEqual([
      0,
      'install --global --no-audit --no-fund dockgate@1.2.3\n',
    ])
  })

  it('says that Node is too old', async () => {
    program('node', `if [ "$1" = --version ]; then echo v20.1.0; else exit 1; fi`)
    const { code, stdout } = await use({ gate: url(), audience: 'dockgate' })
    expect([code, stdout]).toEqual([
      1,
      '::error::dockgate needs Node 22.13 or newer, and this is v20.1.0: put actions/setup-node in front\n',
    ])
  })

  it('takes no input into its script but by the environment', () => {
    expect(only?.run).toBe('"$GITHUB_ACTION_PATH/connect.sh"')
    expect(read('github/connect.sh')).not.toContain('{{')
  })
})

describe('the GitLab template', () => {
  const template = parse(read('gitlab/dockgate.yml'))['.dockgate'] as {
    variables: Record<string, string>
    id_tokens: Record<string, { aud: string }>
    before_script: string[]
  }

  /** GitLab joins both scripts and has the shell evaluate them in a pipeline. */
  const run = async (shell: string, script: string, variables: NodeJS.ProcessEnv) => {
    const joined = [...template.before_script, script].join('\n')
    return step([shell, '-e', '-c', ': | eval "$JOB"'], { ...template.variables, ...variables, JOB: joined })
  }
  const variables = async () => ({
    DOCKGATE_URL: url(),
    DOCKGATE_TOKEN: await gate.token(),
    DOCKGATE_CA: at('work/ca.pem'),
  })

  it.each(['bash', 'sh'])(
    'gives the script a DOCKER_HOST that leads to the gate, in %s, and leaves nothing',
    async (shell) => {
      const { code, stdout } = await run(shell, 'docker build .; docker push x', await variables())
      expect([code, stdout]).toEqual([0, 'docker build .\ndockgate-demo\ndocker push x\ndockgate-demo\n'])
      await expect.poll(leftovers).toEqual([])
    },
  )

  it('keeps the exit code of the script', async () => {
    expect((await run('bash', 'exit 7', await variables())).code).toBe(7)
  })

  it('fails the job with why when the gate cannot be used, before the script', async () => {
    const { code, stdout, stderr } = await run('sh', 'echo ran', { ...(await variables()), DOCKGATE_CA: '' })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain("give that authority's certificate with --ca")
    await expect.poll(leftovers).toEqual([])
  })

  it('asks for the token under the name that it uses', () => {
    expect(template.id_tokens).toEqual({ DOCKGATE_TOKEN: { aud: '$DOCKGATE_AUDIENCE' } })
    expect(template.before_script.join()).toContain('--gitlab DOCKGATE_TOKEN')
  })
})

describe('the Jenkins pipeline', () => {
  it('runs its step with a DOCKER_HOST that leads to the gate', async () => {
    const script = /sh '''\n([^']*)'''/.exec(read('jenkins/Jenkinsfile'))?.[1]?.replaceAll('\\\\', '\\') ?? ''
    writeFileSync(at('token'), await gate.token())
    const env = { DOCKGATE_URL: url(), DOCKGATE_CA: 'ca.pem', DOCKGATE_TOKEN_FILE: at('token'), BUILD_NUMBER: '7' }
    const { code, stdout } = await step(['sh', '-xe', '-c', script], env)
    expect([code, stdout]).toEqual([0, 'docker build --tag registry.acme.io/shop:7 .\ndockgate-demo\n'])
  })

  it('has a unit for the controller whose command line works, and a cloud that uses its socket', async () => {
    const line = /^ExecStart=\/usr\/bin\/env (.*)$/m.exec(read('jenkins/dockgate-connect.service'))?.[1] ?? ''
    const socket = /--listen (\S+)/.exec(line)?.[1]
    const cloud = parse(read('jenkins/cloud.yaml')).jenkins.clouds[0].docker
    expect(cloud.dockerApi.dockerHost.uri).toBe(socket)
    const { certificate, key } = gate.certificate('operator')
    writeFileSync(at('work/cert.pem'), certificate)
    writeFileSync(at('work/key.pem'), key)
    const here = line
      .replace('https://docker.acme.io:2376', url())
      .replaceAll('/etc/dockgate-connect', at('work'))
      .replace('/run/dockgate-connect', at('tmp'))
    const { code, stdout } = await step(['bash', '-c', `${here} -- docker ps`], {})
    expect([code, stdout]).toEqual([0, 'docker ps\ndockgate-demo\n'])
  })
})

describe('the Buildkite plugin', () => {
  const settings = () => ({
    BUILDKITE_PLUGIN_DOCKGATE_GATE: url(),
    BUILDKITE_PLUGIN_DOCKGATE_AUDIENCE: 'docker.acme.io; touch ../evil',
    BUILDKITE_PLUGIN_DOCKGATE_CA: 'ca.pem',
  })
  /** The agent sources each hook in a shell of its own, and takes over the environment that it leaves. */
  const run = async (command: string, env: NodeJS.ProcessEnv) => {
    const hook = (name: string) => `. ${path.join(DEPLOY, 'buildkite/hooks', name)}`
    const before = await step(['bash', '-c', `${hook('pre-command')}; env -0 >../left`], env)
    if (before.code !== 0) return before
    const pairs = readFileSync(at('left'), 'utf8')
      .split('\0')
      .filter((line) => line !== '')
    const left = Object.fromEntries(
      pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
    const outcome = await step(['bash', '-c', command], { DOCKER_CONTEXT: undefined, ...left })
    expect(await step(['bash', '-c', hook('pre-exit')], left)).toMatchObject({ code: 0, stderr: '' })
    return outcome
  }
  beforeEach(async () => {
    writeFileSync(at('token'), await gate.token())
    program('buildkite-agent', `printf '%s\\n' "$@" >../asked; cat ../token`)
  })

  it('gives the command a DOCKER_HOST that leads to the gate, and ends with it', async () => {
    const { code, stdout } = await run('docker build .; echo "${DOCKER_CONTEXT-unset}"', settings())
    expect([code, stdout]).toEqual([0, 'docker build .\ndockgate-demo\nunset\n'])
    expect(leftovers()).toEqual([])
  })

  it('asks the agent for a token of the audience, whatever stands in it', async () => {
    await run('true', settings())
    expect(readFileSync(at('asked'), 'utf8')).toBe('oidc\nrequest-token\n--audience\ndocker.acme.io; touch ../evil\n')
    expect(existsSync(at('evil'))).toBe(false)
  })

  it('fails the step with why when there is no token', async () => {
    program('buildkite-agent', 'echo "no such job" >&2; exit 1')
    const { code, stdout, stderr } = await run('echo ran', settings())
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('--token-command ended with exit code 1: no such job')
    expect(leftovers()).toEqual([])
  })

  it('has the settings that its hooks read', () => {
    const { properties } = parse(read('buildkite/plugin.yml')).configuration
    const used = read('buildkite/hooks/pre-command').matchAll(/BUILDKITE_PLUGIN_DOCKGATE_([A-Z]+)/g)
    expect(new Set([...used].map(([, name]) => name?.toLowerCase()))).toEqual(new Set(Object.keys(properties)))
  })
})

describe('the lines for dockgate.yaml', () => {
  const blocks = [...read('README.md').matchAll(/```yaml\n(# dockgate\.yaml[^`]*)```/g)].map(([, yaml]) => yaml ?? '')

  it('are there for every CI system', () => {
    expect(blocks).toHaveLength(5)
  })

  it.each(blocks.map((yaml) => [/^ {2}(\w+):/m.exec(yaml)?.[1], yaml]))(
    'of %s load without a problem',
    (_, yaml = '') => {
      const workspace = createWorkspace()
      try {
        const listener = yaml.includes('clients-ca')
          ? SECURE
          : 'listeners: [{ address: "unix:///run/dockgate.sock" }]\n'
        if (listener === SECURE) {
          mkdirSync(path.join(workspace.directory, 'tls'))
          const { certificate, key } = gate.certificate('server')
          workspace.write('tls/server.crt', certificate)
          workspace.write('tls/server.key', key)
          workspace.write('tls/clients-ca.crt', gate.authority)
        }
        expect(workspace.problems(listener + yaml)).toEqual([])
      } finally {
        workspace.remove()
      }
    },
  )
})

const SECURE = `listeners:
  - { address: 127.0.0.1:2376, tls: { certificate: tls/server.crt, key: tls/server.key, clientAuthorities: tls/clients-ca.crt } }
`
