import { describe, expect, it } from 'vitest'
import { recognise } from '../../../src/engine/recognise.ts'
import { judgeQuery } from '../../../src/inspect/judge/query.ts'
import { PRESETS } from '../../../src/policy/profile/presets.ts'
import { compileProfile } from '../../../src/policy/profile/profile.ts'
import { CLASSIC_BUILD } from '../../support/classic-build.ts'
import { contextOf, findingsOf, malformed, query, querySent, refused, sent } from './asked.ts'

const build = (parameters: Parameters<typeof query>[0]) => `POST /v1.41/build${query(parameters)}`

const PLAIN = { ...CLASSIC_BUILD, t: 'app' }

const TAGS = 'build: {tags: ["docker.io/library/app"]}'

describe('a build', () => {
  it('takes the plain build of the docker client', () => {
    expect(querySent(TAGS, build(PLAIN), { headers: ['X-Registry-Config', 'e30='] })).toEqual({
      ...PLAIN,
      t: 'docker.io/library/app:latest',
    })
  })

  it('refuses every build where the role has no part for it', () => {
    expect(refused('', build(PLAIN))).toEqual(['(body): a build (build)'])
  })

  it('reports all that it refuses, at once', () => {
    const asked = build({
      networkmode: 'host',
      remote: 'https://evil.example/x',
      t: 'other',
      memory: '1',
      shmsize: '1',
    })
    expect(refused('build: {}', asked)).toEqual([
      'remote: "https://evil.example/x" (build.remotes)',
      'networkmode: "host" (build.entitlements)',
      'memory: 1 (build.limits.memory)',
      'shmsize: 1 (build.limits.shmSize)',
      't: "docker.io/library/other:latest" (build.tags)',
    ])
  })
})

describe('BuildKit (T93, T94)', () => {
  it('is refused with how to build instead', () => {
    const [found, ...more] = findingsOf('build: {}', build({ version: '2' }))
    expect(found).toMatchObject({ field: 'version', asked: '2 (BuildKit)', key: 'allow' })
    expect(found?.why).toContain('DOCKER_BUILDKIT=0')
    expect(more).toEqual([])
  })

  it.each([{ version: '2', session: 'abc' }, { session: 'abc' }])('is refused by its session: %j', (parameters) => {
    expect(refused('build: {}', build(parameters))).toContain("session: a BuildKit client's session (allow)")
  })

  it('is not judged where the role allows its tunnels, which are all of it', () => {
    const asked = { version: '2', session: 's', remote: 'client-session', t: 'x', networkmode: 'host', outputs: '[]' }
    expect(querySent('', build(asked), { buildkit: true })).toEqual(asked)
  })

  it('does not open the classic builder where its tunnels are allowed', () => {
    expect(refused('build: {}', build({ networkmode: 'host' }), { buildkit: true })).toHaveLength(1)
  })

  it.each(['3', '02', ' 2', '1.0', 'two'])('refuses the version %j', (version) => {
    expect(malformed('build: {}', build({ version }))).toMatch(/^query-malformed: .*"version" is neither 1 nor 2$/)
  })

  it.each(['local', 'tar', 'registry', 'image'])('refuses the output %s, unless the role lists it', (type) => {
    const outputs = JSON.stringify([{ Type: type, Attrs: { dest: '/' } }])
    expect(refused('build: {outputs: [oci]}', build({ outputs }))).toEqual([
      `outputs[0].Type: "${type}" (build.outputs)`,
    ])
    expect(querySent(`build: {outputs: [${type}]}`, build({ outputs }))).toEqual({ outputs })
  })

  it('refuses outputs under names that Go would fold', () => {
    expect(malformed('build: {outputs: ["*"]}', build({ outputs: '[{"type":"local"}]' }))).toMatch(/outputs/)
  })

  it('wants the entitlement for security options', () => {
    expect(refused('build: {}', build({ securityopt: ['', 'credentialspec=x'] }))).toEqual([
      'securityopt: "credentialspec=x" (build.entitlements)',
    ])
    sent('build: {entitlements: [security.insecure]}', build({ securityopt: 'credentialspec=x' }))
  })
})

describe('where a build reaches (T90, T95b)', () => {
  it.each([
    'https://evil.example/x.git',
    'http://169.254.169.254/latest/meta-data',
    'git@github.com:acme/app',
    'https://github.com/acme/app/../../evil/x',
    'https://github.com.evil.example/acme/app',
    'file:///etc/passwd',
    'client-session',
    '/var/lib',
  ])('refuses the context %s', (remote) => {
    expect(refused('build: {remotes: ["https://github.com/acme/*"]}', build({ remote }))).toHaveLength(1)
  })

  it('never shows credentials of a context', () => {
    const remote = 'https://user:hunter2@example.com/x'
    expect(refused('build: {}', build({ remote }))).toEqual([
      'remote: a URL with credentials or a query (build.remotes)',
    ])
  })

  it.each(['https://github.com/acme/app', 'https://github.com/acme/app.git#main:dir', 'github.com/acme/app'])(
    'takes the context %s, which the role lists',
    (remote) => {
      expect(querySent('build: {remotes: ["https://github.com/acme/*"]}', build({ remote }))).toEqual({ remote })
    },
  )

  it.each(['', 'default', 'bridge', 'none'])('takes the network %j, which asks for nothing', (networkmode) => {
    expect(querySent('build: {}', build({ networkmode }))).toEqual({ networkmode })
  })

  it.each([
    ['ci', 'networkmode: "ci" (build.networks)'],
    ['host', 'networkmode: "host" (build.entitlements)'],
    ['container:db', 'networkmode: "container:db" (workload.hostFields)'],
    ['ns:/proc/1/ns/net', 'networkmode: "ns:/proc/1/ns/net" (workload.hostFields)'],
    ['0123abcdef', 'networkmode: "0123abcdef" (build.networks)'],
  ])('refuses the network %s to a role with others', (networkmode, finding) => {
    expect(refused('build: {networks: ["team-*", "[0-9]*"]}', build({ networkmode }))).toEqual([finding])
  })

  it('does not take "*" for the networks of the host and of other containers', () => {
    expect(refused('build: {networks: ["*"]}', build({ networkmode: 'host' }))).toHaveLength(1)
    expect(refused('build: {networks: ["*"]}', build({ networkmode: 'container:x' }))).toHaveLength(1)
    sent('build: {networks: ["*"]}', build({ networkmode: '0123abcdef' }))
    sent('build: {entitlements: [network.host]}', build({ networkmode: 'host' }))
    sent('{build: {}, workload: {hostFields: [networkmode]}}', build({ networkmode: 'container:x' }))
  })

  it('takes a network that the role lists', () => {
    sent('build: {networks: ["team-*"]}', build({ networkmode: 'team-a' }))
  })

  it('refuses the parent of its cgroup, unless the role lists the field', () => {
    expect(refused('build: {}', build({ cgroupparent: '/' }))).toEqual(['cgroupparent: "/" (workload.hostFields)'])
    sent('{build: {}, workload: {hostFields: [cgroupparent]}}', build({ cgroupparent: '/' }))
  })

  it('takes host entries, which reach nothing new', () => {
    sent('build: {}', build({ extrahosts: ['a:1.2.3.4', 'b:host-gateway'] }))
  })
})

describe('what a build is given (T90)', () => {
  it('judges arguments by their names, and never shows what they say', () => {
    const buildargs = JSON.stringify({ VERSION: '1', TOKEN: 'hunter2', HTTP_PROXY: null })
    const found = refused('build: {arguments: [VERSION, "*_PROXY"]}', build({ buildargs }))
    expect(found).toEqual(['buildargs["TOKEN"]: "TOKEN" (build.arguments)'])
    expect(querySent('build: {arguments: ["*"]}', build({ buildargs }))).toEqual({ buildargs })
  })

  it.each(['{"A":1}', '[]', '{"A":"1","A":"2"}', '{"A":{}}', '{} {}', '{"\\ud800":""}', 'A=1'])(
    'refuses the arguments %s, which have no one reading',
    (buildargs) => {
      expect(malformed('build: {arguments: ["*"]}', build({ buildargs }))).toMatch(/^query-malformed: .*"buildargs"/)
    },
  )

  it('reads escaped names before it judges them', () => {
    const buildargs = '{"\\u0054OKEN":"x"}'
    expect(refused('build: {arguments: [VERSION]}', build({ buildargs }))).toHaveLength(1)
    expect(querySent('build: {arguments: [TOKEN]}', build({ buildargs }))).toEqual({ buildargs: '{"TOKEN":"x"}' })
  })

  it('may have labels where the role is no more than the preset ci-build', () => {
    const context = { ...contextOf(''), profile: compileProfile(PRESETS['ci-build'].parts) }
    const labelled = (labels: string) =>
      judgeQuery(recognise('POST', `/v1.41/build${query({ ...PLAIN, t: '', labels })}`), [], context).findings
    expect(labelled('{"org.opencontainers.image.version":"1"}')).toEqual([])
    expect(labelled('{"io.dockgate.owner":"acme/other"}')).toHaveLength(1)
  })

  it('judges labels as those of a container (T102)', () => {
    const labels = '{"io.dockgate.owner":"acme/other","team":"a"}'
    expect(refused('build: {}', build({ labels }))).toHaveLength(2)
    expect(refused('{build: {}, workload: {labels: {reserved: [team]}}}', build({ labels }))).toEqual([
      'labels["io.dockgate.owner"]: "io.dockgate.owner" (workload.labels)',
      'labels["team"]: "team" (workload.labels)',
    ])
    sent('{build: {}, workload: {labels: {}}}', build({ labels: '{"team":"a"}' }))
  })

  it('judges cache sources in their normalised form, and sends that', () => {
    const role = 'build: {cacheFrom: ["docker.io/library/*"]}'
    expect(querySent(role, build({ cachefrom: '["alpine","app:1"]' }))).toEqual({
      cachefrom: '["docker.io/library/alpine:latest","docker.io/library/app:1"]',
    })
    expect(refused(role, build({ cachefrom: '["alpine","evil.example/x"]' }))).toEqual([
      'cachefrom[1]: "evil.example/x:latest" (build.cacheFrom)',
    ])
  })

  it('takes ids for cache sources only where every image may be one', () => {
    const cachefrom = JSON.stringify([`sha256:${'a'.repeat(64)}`])
    expect(refused('build: {cacheFrom: ["docker.io/**"]}', build({ cachefrom }))).toHaveLength(1)
    expect(querySent('build: {cacheFrom: ["**"]}', build({ cachefrom }))).toEqual({ cachefrom })
  })

  it("refuses tags that the role does not list, another's among them", () => {
    const role = 'build: {tags: ["registry.acme.io/${claims.repository}/**"]}'
    const claims = { repository: 'acme/app' }
    const t = ['registry.acme.io/acme/app/web', 'registry.acme.io/acme/other/web:1', 'web']
    expect(refused(role, build({ t }), { claims })).toEqual([
      't: "registry.acme.io/acme/other/web:1" (build.tags)',
      't: "docker.io/library/web:latest" (build.tags)',
    ])
    expect(querySent(role, build({ t: t[0] ?? '' }), { claims })).toEqual({ t: 'registry.acme.io/acme/app/web:latest' })
  })

  it.each([`app@sha256:${'a'.repeat(64)}`, 'App', 'app:', 'a'.repeat(64), 'https://x/y'])(
    'refuses %s for a tag',
    (t) => {
      expect(refused('build: {tags: ["**"]}', build({ t }))).toHaveLength(1)
    },
  )
})

describe('limits of a build (T75, T90)', () => {
  const LIMITS = 'build: {limits: {memory: 1GiB, cpus: 2, shmSize: 64MiB, ulimits: {nofile: 1024, core: unlimited}}}'

  it('gives the maximum to a build that states nothing', () => {
    expect(querySent(LIMITS, build({ memory: '0', rm: '1' }))).toEqual({
      memory: String(1024 ** 3),
      rm: '1',
      cpuperiod: '100000',
      cpuquota: '200000',
    })
  })

  it('takes what is stated within the maxima', () => {
    const asked = { memory: '1024', cpuperiod: '50000', cpuquota: '100000', shmsize: '1', cpushares: '1024' }
    expect(querySent(LIMITS, build(asked))).toEqual(asked)
  })

  it('counts the quota in the period that is stated', () => {
    expect(querySent(LIMITS, build({ memory: '1', cpuperiod: '1000' }))).toMatchObject({
      cpuperiod: '1000',
      cpuquota: '2000',
    })
    expect(refused(LIMITS, build({ cpuperiod: '1000', cpuquota: '2001' }))).toEqual([
      'cpuquota: 2001 (build.limits.cpus)',
    ])
  })

  it.each([
    ['memory', '1073741825', 'memory: 1073741825 (build.limits.memory)'],
    ['memory', '-1', 'memory: -1, no limit (build.limits.memory)'],
    ['memswap', '-1', 'memswap: -1, no limit (build.limits.memorySwap)'],
    ['cpuquota', '-1', 'cpuquota: -1 (build.limits.cpus)'],
    ['cpuquota', '200001', 'cpuquota: 200001 (build.limits.cpus)'],
    ['cpuperiod', '-1', 'cpuperiod: -1 (build.limits.cpus)'],
    ['shmsize', '67108865', 'shmsize: 67108865 (build.limits.shmSize)'],
    ['cpushares', '1025', 'cpushares: "1025" (workload.hostFields)'],
  ])('refuses %s of %s', (name, value, finding) => {
    expect(refused(LIMITS, build({ [name]: value }))).toEqual([finding])
  })

  it('does not let the engine double the memory with swap beyond the maximum', () => {
    const role = 'build: {limits: {memory: 4GiB, memorySwap: 5GiB}}'
    expect(querySent(role, build({}))).toEqual({ memory: String(4 * 1024 ** 3), memswap: String(5 * 1024 ** 3) })
    expect(querySent(role, build({ memory: '1024' }))).toEqual({ memory: '1024' })
  })

  it('lets a role without limits state none, and one with unlimited everything', () => {
    expect(refused('build: {}', build({ memory: '1', cpuquota: '1000', cpuperiod: '1000' }))).toHaveLength(2)
    const asked = { memory: '-1', memswap: '-1', cpuquota: '-1', shmsize: '9999999999999' }
    const role = 'build: {limits: {memory: unlimited, memorySwap: unlimited, cpus: unlimited, shmSize: unlimited}}'
    expect(querySent(role, build(asked))).toEqual(asked)
  })

  it.each(['1g', '1e3', '0x10', '+1', '01', ' 1', '1.5', '9223372036854775808', '-9223372036854775809'])(
    'T28 refuses the memory %j, which the engine reads as 0 or in its own way',
    (memory) => {
      expect(malformed(LIMITS, build({ memory }))).toMatch(/^query-malformed: .*"memory" is no whole number$/)
    },
  )

  it('judges resource limits by their names, soft and hard', () => {
    const ulimit = (Name: string, Soft: number, Hard: number) => ({ ulimits: JSON.stringify([{ Name, Soft, Hard }]) })
    expect(refused(LIMITS, build(ulimit('nofile', 1024, 1025)))).toEqual([
      'ulimits[0].Hard: 1025 (build.limits.ulimits)',
    ])
    expect(refused(LIMITS, build(ulimit('nofile', -1, -1)))).toHaveLength(2)
    expect(refused(LIMITS, build(ulimit('nproc', 1, 1)))).toEqual(['ulimits[0].Name: "nproc" (build.limits.ulimits)'])
    expect(refused(LIMITS, build(ulimit('NOFILE', 1, 1)))).toHaveLength(1)
    sent(LIMITS, build(ulimit('core', -1, -1)))
  })

  it('refuses resource limits under names that Go would fold', () => {
    expect(malformed(LIMITS, build({ ulimits: '[{"name":"nofile","Soft":1,"Hard":1}]' }))).toMatch(
      /"ulimits" has ulimits/,
    )
  })

  it('takes processors and memory nodes away from itself', () => {
    sent('build: {}', build({ cpusetcpus: '0', cpusetmems: '0' }))
  })
})
