import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-client.ts'
import { host, judgementOf, utf8 } from './judgement.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

const CREATE = '/containers/create'
const START = `/exec/${'5'.repeat(64)}/start`
/** Bounds nothing but what it does not list, and fills nothing in. */
const PLAIN = '{ allow: [run, exec, create, lifecycle], workload: { images: ["docker.io/library/*"], labels: {} } }'

describe('attacks on JSON bodies', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({ plain: PLAIN })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const { refused, sentText } = judgementOf(() => scene, 'plain')
  const hostConfig = (member: string) => `{"Image":"alpine","HostConfig":{${member}}}`
  const expectBad = async (body: string, reason: 'body-malformed' | 'body-field', said: string, target = CREATE) => {
    const answer = await scene.send('POST', target, { role: 'plain', body })
    expectRefusal(answer, reason)
    expect(answer.text()).toContain(JSON.stringify(said).slice(1, -1))
    expect(await scene.record(recordId(answer))).toMatchObject({ reason, decision: 'deny', status: 400 })
    await scene.nothingReached()
  }

  it.each([
    ['T40', '"privileged":true', 'HostConfig.privileged'],
    ['T40', '"PRIVILEGED":true', 'HostConfig.PRIVILEGED'],
    ['T40', '"binds":["/:/host"]', 'HostConfig.binds'],
    ['T42', '"Privileged":false,"privileged":true', 'HostConfig.privileged'],
    ['T42', '"Binds":null,"binds":["/:/host"]', 'HostConfig.binds'],
    ['T43', '"\\u0070rivileged":true', 'HostConfig.privileged'],
    ['T44', '"Bind\u017f":["/:/host"]', 'HostConfig["Bind\u017f"]'],
    ['T44', '"\\u017fecurityOpt":["seccomp=unconfined"]', 'HostConfig["\u017fecurityOpt"]'],
    ['T44', '"Networ\u212aMode":"host"', 'HostConfig["Networ\u212aMode"]'],
    ['T49', '"__proto__":{"Privileged":true}', 'HostConfig["__proto__"]'],
    ['T49', '"constructor":{"prototype":{"Privileged":true}}', 'HostConfig.constructor'],
  ])('%s refuses {%s}, by name', async (_, member, field) => {
    expect(await refused(CREATE, hostConfig(member))).toEqual([`${field} (workload.unknownFields)`])
  })

  it.each([
    ['T40', '{"image":"alpine"}', ['image (workload.unknownFields)', 'Image (workload.images)']],
    ['T40', '{"Image":"alpine","hostConfig":{"Privileged":true}}', ['hostConfig (workload.unknownFields)']],
    [
      'T42',
      '{"Image":"alpine","HostConfig":{},"HOSTCONFIG":{"Privileged":true}}',
      ['HOSTCONFIG (workload.unknownFields)'],
    ],
    [
      'T44',
      '{"Image":"alpine","Ho\u017ftConfig":{"Privileged":true}}',
      ['["Ho\u017ftConfig"] (workload.unknownFields)'],
    ],
    ['T49', '{"Image":"alpine","__proto__":{"HostConfig":{}}}', ['["__proto__"] (workload.unknownFields)']],
  ])('%s refuses %s at the top', async (_, body, found) => {
    expect(await refused(CREATE, body)).toEqual(found)
  })

  it('T40 allows no role to send a name that the engine would read as another', async () => {
    for (const [role, status] of [
      ['plain', 403],
      ['operator', 403],
    ] as const) {
      const body = utf8(hostConfig('"privileged":true,"Bind\u017f":["/:/host"]'))
      expect((await scene.send('POST', CREATE, { role, body })).status).toBe(status)
    }
    await scene.nothingReached()
  })

  it.each([
    ['{"Image":"alpine","Image":"evil"}', 'the name "Image" a second time in one object, at byte 18'],
    ['{"Image":"a","HostConfig":{"Privileged":true},"HostConfig":{}}', 'the name "HostConfig" a second time'],
    [hostConfig('"Privileged":false,"\\u0050rivileged":true'), 'the name "Privileged" a second time'],
    [hostConfig('"Binds":[],"Binds":["/:/x"]'), 'the name "Binds" a second time'],
    ['{"Labels":{"a":"1","a":"2"}}', 'the name "a" a second time'],
    ['{"__proto__":1,"__proto__":2}', 'the name "__proto__" a second time'],
  ])('T41 refuses %s', (body, said) => expectBad(body, 'body-malformed', said))

  it('T43 T44 reads escapes before anything else, and sends the names that it read', async () => {
    expect(await sentText(CREATE, '{"\\u0049mage":"al\\u0070ine","\\u0048ostConfig":{"Priv\\u0069leged":false}}')).toBe(
      '{"Image":"alpine","HostConfig":{"Privileged":false}}',
    )
    expect(await refused(CREATE, hostConfig('"\\u0050rivileged":true'))).toEqual([
      'HostConfig.Privileged (workload.privileged)',
    ])
  })

  it('T45 tells the keys of maps apart by case, sends each as it is, and judges what they hold', async () => {
    const labels = '{"a":"1","A":"2","\u017f":"3","__proto__":"4","":"6"}'
    expect(await sentText(CREATE, `{"Image":"alpine","Labels":${labels},"HostConfig":{}}`)).toContain(labels)
    expect(await refused(CREATE, hostConfig('"Sysctls":{"Kernel.MSGMAX":"1"}'))).toEqual([
      'HostConfig.Sysctls["Kernel.MSGMAX"] (workload.sysctls)',
    ])
    await expectBad('{"Labels":{"a":1}}', 'body-field', 'Labels["a"] wants a string')
    await expectBad('{"ExposedPorts":{"80/tcp":1}}', 'body-field', 'ExposedPorts["80/tcp"] wants an object')
  })

  it.each([
    ['{"Image":"alpine"}{"HostConfig":{"Privileged":true}}', 'more behind the JSON value, at byte 18'],
    ['{"Image":"alpine"}\n{}', 'more behind the JSON value'],
    ['{"Image":"alpine"}\0', 'more behind the JSON value'],
    [`${utf8('\ufeff')}{"Image":"alpine"}`, 'a byte order mark, at byte 0'],
    ['{"Image":"alpine"/* comment */}', 'neither a comma nor the end of the object'],
    ['{"Image":"alpine",}', 'not a name in double quotes'],
    ["{'Image':'alpine'}", 'not a name in double quotes'],
    ['{"Image":"a\\xlpine"}', 'a string with an escape that JSON does not know'],
    ['{"Image":"\\ud800"}', 'a string with a lone surrogate'],
    ['{"Image":"\xff"}', 'invalid UTF-8, at byte 10'],
    ['{"Image":"al\npine"}', 'a control character in a string'],
    ['{"Image":NaN}', 'not a JSON value'],
    ['{"HostConfig":{"Memory":01}}', 'neither a comma nor the end'],
    [' ', 'no JSON value'],
    ['{"Image":', 'not a JSON value'],
    ['<xml/>', 'not a JSON value'],
  ])('T46 refuses %j', (body, said) => expectBad(body, 'body-malformed', said))

  it.each([
    [CREATE, 'null', '(body) wants an object'],
    [CREATE, '[]', '(body) wants an object'],
    [CREATE, '"x"', '(body) wants an object'],
    [CREATE, '[{"Image":"alpine"}]', '(body) wants an object'],
    [CREATE, '{"HostConfig":[]}', 'HostConfig wants an object'],
    [CREATE, '{"HostConfig":{"Privileged":"false"}}', 'HostConfig.Privileged wants true or false'],
    [CREATE, '{"HostConfig":{"Privileged":0}}', 'HostConfig.Privileged wants true or false'],
    [CREATE, '{"HostConfig":{"Binds":"/:/host"}}', 'HostConfig.Binds wants a list'],
    [CREATE, '{"HostConfig":{"Binds":[["/:/host"]]}}', 'HostConfig.Binds[0] wants a string'],
    [CREATE, '{"HostConfig":{"Mounts":{"0":{}}}}', 'HostConfig.Mounts wants a list'],
    [CREATE, '{"HostConfig":{"Mounts":[null]}}', 'HostConfig.Mounts[0] wants an object'],
    [CREATE, '{"HostConfig":{"Memory":"8"}}', 'HostConfig.Memory wants an integer of 64 bits'],
    [CREATE, '{"HostConfig":{"Memory":1e3}}', 'HostConfig.Memory wants an integer of 64 bits'],
    [CREATE, '{"HostConfig":{"Memory":9223372036854775808}}', 'HostConfig.Memory wants an integer of 64 bits'],
    ['/containers/x/exec', '{"Cmd":"sh"}', 'Cmd wants a list'],
    ['/containers/x/exec', 'null', '(body) wants an object'],
    [START, '{"Tty":"yes"}', 'Tty wants true or false'],
    ['/networks/create', '[]', '(body) wants an object'],
  ])('T46 refuses on %s the type in %s', (target, body, said) => expectBad(body, 'body-field', said, target))

  it('T46 judges a body of nothing for what it leaves out', async () => {
    for (const body of ['{}', '{"Image":null,"HostConfig":null}']) {
      expect(await refused(CREATE, body)).toEqual(['Image (workload.images)'])
    }
    const empty = scene.request('POST', CREATE, { role: 'plain', headers: ['Transfer-Encoding: chunked'] })
    for (const bytes of [scene.request('POST', CREATE, { role: 'plain' }), `${empty}0\r\n\r\n`]) {
      expectRefusal((await rawRequest(scene.tcp, bytes)).answer, 'request-not-allowed')
    }
    await scene.nothingReached()
  })

  it.each([
    ['levels', `{"Image":${'['.repeat(40)}${']'.repeat(40)}}`, 'more than 32 levels'],
    ['values', `{"Env":[${'"",'.repeat(20_000)}""]}`, 'more than 20000 values'],
    ['opening brackets', '['.repeat(1_000_000), 'more than 32 levels'],
    ['digits', `{"Memory":${'1'.repeat(1_000)}}`, 'a number of more than 64 characters'],
  ])('T47 refuses a body of many %s', (_, body, said) => expectBad(body, 'body-malformed', said))

  it('T47 refuses a body of more than 4 MiB, announced or not', async () => {
    const body = `{"Image":"${'a'.repeat(4 * 1024 * 1024)}"}`
    expectRefusal(await scene.send('POST', CREATE, { role: 'plain', body }), 'body-too-large')
    const head = scene.request('POST', CREATE, { role: 'plain', headers: ['Transfer-Encoding: chunked'] })
    const chunked = [head, `${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n']
    expectRefusal((await rawRequest(scene.tcp, chunked)).answer, 'body-too-large')
    await scene.nothingReached()
  })

  it('T48 sends numbers as they were written', async () => {
    const UNBOUNDED = '{"Image":"alpine","HostConfig":{"Memory":9223372036854775807,"CpuShares":-0,"MemorySwap":-1}}'
    expect(await sentText(CREATE, UNBOUNDED, { role: 'operator' })).toBe(UNBOUNDED)
    const body = '{"UpdateConfig":{"MaxFailureRatio":1.50e-01},"TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}'
    expect(await sentText('/services/create', body)).toBe(body)
  })

  it('T29 T46 sends what it read, not the bytes that came: no white space, no aliases, no dropped names', async () => {
    const body = ' {"name":"x","platform":"","Image" : "alpine",\r\n\t"Cmd":"ls","HostConfig":{ "DiskQuota":1 } }\n'
    expect(await sentText(CREATE, body)).toBe('{"Image":"alpine","Cmd":["ls"],"HostConfig":{}}')
    expect(await sentText(CREATE, host({ Memory: 0 }))).toBe('{"Image":"alpine","HostConfig":{"Memory":0}}')
  })

  it.each([
    ['a form', 'Content-Type: application/x-www-form-urlencoded', 'content-type'],
    ['a form of several parts', 'Content-Type: multipart/form-data; boundary=x', 'content-type'],
    ['gzip', 'Content-Encoding: gzip', 'content-encoding'],
  ] as const)('T26 T37 refuses %s where a body is dropped, and where it upgrades', async (_, header, reason) => {
    for (const target of ['/containers/x/kill', START]) {
      const upgrade = target === START ? ['Connection: Upgrade', 'Upgrade: tcp'] : []
      const answer = await scene.send('POST', target, { role: 'plain', headers: [header, ...upgrade], body: '{}' })
      expectRefusal(answer, reason)
    }
    await scene.nothingReached()
  })
})
