import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { archive, entry, pax } from '../inspect/archive/archives.ts'
import { CLASSIC_BUILD } from '../support/classic-build.ts'
import { rawRequest } from '../support/raw-client.ts'
import { expectNotAllowed } from './judgement.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

type Parameters = Readonly<Record<string, string | readonly string[]>>

const GiB = 1024 ** 3
const TAR = ['Content-Type: application/x-tar']
const CONTEXT = archive(entry({ name: 'Dockerfile' }, 'FROM alpine\nRUN true\n'))

const build = (parameters: Parameters) => {
  const pairs = Object.entries(parameters).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  )
  return `/v1.47/build?${new URLSearchParams(pairs)}`
}

const PLAIN = { ...CLASSIC_BUILD, t: 'registry.acme.io/builder/app' }

describe('attacks by build', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({
      builder:
        '{ extends: ci-build, build: { tags: ["registry.acme.io/${claims.role}/**"], networks: ["team-*"], remotes: ["https://github.com/acme/*"], arguments: [VERSION, "*_PROXY"], limits: { memory: 4GiB, memorySwap: 6GiB, cpus: 2, shmSize: 64MiB, ulimits: { nofile: 1024 } } } }',
      runner: '{ extends: ci-run }',
      kit: '{ allow: [build, buildkit], workload: { privileged: true } }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const send = (role: string, parameters: Parameters, body = CONTEXT, headers: readonly string[] = TAR) =>
    scene.send('POST', build(parameters), { role, headers, body: body.toString('latin1') })
  const refused = async (parameters: Parameters) =>
    expectNotAllowed(scene, await send('builder', parameters), 'builder')
  /** The query of the one request that reached the engine. */
  const sent = async (role: string, parameters: Parameters, headers = TAR) => {
    scene.engine.reset()
    const answer = await send(role, parameters, CONTEXT, headers)
    expect(answer.status, answer.text()).toBe(200)
    const [request, ...more] = await scene.reached()
    expect(more).toEqual([])
    expect(request?.body).toEqual(CONTEXT)
    expect(request?.values('Content-Type')).toEqual(['application/x-tar'])
    const [path, query] = (request?.target ?? '').split('?')
    expect(path).toBe('/v1.47/build')
    return [...new URLSearchParams(query)]
  }

  it('T90 sends the plain build of docker with the limits of the role, and the name as it was judged', async () => {
    expect(await sent('builder', PLAIN)).toEqual([
      ...Object.entries({
        ...PLAIN,
        cpuperiod: '100000',
        cpuquota: '200000',
        memory: String(4 * GiB),
        memswap: String(6 * GiB),
        t: 'registry.acme.io/builder/app:latest',
      }),
    ])
  })

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://github.com/acme/app/../../evil/app',
    'https://github.com/acme/%2e%2e/evil',
    'https://github.com.evil.example/acme/app',
    'https://github.com@evil.example/acme/app',
    'https://user:hunter2@github.com/acme/app',
    'https://github.com/acme/app?token=hunter2',
    'https://GitHub.com/acme/app',
    'https://github.com:8443/acme/app',
    'https:/github.com/acme/app',
    'git://github.com/acme/app',
    'git@github.com:acme/app',
    'ssh://git@github.com/acme/app',
    'file:///etc',
    'client-session',
    '/etc',
    '--upload-pack=x',
    'https://github.com/acme/app#--upload-pack=x',
    'https://github.com/acme/app#%2D-upload-pack=x',
    ' https://github.com/acme/app',
  ])('T90 refuses to fetch the context %s, as the host', async (remote) => {
    expect(await refused({ remote })).toEqual(['remote (build.remotes)'])
    expect(scene.recordLines().join('\n')).not.toContain('hunter2')
  })

  it.each([
    ['host', 'build.entitlements'],
    ['container:prod', 'workload.hostFields'],
    ['ns:/proc/1/ns/net', 'workload.hostFields'],
    ['prod', 'build.networks'],
    ['0123456789ab', 'build.networks'],
    ['Host', 'build.networks'],
    ['HOST', 'build.networks'],
  ])('T90 refuses the network %s', async (networkmode, key) => {
    expect(await refused({ networkmode })).toEqual([`networkmode (${key})`])
  })

  it.each([
    ['cgroupparent', '/', 'workload.hostFields'],
    ['cgroupparent', 'system.slice', 'workload.hostFields'],
    ['memory', '4294967297', 'build.limits.memory'],
    ['memory', '-1', 'build.limits.memory'],
    ['memswap', '-1', 'build.limits.memorySwap'],
    ['shmsize', '-1', 'build.limits.shmSize'],
    ['cpuquota', '-1', 'build.limits.cpus'],
    ['cpuperiod', '-1', 'build.limits.cpus'],
    ['cpushares', '262144', 'workload.hostFields'],
    ['securityopt', 'seccomp=unconfined', 'build.entitlements'],
    ['cachefrom', '["evil.example/x"]', 'build.cacheFrom'],
    ['buildargs', '{"NPM_TOKEN":"hunter2"}', 'build.arguments'],
    ['labels', '{"io.dockgate.owner":"hunter2"}', 'workload.labels'],
    ['labels', '{"IO.Dockgate.Owner":"hunter2"}', 'workload.labels'],
    ['ulimits', '[{"Name":"memlock","Soft":-1,"Hard":-1}]', 'build.limits.ulimits'],
    ['t', 'registry.acme.io/other/app', 'build.tags'],
    ['t', 'alpine', 'build.tags'],
    ['t', 'registry.acme.io/builder/../other/app', 'build.tags'],
  ])('T90 refuses %s=%s', async (name, value, key) => {
    const found = await refused({ [name]: value })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(new RegExp(`^${name}.* \\(${key.replace('.', '\\.')}\\)$`))
    expect(scene.recordLines().join('\n')).not.toContain('hunter2')
  })

  it.each([
    ['memory', '1e3'],
    ['memory', '0x10'],
    ['memory', '9223372036854775808'],
    ['cpuquota', ' 1'],
    ['ulimits', '[{"name":"nofile"}]'],
    ['ulimits', '{}'],
    ['buildargs', '{"A":"1","A":"2"}'],
    ['buildargs', '["A=1"]'],
    ['labels', '{"a":1}'],
    ['labels', '{} {}'],
    ['cachefrom', '"alpine"'],
    ['version', '3'],
    ['outputs', '[{"type":"local"}]'],
  ])('T28 refuses %s=%s, which the engine would read in its own way', async (name, value) => {
    expectRefusal(await send('builder', { [name]: value }), 'query-malformed')
    await scene.nothingReached()
  })

  it('T90 says all that is wrong at once, whatever the context', async () => {
    const parameters = {
      remote: 'http://10.0.0.1/x',
      networkmode: 'host',
      cgroupparent: '/',
      memory: '-1',
      t: ['alpine', 'registry.acme.io/builder/app'],
      buildargs: '{"TOKEN":"x"}',
      version: '2',
      session: 'abc',
    }
    expect(await refused(parameters)).toEqual([
      'version (allow)',
      'session (allow)',
      'remote (build.remotes)',
      'networkmode (build.entitlements)',
      'buildargs["TOKEN"] (build.arguments)',
      'memory (build.limits.memory)',
      't (build.tags)',
      'cgroupparent (workload.hostFields)',
    ])
  })

  it('T90 refuses before it asks for the context', async () => {
    const request = scene.request('POST', build({ networkmode: 'host' }), {
      role: 'builder',
      headers: [...TAR, 'Expect: 100-continue', 'Content-Length: 1000000'],
    })
    const { answers } = await rawRequest(scene.tcp, request)
    expect(answers.map(({ status }) => status)).toEqual([403])
    await scene.nothingReached()
  })

  it('T90 refuses a parameter that no engine has, and one that comes twice', async () => {
    expectRefusal(await send('builder', { entitlements: 'security.insecure' }), 'query-unknown')
    expectRefusal(await send('builder', { memory: ['1', '9999999999999'] }), 'query-repeated')
    expectRefusal(await send('builder', { Memory: '-1' }), 'query-unknown')
    await scene.nothingReached()
  })

  it('T90 takes no parameters from a form', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      expectRefusal(
        await send('builder', {}, Buffer.from('networkmode=host'), [`Content-Type: ${type}`]),
        'content-type',
      )
    }
    await scene.nothingReached()
  })

  it.each([
    ['an escape directive', '# escape=`\nFROM alpine\nRUN echo `\n  --network=host'],
    ['a frontend', '# syntax=evil.example/frontend\nFROM alpine'],
    ['a line that is continued', 'FROM alp\\\nine\nRUN --security=insecure true'],
    ['instructions for later builds', 'FROM alpine\nONBUILD RUN true'],
  ])('T91 looks for nothing in a Dockerfile with %s: the query bounds what it may do', async (_, text) => {
    const context = archive(entry({ name: 'Dockerfile' }, text))
    expect((await send('builder', PLAIN, context)).status).toBe(200)
    expect((await scene.reached())[0]?.body).toEqual(context)
  })

  it.each([
    [
      'several Dockerfiles',
      archive(entry({ name: 'Dockerfile' }, 'FROM a'), entry({ name: './Dockerfile' }, 'FROM b')),
    ],
    ['a name in a record', archive(pax({ path: 'Dockerfile' }), entry({ name: 'x' }, 'FROM a'))],
    ['names that lead out', archive(entry({ name: '../../etc/passwd' }), entry({ name: 'l', type: '2', link: '/' }))],
    ['a compression', gzipSync(CONTEXT)],
    ['no archive', Buffer.from('FROM alpine\n')],
  ])('T92 hands a context with %s to the engine as it is', async (_, context) => {
    expect((await send('builder', PLAIN, context)).status).toBe(200)
    expect((await scene.reached())[0]?.body).toEqual(context)
  })

  it.each([{ version: '2' }, { version: '2', session: 'abc' }, { session: 'abc' }])(
    'T93 refuses a build by BuildKit, and says how to build without: %j',
    async (parameters) => {
      const answer = await send('builder', parameters)
      expect(await expectNotAllowed(scene, answer, 'builder')).toEqual(
        Object.keys(parameters).map((name) => `${name} (allow)`),
      )
      expect(answer.text()).toContain('DOCKER_BUILDKIT=0 docker build')
    },
  )

  it.each(['/session', '/grpc'])(
    'T93 refuses the tunnel %s to bounded roles, and says how to build without',
    async (path) => {
      const headers = ['Connection: Upgrade', 'Upgrade: h2c', 'X-Docker-Expose-Session-Uuid: abc', 'Content-Length: 0']
      for (const role of ['builder', 'runner', 'reader']) {
        const { answer } = await rawRequest(scene.tcp, scene.request('POST', path, { role, headers }))
        expectRefusal(answer, 'operation-not-allowed')
        expect(answer.text()).toContain('DOCKER_BUILDKIT=0 docker build')
        expect(await scene.record(recordId(answer))).toMatchObject({ decision: 'deny', role })
      }
      await scene.nothingReached()
    },
  )

  it.each(['/moby.buildkit.v1.Control/Solve', '/containerd.services.content.v1.Content/Read'])(
    'T93 carries no gRPC beside the tunnels: %s',
    async (path) => {
      const headers = ['Content-Type: application/grpc', 'TE: trailers']
      expectRefusal(await scene.send('POST', path, { headers, body: '' }), 'operation-not-carried')
      await scene.nothingReached()
    },
  )

  it.each(['local', 'tar', 'oci', 'registry'])('T94 refuses the output %s', async (Type) => {
    const outputs = JSON.stringify([{ Type, Attrs: { dest: '/etc', name: 'evil.example/x' } }])
    expect(await refused({ outputs })).toEqual(['outputs[0].Type (build.outputs)'])
  })

  it('T94 judges the classic builder of a role whose BuildKit is not judged', async () => {
    const asked = { version: '2', session: 'abc', networkmode: 'host', outputs: '[{"Type":"local"}]' }
    expect(await sent('kit', asked)).toEqual(Object.entries(asked))
    const answer = await send('kit', { version: '1', networkmode: 'host' })
    expectRefusal(answer, 'request-not-allowed')
  })
})
