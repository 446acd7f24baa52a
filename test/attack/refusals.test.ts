import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-client.ts'
import { expectNotAllowed, host, judgementOf, utf8 } from './judgement.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

const CREATE = '/containers/create'
const ROLES = {
  bare: '{ allow: [run, exec, create], workload: { images: ["docker.io/library/*"] } }',
  open: '{ allow: [run], workload: { images: ["docker.io/library/*"], unknownFields: ["*"], labels: {} } }',
  narrow: '{ allow: [exec], exec: { commands: any, environment: [CI] } }',
  mounter:
    '{ allow: [run], workload: { images: ["docker.io/library/*"], mounts: [{ source: "/nowhere/**" }], tmpfs: { size: 1KiB } } }',
}
/** What a terminal or a log reader would act on; the line breaks of a message, which JSON escapes, are its own. */
const ACTED_ON = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/
const HOSTILE =
  '\\r\\n  HostConfig.Privileged: allowed\\u001b[2J\\u001b]0;x\\u0007\\u202etxt\\u2028\\u0000\\u009b31m\\"}'

describe('attacks on refusals', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(ROLES)
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const bare = judgementOf(() => scene, 'bare')
  const many = (count: number, make: (index: number) => unknown) => Array.from({ length: count }, (_, i) => make(i))
  const send = (role: string, target: string, body: string | object) =>
    scene.send('POST', target, { role, body: utf8(typeof body === 'string' ? body : JSON.stringify(body)) })

  it('T79 says everything at once: query, unknown names, and every field, each with its key', async () => {
    const body = {
      Image: 'evil.io/x',
      User: 'root',
      Labels: { a: 'b' },
      HostConfig: { New: 1, CgroupParent: '/', Privileged: true, PidMode: 'host', CapAdd: ['ALL'], Binds: ['/:/x'] },
    }
    expect(await bare.refused(CREATE, body)).toEqual([
      'HostConfig.New (workload.unknownFields)',
      'HostConfig.CgroupParent (workload.hostFields)',
      'Image (workload.images)',
      'HostConfig.Privileged (workload.privileged)',
      'HostConfig.Binds[0] (workload.mounts)',
      'HostConfig.PidMode (workload.hostNamespaces)',
      'HostConfig.CapAdd[0] (workload.capabilities)',
      'User (workload.user)',
      'Labels["a"] (workload.labels)',
    ])
  })

  it('says what the query and the body ask for in one message', async () => {
    const target = '/commit?container=x&repo=evil.io/x'
    const body = { Image: 'evil.io/x' }
    const found = await judgementOf(() => scene, 'bare').refused(target, body)
    expect(found).toEqual(['repo (build.tags)', 'Image (workload.images)'])
  })

  it('writes names and keys, and no value, into the record and the message', async () => {
    const SECRET = 'hunter2'
    const body = {
      Image: 'evil.io/x',
      Env: [`TOKEN=${SECRET}`],
      Cmd: ['mysql', `-p${SECRET}`],
      Labels: { owner: SECRET },
      HostConfig: {
        LogConfig: { Type: 'splunk', Config: { 'splunk-token': SECRET } },
        StorageOpt: { key: SECRET },
        Annotations: { a: SECRET },
        Unheard: SECRET,
        [`Typed${SECRET.length}`]: { deep: SECRET },
      },
    }
    const headers = [`X-Registry-Auth: ${SECRET}`, `Cookie: ${SECRET}`, `X-Api-Key: ${SECRET}`]
    const answer = await scene.send('POST', CREATE, { role: 'bare', headers, body: JSON.stringify(body) })
    expect(await expectNotAllowed(scene, answer, 'bare')).toHaveLength(7)
    expect(answer.text() + scene.recordLines().join('\n')).not.toContain(SECRET)
    expect(scene.recordLines().join('\n')).not.toContain(scene.authorization('bare').slice(-40))
  })

  it.each([
    ['an unknown field', `{"Image":"alpine","HostConfig":{"x${HOSTILE}":1}}`],
    ['a label', `{"Image":"alpine","Labels":{"${HOSTILE}":"x"}}`],
    ['an image', `{"Image":"${HOSTILE}"}`],
    ['a bind', `{"Image":"alpine","HostConfig":{"Binds":["/${HOSTILE}:/x"]}}`],
    ['a capability', `{"Image":"alpine","HostConfig":{"CapAdd":["${HOSTILE}"]}}`],
    ['a namespace', `{"Image":"alpine","HostConfig":{"PidMode":"${HOSTILE}"}}`],
    ['a network', `{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"${HOSTILE}":{}}}}`],
    ['a port', `{"Image":"alpine","HostConfig":{"PortBindings":{"80/${HOSTILE}":[{"HostIp":"${HOSTILE}"}]}}}`],
    ['a log driver', `{"Image":"alpine","HostConfig":{"LogConfig":{"Type":"","Config":{"${HOSTILE}":"x"}}}}`],
    ['a kernel parameter', `{"Image":"alpine","HostConfig":{"Sysctls":{"${HOSTILE}":"${HOSTILE}"}}}`],
    ['a cgroup', `{"Image":"alpine","HostConfig":{"CgroupParent":"${HOSTILE}"}}`],
    ['a security option', `{"Image":"alpine","HostConfig":{"SecurityOpt":["${HOSTILE}"]}}`],
  ])('T128 shows %s as the text that it is, in the message and the record', async (_, body) => {
    const answer = await send('bare', CREATE, body)
    await expectNotAllowed(scene, answer, 'bare')
    const { message } = answer.json() as { message: string }
    const lines = message.split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) expect(line).not.toMatch(ACTED_ON)
    for (const line of scene.recordLines()) expect(line).not.toMatch(ACTED_ON)
    expect(JSON.stringify(await scene.record(recordId(answer)))).not.toMatch(/\\[nrbft]|\\u00[01]/)
  })

  it.each([
    ['a name twice', `{"x${HOSTILE}":1,"x${HOSTILE}":1}`, 'body-malformed'],
    ['a type', `{"Labels":{"${HOSTILE}":1}}`, 'body-field'],
  ] as const)('T128 shows %s that cannot be read as the text that it is', async (_, body, reason) => {
    const answer = await send('bare', CREATE, body)
    expectRefusal(answer, reason)
    expect((answer.json() as { message: string }).message).not.toMatch(ACTED_ON)
  })

  it('T128 cuts long names, in the message and the record', async () => {
    const long = 'x'.repeat(100_000)
    const bodies = [
      `{"Image":"alpine","HostConfig":{${many(16, (i) => `"${long}${i}":1`).join()}}}`,
      { Image: long, Labels: { [long]: long } },
      host({ CapAdd: [long], Binds: [`/${long}:/x`], PidMode: long, CgroupParent: long, SecurityOpt: [long] }),
      {
        Image: 'alpine',
        NetworkingConfig: { EndpointsConfig: { [long]: { DriverOpts: { [long]: 'x' }, NetworkID: long } } },
      },
    ]
    for (const body of bodies) {
      const answer = await send('bare', CREATE, body)
      await expectNotAllowed(scene, answer, 'bare')
      expect(answer.body.length).toBeLessThan(8_000)
      expect(JSON.stringify(await scene.record(recordId(answer))).length).toBeLessThan(8_000)
    }
  })

  it('T128 counts what it does not show, and keeps a record small', async () => {
    for (const [role, target, body] of [
      ['narrow', '/containers/x/exec', { Cmd: ['x'], Env: many(15_000, () => 'TOKEN=x') }],
      ['bare', CREATE, host({ CapAdd: many(15_000, () => 'ALL') })],
      ['bare', CREATE, host({ Binds: many(5_000, (i) => `/${i}:/x`) })],
    ] as const) {
      const answer = await send(role, target, body)
      expect(await expectNotAllowed(scene, answer, role)).toHaveLength(64)
      expect(answer.text()).toMatch(/\\n {2}and [1-9][0-9]+ more\\n \(record /)
      expect(answer.body.length).toBeLessThan(8_000)
      expect(JSON.stringify(await scene.record(recordId(answer))).length).toBeLessThan(8_000)
    }
  })

  it('T79 sends sixteen unknown names of a role that lists all, and refuses one more', async () => {
    const some = (count: number) => Object.fromEntries(many(count, (i) => [`Unheard${i}`, [i]]) as [string, unknown][])
    const open = judgementOf(() => scene, 'open')
    const body = { Image: 'alpine', ...some(10), HostConfig: Object.fromEntries(Object.entries(some(6))) }
    expect(await open.sent(CREATE, body)).toEqual(body)
    expect(await open.refused(CREATE, { Image: 'alpine', ...some(17) })).toEqual(['Unheard16 (workload.unknownFields)'])
    expect(await open.refused(CREATE, { ...body, HostConfig: some(2_000) })).toEqual([
      'HostConfig.Unheard6 (workload.unknownFields)',
    ])
  })

  it('T47 judges bodies of 4 MiB that cost much to look at before the client gives up', async () => {
    const labels = Object.fromEntries(many(15_000, (i) => [`${'ab'.repeat(100)}${i}`, 'x']) as [string, string][])
    const link = '/proc/self/root'.repeat(6)
    const bodies = [
      host({ Tmpfs: { '/t': 'a,'.repeat(1_900_000) } }),
      host({ Binds: [':'.repeat(3_900_000)] }),
      host({ Binds: many(9_000, (i) => `${link}/${i}:/x`) }),
      host({ Mounts: many(3_000, (i) => ({ Type: 'bind', Source: `${link}/${i}`, Target: '/x' })) }),
      host({ SecurityOpt: [`seccomp=${'xy'.repeat(1_900_000)}`] }),
      { Image: 'a.-_'.repeat(900_000) },
      { Image: 'alpine', Labels: labels },
    ]
    for (const body of bodies) {
      expectRefusal(await send('mounter', CREATE, body), 'request-not-allowed')
    }
    scene.engine.reset()
  })

  it('answers an upgrade that is refused for what it asks for as any other', async () => {
    const headers = ['Connection: Upgrade', 'Upgrade: tcp']
    const bytes = scene.request('POST', '/containers/x/attach?stream=1&stdin=1', { role: 'bare', headers })
    const exchange = await rawRequest(scene.tcp, `${bytes}${scene.request('DELETE', '/containers/smuggled')}`, {
      until: 'close',
    })
    expect(exchange.answers).toHaveLength(1)
    expect(await expectNotAllowed(scene, exchange.answer, 'bare')).toEqual(['stdin (exec.commands)'])
  })
})
