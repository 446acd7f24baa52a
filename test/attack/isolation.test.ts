import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { host, judgementOf } from './judgement.ts'
import { expectRefusal, type Scene, startScene } from './scene.ts'

const CREATE = '/v1.47/containers/create'

describe("attacks on a container's isolation", () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({
      ci: '{ extends: ci-run, workload: { user: nonRoot, defaults: { user: "1000:1000" }, limits: {} } }',
      filled: '{ extends: ci-run }',
      plain: '{ allow: [create], workload: { images: ["docker.io/library/*"] } }',
      newer:
        '{ allow: [create], workload: { images: ["docker.io/library/*"], unknownFields: [HostConfig.Mounts.New] } }',
      stated: '{ allow: [create], workload: { images: ["docker.io/library/*"], user: nonRoot } }',
      nothing: '{ allow: [create] }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const ci = judgementOf(() => scene, 'ci')
  const plain = judgementOf(() => scene, 'plain')

  it.each([
    ...['seccomp=unconfined', 'seccomp:unconfined', 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', 'Seccomp=unconfined'],
    ...['apparmor=unconfined', 'apparmor:unconfined', 'label=disable', 'label:disable', 'disable', 'label=type:spc_t'],
    ...['no-new-privileges=false', 'no-new-privileges:false', 'no-new-privileges=0', 'writable-cgroups=true'],
    ...['systempaths=unconfined', 'credentialspec=file://x', ''],
  ])('T71 refuses the security option %j', async (option) => {
    expect(await ci.refused(CREATE, host({ SecurityOpt: ['no-new-privileges', option] }))).toEqual([
      'HostConfig.SecurityOpt[1] (workload.securityOptions)',
    ])
  })

  it.each([
    ['MaskedPaths', []],
    ['ReadonlyPaths', []],
    ['MaskedPaths', ['/proc/kcore']],
    ['ReadonlyPaths', ['']],
  ])('T72 refuses %s %j', async (field, paths) => {
    expect(await ci.refused(CREATE, host({ [field]: paths }))).toEqual([
      `HostConfig.${field} (workload.securityOptions)`,
    ])
  })

  it("T72 leaves the engine's own paths where they are null", async () => {
    expect(await ci.sent(CREATE, host({ MaskedPaths: null }))).toEqual({
      Image: 'alpine',
      User: '1000:1000',
      HostConfig: { MaskedPaths: null },
    })
  })

  it.each([
    ['Runtime', 'runc', 'runtimes'],
    ['Sysctls', { 'kernel.core_pattern': '|/tmp/x' }, 'sysctls'],
    ['CgroupParent', '/', 'hostFields'],
    ['CgroupParent', 'system.slice', 'hostFields'],
    ['Annotations', { 'run.oci.keep_original_groups': '1' }, 'hostFields'],
    ['LogConfig', { Type: 'syslog', Config: { 'syslog-address': 'unixgram:///run/x' } }, 'logDrivers'],
    ['StorageOpt', { size: '100G' }, 'hostFields'],
    ['InitPath', '/usr/bin/evil', 'hostFields'],
    ['OomKillDisable', true, 'hostFields'],
    ['OomScoreAdj', -1000, 'hostFields'],
    ['BlkioWeight', 1000, 'hostFields'],
    ['BlkioDeviceReadBps', [{ Path: '/dev/sda', Rate: 1 }], 'hostFields'],
  ])('T73 refuses %s %j', async (field, value, key) => {
    const found = await plain.refused(CREATE, host({ [field]: value }))
    expect(found).toEqual(
      expect.arrayContaining([expect.stringMatching(`^HostConfig\\.${field}.* \\(workload\\.${key}\\)$`)]),
    )
  })

  it('T73 never tells what the options of a log driver hold', async () => {
    const Config = { 'splunk-token': 'hunter2', 'splunk-url': 'https://10.0.0.1' }
    await ci.refused(CREATE, host({ LogConfig: { Type: 'splunk', Config } }))
    const answer = await scene.send('POST', CREATE, {
      role: 'ci',
      body: JSON.stringify(host({ LogConfig: { Config } })),
    })
    expect(answer.text() + scene.recordLines().join('\n')).not.toContain('hunter2')
  })

  it('T73 lets through what reaches nothing but the container', async () => {
    const members = {
      ExtraHosts: ['a:1.2.3.4', 'host.docker.internal:host-gateway'],
      GroupAdd: ['1000'],
      Isolation: 'default',
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
    }
    expect(await ci.sent(CREATE, host(members))).toEqual({ Image: 'alpine', User: '1000:1000', HostConfig: members })
  })

  it.each(['0', '00', '0:5', '+0', '-0', 'root', 'Root', 'nobody', '0x0', ':1000', ' 1000', '4294967296', '1000\n'])(
    'T74 takes the user %j for root',
    async (User) => {
      expect(await ci.refused(CREATE, { ...host({}), User })).toEqual(['User (workload.user)'])
    },
  )

  it('T74 wants a user stated where none is filled in, and no group of root beside it', async () => {
    const stated = judgementOf(() => scene, 'stated')
    for (const User of ['', null, undefined]) {
      expect(await stated.refused(CREATE, { ...host({}), User })).toEqual(['User (workload.user)'])
    }
    expect(await stated.refused(CREATE, { ...host({ GroupAdd: ['0', 'docker'] }), User: '1' })).toEqual([
      'HostConfig.GroupAdd[0] (workload.user)',
      'HostConfig.GroupAdd[1] (workload.user)',
    ])
    expect(await plain.refused(CREATE, { ...host({}), User: '1000' })).toEqual(['User (workload.user)'])
  })

  it.each([
    '{"Image":"alpine"}',
    '{"Image":"alpine","HostConfig":null,"Labels":null}',
    '{"Image":"alpine","HostConfig":{}}',
  ])('T78 sends HostConfig as an object, with what the role fills in, for %s', async (body) => {
    const sent = await judgementOf(() => scene, 'filled').sent(CREATE, body)
    expect(sent).toMatchObject({
      Image: 'alpine',
      HostConfig: { Memory: 2 * 1024 ** 3, NanoCpus: 1e9, PidsLimit: 1024 },
    })
  })

  it.each(['{}', 'null'])('T78 refuses a create of %s', async (body) => {
    const answer = await scene.send('POST', CREATE, { role: 'filled', body })
    expectRefusal(answer, body === 'null' ? 'body-field' : 'request-not-allowed')
    await scene.nothingReached()
  })

  it('T78 refuses a create without a body, and one by a role that has no workload', async () => {
    expectRefusal(await scene.send('POST', CREATE, { role: 'filled' }), 'request-not-allowed')
    expect(await judgementOf(() => scene, 'nothing').refused(CREATE, '{}')).toEqual(['(body) (workload)'])
    expectRefusal(await scene.send('POST', CREATE, { role: 'nothing' }), 'request-not-allowed')
    await scene.nothingReached()
  })

  it.each([
    ['Privileged', true],
    ['Binds', ['/:/host']],
    ['CapAdd', ['ALL']],
    ['NetworkMode', 'host'],
    ['Memory', 9e15],
    ['Cpuset', '0'],
    ['NanoCPUs', 64e9],
  ])('T78b refuses %s at the top of the body, and says where it belongs', async (name, value) => {
    for (const HostConfig of [undefined, null, {}]) {
      const body = { Image: 'alpine', HostConfig, [name]: value }
      expect(await plain.refused(CREATE, body)).toEqual([`${name} (workload.unknownFields)`])
    }
    const answer = await scene.send('POST', CREATE, {
      role: 'plain',
      body: JSON.stringify({ Image: 'alpine', [name]: value }),
    })
    expect(answer.text()).toContain('it belongs at HostConfig.')
  })

  it('T79 refuses a field that is not known here, by name and in every place', async () => {
    const body = {
      Image: 'alpine',
      Escape: 1,
      HostConfig: { ReachTheHost: true, Mounts: [{ Type: 'volume', Target: '/x', New: {} }] },
      NetworkingConfig: { EndpointsConfig: { bridge: { Teleport: 'x' } } },
    }
    expect(await ci.refused(CREATE, body)).toEqual([
      'Escape (workload.unknownFields)',
      'HostConfig.ReachTheHost (workload.unknownFields)',
      'HostConfig.Mounts[0].New (workload.unknownFields)',
      'NetworkingConfig.EndpointsConfig["bridge"].Teleport (workload.unknownFields)',
    ])
  })

  it('T79 sends one on where the role lists it, in that place alone', async () => {
    const newer = judgementOf(() => scene, 'newer')
    const body = host({ Mounts: [{ Type: 'image', Source: 'alpine', Target: '/x', New: { a: [1] } }] })
    expect(await newer.sent(CREATE, body)).toEqual(body)
    expect(await newer.refused(CREATE, { ...body, New: 1 })).toEqual(['New (workload.unknownFields)'])
  })
})
