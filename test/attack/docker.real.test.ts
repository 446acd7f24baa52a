import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { archive, entry, pax } from '../inspect/archive/archives.ts'
import {
  createRoute,
  directRoute,
  docker,
  type Route,
  type RunOptions,
  temporaryDirectory,
} from '../support/docker-client.ts'
import { BASE_IMAGE, type Engine, startEngine } from '../support/engines.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

const ROLES = {
  worker:
    '{ allow: [read, exec, ContainerArchive, ContainerArchiveInfo], exec: { commands: [[ls], [cat]], environment: [CI] }, archive: { get: [/work/**], put: [/work] } }',
  builder: '{ extends: ci-build, build: { tags: ["registry.acme.io/builder/**"] } }',
  ci: '{ extends: ci-run, workload: { defaults: { memory: 2GiB, cpus: 1, pids: 1024 } } }',
}

/** What bounded roles can and cannot do with the stock client on a real engine. */
describe('bounded roles with docker on a real engine', () => {
  const folder = temporaryDirectory('bounded')
  let engine: Engine
  let gate: TestGate
  let direct: Route
  const routes = new Map<string, Route>()

  const source = path.join(folder.path, 'tree')
  const context = path.join(folder.path, 'context')

  beforeAll(async () => {
    mkdirSync(path.join(source, 'a b'), { recursive: true })
    writeFileSync(path.join(source, 'a b', 'run'), '#!/bin/sh\n', { mode: 0o750 })
    writeFileSync(path.join(source, 'gro\u00df'), 'x'.repeat(200_000))
    symlinkSync('a b/run', path.join(source, 'link'))
    mkdirSync(context)
    writeFileSync(path.join(context, 'Dockerfile'), `FROM ${BASE_IMAGE}\nCOPY f /f\nRUN test -f /f\n`)
    writeFileSync(path.join(context, 'f'), 'x')
    engine = await startEngine('old')
    gate = await startTestGate(engine.socket, ROLES)
    direct = directRoute(engine.socket, path.join(folder.path, 'direct'))
    for (const name of Object.keys(ROLES)) {
      const token = await gate.token({ role: name })
      routes.set(name, createRoute({ name, directory: path.join(folder.path, name), host: gate.urls.tcp, token }))
    }
    await docker(direct, ['run', '-d', '--name', 'box', BASE_IMAGE, 'sh', '-c', 'mkdir /work; sleep 600'])
  })
  afterAll(async () => {
    await gate?.close()
    await engine?.stop()
    folder.remove()
  })

  const as = (role: string, argv: readonly string[], options?: RunOptions) => {
    const route = routes.get(role)
    if (route === undefined) throw new Error(`no route for ${role}`)
    return docker(route, argv, options)
  }
  /** Expects that the client failed with the gate's own words. */
  const refused = async (role: string, argv: readonly string[], said: readonly string[], options?: RunOptions) => {
    const { code, stderr } = await as(role, argv, options)
    expect(code).not.toBe(0)
    for (const text of said) expect(stderr).toContain(text)
  }
  const inside = async (command: string) => (await docker(direct, ['exec', 'box', 'sh', '-c', command])).stdout
  const put = (bytes: Buffer) => ({ stdin: Readable.from([bytes]) })

  it('T82 copies a folder in and out again as it is', async () => {
    expect(await as('worker', ['cp', source, 'box:/work'])).toMatchObject({ code: 0 })
    expect(await inside('cd /work/tree; stat -c "%a %s %N" "a b/run" gro* link')).toBe(
      "750 10 a b/run\n644 200000 gro\u00df\n777 7 'link' -> 'a b/run'\n",
    )
    const back = path.join(folder.path, 'back')
    expect(await as('worker', ['cp', 'box:/work/tree/.', back])).toMatchObject({ code: 0 })
    expect(readFileSync(path.join(back, 'gro\u00df'), 'utf8')).toBe('x'.repeat(200_000))
    expect(readFileSync(path.join(back, 'link'), 'utf8')).toBe('#!/bin/sh\n')
  })

  it('T82 refuses to copy from and to where the role has nothing', async () => {
    await refused('worker', ['cp', 'box:/etc/passwd', '-'], ['asked for "/etc/passwd"', 'roles.worker.archive.get'])
    await refused('worker', ['cp', '/etc/hostname', 'box:/etc/x'], ['role "worker"', 'archive'])
    await refused('worker', ['cp', '/etc/hostname', 'box:/work/../etc/x'], ['role "worker"', 'archive'])
    expect(await inside('ls /etc')).not.toContain('x')
  })

  it.each([
    ['a name that leads out', entry({ name: '../etc/evil' }, 'evil'), '".." in its name'],
    ['a link that leads out', entry({ name: 'evil', type: '2', link: '/etc' }), 'roles.worker.archive.put'],
    ['a setuid file', entry({ name: 'evil', mode: 0o4755 }, 'evil'), 'a setuid file'],
    ['a device', entry({ name: 'evil', type: '4', major: 8 }), 'a block device'],
    [
      'a capability',
      Buffer.concat([pax({ 'SCHILY.xattr.security.capability': '\x01\0\0\x02' }), entry({ name: 'evil' })]),
      'security.capability',
    ],
  ])('T82 stops an archive at %s, and nothing behind it arrives', async (_, hostile, said) => {
    const bytes = archive(entry({ name: 'first' }, 'x'.repeat(100_000)), hostile, entry({ name: 'behind' }, 'x'))
    await refused('worker', ['cp', '-', 'box:/work'], ['dockgate: ', said], put(bytes))
    const found = await inside('ls /work /etc')
    expect(found).not.toMatch(/evil|behind/)
  })

  it('T81 runs the commands of the role with docker exec, and no other', async () => {
    expect(await as('worker', ['exec', '-e', 'CI=1', 'box', 'cat', '/etc/passwd'])).toEqual({
      stdout: 'root:x:0:0:root:/:/bin/sh\n',
      stderr: '',
      code: 0,
    })
    await refused(
      'worker',
      ['exec', 'box', 'sh', '-c', 'ls'],
      ['Cmd: asked for "sh" with 2 more', 'roles.worker.exec.commands'],
    )
    await refused(
      'worker',
      ['exec', '-u', '0', '-e', 'LD_PRELOAD=/x', '--privileged', 'box', 'ls'],
      ['User: asked for "0"', 'Privileged: asked for true', 'Env[0]: asked for "LD_PRELOAD"'],
    )
    await refused('worker', ['attach', 'box'], ['received 403'])
  })

  it('T90 builds with the classic builder under the names of the role, and no other', async () => {
    const built = await as('builder', ['build', '-q', '-t', 'registry.acme.io/builder/app', context])
    expect(built.stderr).not.toContain('dockgate')
    expect(built.code).toBe(0)
    const inspected = await as('builder', ['image', 'inspect', '-f', '{{json .RepoTags}}', built.stdout.trim()])
    expect(inspected.stdout).toBe('["registry.acme.io/builder/app:latest"]\n')
    await refused(
      'builder',
      ['build', '-t', BASE_IMAGE, '--network', 'host', context],
      ['t: asked for "docker.io/library/busybox:test"', 'networkmode: asked for "host"'],
    )
    await refused('builder', ['tag', BASE_IMAGE, 'other'], ['roles.builder.build.tags'])
  })

  it('T80 updates a container within the limits of the role, and no further', async () => {
    await docker(direct, ['rm', '-f', 'limited'])
    const run = await as('ci', ['run', '-d', '--name', 'limited', '--network', 'none', BASE_IMAGE, 'sleep', '600'])
    expect(run.stderr).toBe('')
    const limits = async () =>
      (
        await docker(direct, [
          'inspect',
          '-f',
          '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}',
          'limited',
        ])
      ).stdout
    expect(await limits()).toBe(`${2 * 1024 ** 3} 1000000000 1024\n`)
    await refused(
      'ci',
      ['update', '--pids-limit', '-1', '--restart', 'always', 'limited'],
      ['PidsLimit: asked for -1', 'RestartPolicy.Name: asked for "always"'],
    )
    expect(await limits()).toBe(`${2 * 1024 ** 3} 1000000000 1024\n`)
    expect(await as('ci', ['update', '--cpus', '0.5', '--pids-limit', '100', 'limited'])).toMatchObject({ code: 0 })
    expect(await limits()).toBe(`${2 * 1024 ** 3} 500000000 100\n`)
  })

  it('T67 makes volumes, and none of the host', async () => {
    expect(await as('ci', ['volume', 'create', 'good'])).toMatchObject({ code: 0, stdout: 'good\n' })
    const bind = ['--opt', 'type=none', '--opt', 'o=bind', '--opt', 'device=/']
    await refused(
      'ci',
      ['volume', 'create', ...bind, 'evil'],
      ['DriverOpts: asked for', 'roles.ci.workload.hostFields'],
    )
    await refused(
      'ci',
      [
        'run',
        '--rm',
        '--mount',
        'type=volume,src=evil,dst=/x,volume-opt=type=none,"volume-opt=o=bind",volume-opt=device=/',
        BASE_IMAGE,
        'ls',
        '/x',
      ],
      ['VolumeOptions.DriverConfig.Options'],
    )
    expect((await docker(direct, ['volume', 'ls', '-q'])).stdout).toBe('good\n')
  })

  it("T50 sends the client's filters in a form that the engine takes", async () => {
    const list = [
      'ps',
      '--format',
      '{{.Names}}',
      '--filter',
      'name=box',
      '--filter',
      'status=running',
      '--filter',
      'status=paused',
    ]
    expect((await as('ci', list)).stdout).toBe('box\n')
    expect(
      (await as('ci', ['images', '-q', '--filter', 'reference=no/such', '--filter', 'dangling=false'])).stdout,
    ).toBe('')
    const events = ['events', '--since', '1', '--until', '2', '--filter', 'type=container', '--filter', 'event=die']
    expect(await as('ci', events)).toEqual({ stdout: '', stderr: '', code: 0 })
    expect((await as('ci', ['ps', '--filter', 'nonsense=1'])).stderr).toContain('nonsense')
  })
})
