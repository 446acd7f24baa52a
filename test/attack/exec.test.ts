import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import type { RawAnswer } from '../support/raw-client.ts'
import type { EngineAnswer } from '../support/recording-engine.ts'
import { expectNotAllowed, judgementOf } from './judgement.ts'
import { expectRefusal, recordId, type Scene, startScene, type Wish } from './scene.ts'

const ROLES = {
  ci: '{ extends: ci-run }',
  ci2: '{ extends: ci-run }',
  narrow: '{ allow: [exec], exec: { commands: [[npm, test]], environment: [CI] } }',
  blind: '{ allow: [exec], exec: { commands: any, users: any, environment: [CI] } }',
  attacher: '{ allow: [read, run, exec] }',
}
const EXEC = '/containers/x/exec'
const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']
const BODY = '{"Detach":false,"Tty":false}'

describe('attacks by exec', () => {
  let scene: Scene
  let made = 0
  beforeAll(async () => {
    scene = await startScene(ROLES)
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const narrow = judgementOf(() => scene, 'narrow')
  const ci = judgementOf(() => scene, 'ci')
  /** An id that no other test has. */
  const newId = () => (++made).toString(16).padStart(64, 'e')
  /** The engine makes an exec of this id, tells this of it, and starts it. */
  const engine =
    (id: string, told: EngineAnswer): EngineAnswer =>
    (request, connection) => {
      if (request.target === EXEC) return answers.json(201, { Id: id })(request, connection)
      if (request.target.startsWith('/exec/') && request.method === 'GET') return told(request, connection)
      return answers.rawStream('started')(request, connection)
    }
  const told = (config: object): EngineAnswer => answers.json(200, { ID: 'x', ProcessConfig: config })
  const PRIVILEGED = { entrypoint: 'sh', arguments: ['-c', 'x'], privileged: true, user: 'root' }
  const PLAIN = { entrypoint: 'sh', arguments: [], privileged: false, user: '' }
  const start = (id: string, wish: Wish) => scene.send('POST', `/exec/${id}/start`, { body: BODY, ...wish })
  const withToken = async (subject: string, role: string): Promise<Wish> => ({
    role: null,
    headers: [`Authorization: Bearer ${await scene.token(subject, role)}`],
  })
  const targets = () => scene.engine.requests.map(({ method, target }) => `${method} ${target}`)

  it.each([
    [{ Cmd: ['sh'] }, ['Cmd (exec.commands)']],
    [{ Cmd: ['npm'] }, ['Cmd (exec.commands)']],
    [{ Cmd: ['npm test'] }, ['Cmd (exec.commands)']],
    [{ Cmd: ['/usr/bin/npm', 'test'] }, ['Cmd (exec.commands)']],
    [{ Cmd: [] }, ['Cmd (exec.commands)']],
    [{}, ['Cmd (exec.commands)']],
    [{ Cmd: ['npm', 'test'], User: '0' }, ['User (exec.users)']],
    [{ Cmd: ['npm', 'test'], Privileged: true }, ['Privileged (exec.privileged)']],
    [{ Cmd: ['npm', 'test'], privileged: true }, ['privileged (workload.unknownFields)']],
    [{ Cmd: ['npm', 'test'], Env: ['CI=1', 'LD_PRELOAD=/x'] }, ['Env[1] (exec.environment)']],
    [{ Cmd: ['npm', 'test'], Env: ['ci=1', '=x'] }, ['Env[0] (exec.environment)', 'Env[1] (exec.environment)']],
  ])('T81 refuses %j', async (body, found) => {
    expect(await narrow.refused(EXEC, body)).toEqual(found)
  })

  it('T81 tells neither arguments nor the values of variables', async () => {
    const body = { Cmd: ['mysql', '-phunter2'], Env: ['TOKEN=hunter2'], User: 'root', Privileged: true }
    const answer = await scene.send('POST', EXEC, { role: 'narrow', body: JSON.stringify(body) })
    expect(await expectNotAllowed(scene, answer, 'narrow')).toHaveLength(4)
    expect(answer.text() + scene.recordLines().join()).not.toContain('hunter2')
  })

  it('T81 sends an exec that the role has as it is', async () => {
    const body = { Cmd: ['npm', 'test', '--', 'x'], Env: ['CI=1'], WorkingDir: '/w', Tty: true, AttachStdin: true }
    expect(await narrow.sent(EXEC, body)).toEqual(body)
    expect(await ci.sent(EXEC, { ...body, Privileged: false })).toEqual({ ...body, Privileged: false })
    expect(await ci.refused(EXEC, { ...body, Privileged: true })).toEqual(['Privileged (exec.privileged)'])
  })

  it('T81 starts what the same principal made under the same role without asking again', async () => {
    const id = newId()
    scene.engine.answer(engine(id, told(PRIVILEGED)))
    await scene.send('POST', EXEC, { role: 'narrow', body: '{"Cmd":["npm","test"]}' })
    expect((await start(id, { role: 'narrow' })).text()).toBe('started')
    expect(await scene.reachedLines()).toEqual([`POST ${EXEC}`, `POST /exec/${id}/start`])
  })

  it.each([
    ['another principal of the role', () => withToken('mallory', 'ci')],
    ['the same subject by another token', () => withToken('ci@test', 'ci')],
    ['another role that allows as much', () => Promise.resolve<Wish>({ role: 'ci2' })],
    ['an exec that was made past the gate', null],
  ])('T81 asks what %s would start, and refuses it where it is privileged', async (_, who) => {
    const id = newId()
    scene.engine.answer(engine(id, told(PRIVILEGED)))
    if (who !== null) {
      const maker: Wish = { role: 'ci', body: '{"Cmd":["sh"]}' }
      expect((await scene.send('POST', EXEC, maker)).status).toBe(201)
    }
    const wish = who === null ? { role: 'ci' } : await who()
    for (const headers of [[], UPGRADE]) {
      const answer = await start(id, { ...wish, headers: [...(wish.headers ?? []), ...headers] })
      expectRefusal(answer, 'request-not-allowed')
      expect(answer.text()).toContain('ProcessConfig.privileged: asked for true')
      expect(await scene.record(recordId(answer))).toMatchObject({
        operation: 'ExecStart',
        refused: [{ field: 'ProcessConfig.privileged', key: 'exec.privileged' }],
      })
    }
    await scene.reached()
    expect(targets().filter((line) => line.endsWith('/start'))).toEqual([])
    expect(targets().filter((line) => line.startsWith('GET /exec'))).toEqual(Array(2).fill(`GET /exec/${id}/json`))
  })

  it('T81 refuses what the engine does not tell, and starts what it tells to be allowed', async () => {
    const id = newId()
    scene.engine.answer(engine(id, told(PLAIN)))
    const answer = await start(id, { role: 'blind' })
    expectRefusal(answer, 'request-not-allowed')
    expect(answer.text()).toContain('Env: asked for what is not known')
    expect((await start(id, { role: 'ci' })).text()).toBe('started')
    const line = `GET /exec/${id}/json`
    expect(await scene.reachedLines()).toEqual([line, line, `POST /exec/${id}/start`])
  })

  it.each<readonly [string, EngineAnswer]>([
    ['no JSON', answers.bytes('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx')],
    ['a name twice', answers.bytes('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"a":1,"a":2}')],
    ['an error', answers.json(500, { message: 'x' })],
    ['nothing of the process', answers.json(200, {})],
    ['a list', answers.json(200, [])],
    ['no command', told({ privileged: false })],
    ['two megabytes', answers.json(200, { x: 'x'.repeat(2_000_000) })],
    ['a break', answers.broken('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{')],
    ['nothing at all', answers.broken()],
  ])('T81 starts nothing where the engine answers %s', async (_, answer) => {
    const id = newId()
    scene.engine.answer(engine(id, answer))
    for (const headers of [[], UPGRADE]) {
      expectRefusal(
        await start(id, { role: 'ci', headers }),
        'engine-broken',
        'engine-unreachable',
        'request-not-allowed',
      )
    }
    await scene.reached()
    expect(targets().filter((line) => line.endsWith('/start'))).toEqual([])
  })

  it('T81 hands on the answer of an engine that has no such exec', async () => {
    scene.engine.answer(answers.json(404, { message: 'No such exec instance' }))
    const answer = await start(newId(), { role: 'ci' })
    expect([answer.status, answer.text()]).toEqual([404, '{"message":"No such exec instance"}'])
  })

  it('T81 takes no id for made that stands in a refusal of the engine', async () => {
    const id = newId()
    scene.engine.answer(async (request, connection) => {
      const body = `{"message":"no such container: x","Id":"${id}"}`
      if (request.target === EXEC)
        await answers.bytes(`HTTP/1.1 404 X\r\nContent-Length: ${body.length}\r\n\r\n${body}`)(request, connection)
      else await engine(id, told(PRIVILEGED))(request, connection)
    })
    await scene.send('POST', EXEC, { role: 'ci', body: '{"Cmd":["sh"]}' })
    expectRefusal(await start(id, { role: 'ci' }), 'request-not-allowed')
  })

  it.each([
    'x',
    'e'.repeat(63),
    'e'.repeat(65),
    'E'.repeat(64),
    `${'e'.repeat(63)}g`,
    '..',
    `${'e'.repeat(64)}%2F..`,
    '%00',
  ])('T81 starts nothing of the id %s, which no engine gives', async (id) => {
    for (const headers of [[], UPGRADE]) {
      const answer = await start(id, { role: 'ci', headers })
      expectRefusal(answer, 'operation-unknown', 'target-malformed')
    }
    await scene.nothingReached()
  })

  it('T81 starts nothing for a client that left while the engine was asked', async () => {
    const id = newId()
    let tell = () => {}
    const mayTell = new Promise<void>((resolve) => {
      tell = resolve
    })
    scene.engine.answer(
      engine(id, async (request, connection) => {
        await mayTell
        await told(PLAIN)(request, connection)
      }),
    )
    const connection = await scene.open()
    await connection.write(scene.request('POST', `/exec/${id}/start`, { role: 'ci', body: BODY }))
    await scene.engine.waitForRequest(1)
    connection.destroy()
    await connection.closed()
    await scene.reached()
    tell()
    expect(await scene.reachedLines()).toEqual([`GET /exec/${id}/json`])
  })

  it.each([
    ['POST', '/containers/x/attach?stream=1&stdin=1', []],
    ['POST', '/containers/x/attach?stream=1&stdin=off', UPGRADE],
  ] as const)('T81 refuses %s %s to a role that has no commands', async (method, target, headers) => {
    const answer: RawAnswer = await scene.send(method, target, { role: 'attacher', headers })
    expectRefusal(answer, 'request-not-allowed')
    expect(answer.text()).toContain('stdin: asked for true; the role has no exec.commands')
    await scene.nothingReached()
  })

  it('T81 makes no exec by an upgrade, whatever is allowed', async () => {
    const answer = await scene.send('POST', EXEC, { role: 'ci', headers: UPGRADE, body: '{"Cmd":["sh"]}' })
    expectRefusal(answer, 'upgrade-unexpected')
    await scene.nothingReached()
  })
})
