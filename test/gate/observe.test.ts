import { afterEach, describe, expect, it } from 'vitest'
import { json } from '../support/engine-answers.ts'
import type { EngineAnswer } from '../support/recording-engine.ts'
import { frame, request, type Scene, startScene, streaming, UPGRADE } from './scene.ts'

const OBSERVES = { roles: '{ operator: { allow: [SystemInfo], observe: true } }' }
const ENFORCES = { roles: '{ operator: { allow: [SystemInfo, ContainerExec, ExecStart, ContainerAttach] } }' }
const BINDINGS = ['{ role: operator, issuer: local }']
const EXEC_ID = '0123456789abcdef'.repeat(4)

let scene: Scene
afterEach(() => scene.close())

const start = async (parts: { readonly roles: string }) => {
  scene = await startScene({ ...parts, bindings: BINDINGS })
}
const reload = (parts: { readonly roles: string }) => scene.reload({ ...parts, bindings: BINDINGS })
const lines = () => scene.engine.requests.map(({ method, target }) => `${method} ${target}`)

/** Makes an exec, and tells what it would run. */
const execs: EngineAnswer = (asked, connection) => {
  if (asked.target.endsWith('/exec')) return json(201, { Id: EXEC_ID })(asked, connection)
  const told = { ID: EXEC_ID, ProcessConfig: { entrypoint: 'sh', arguments: [], privileged: true, user: 'root' } }
  return json(200, told)(asked, connection)
}

describe('a role that observes', () => {
  it('lets through what it would refuse, and says in the record for what reason and fields', async () => {
    await start(OBSERVES)
    const bearer = await scene.bearer('ann')
    const answer = await scene.send('POST /containers/create', [bearer], {
      body: '{"Image":"alpine","HostConfig":{"Privileged":true}}',
    })
    expect(answer.status).toBe(200)
    expect(lines()).toEqual(['POST /containers/create'])
    expect(await scene.recorded({ operation: 'ContainerCreate' })).toMatchObject({
      decision: 'observe',
      reason: 'operation-not-allowed',
      role: 'operator',
      refused: expect.arrayContaining([{ field: 'HostConfig.Privileged', key: 'workload.privileged' }]),
      asked: { images: ['docker.io/library/alpine:latest'], privileged: true },
    })
  })

  it('records what it allows as allowed', async () => {
    await start(OBSERVES)
    await scene.send('GET /info', [await scene.bearer('ann')])
    expect(await scene.recorded({ operation: 'SystemInfo' })).toMatchObject({ decision: 'allow', reason: 'allowed' })
  })

  it('changes nothing that its defaults would fill in', async () => {
    await start({
      roles: '{ operator: { extends: ci-run, observe: true } }',
    })
    await scene.send('POST /containers/create', [await scene.bearer('ann')], { body: '{"Image":"alpine"}' })
    expect(JSON.parse(String((await scene.engine.waitForRequest(1)).body))).toEqual({
      Image: 'alpine',
      HostConfig: {},
    })
    expect(await scene.recorded({ operation: 'ContainerCreate' })).toMatchObject({ decision: 'allow' })
  })

  it('records what it would have refused, of a request during which the client went away', async () => {
    await start(OBSERVES)
    scene.engine.answer(streaming)
    const connection = await scene.open()
    await connection.write(request('GET /events', [await scene.bearer('ann')]))
    await scene.engine.waitForHead(1)
    connection.destroy()
    expect(await scene.recorded({ operation: 'SystemEvents' })).toMatchObject({
      decision: 'observe',
      reason: 'client-gone',
    })
  })

  it('carries an upgrade that it would refuse', async () => {
    await start(OBSERVES)
    scene.engine.answer(streaming)
    const connection = await scene.open()
    await connection.write(
      request('POST /containers/x/attach?stream=1&stdin=1&stdout=1', [await scene.bearer('ann'), ...UPGRADE]),
    )
    await connection.tunnelled('hello')
    connection.destroy()
    expect(await scene.recorded({ event: 'request', operation: 'ContainerAttach' })).toMatchObject({
      decision: 'observe',
      asked: { attachInput: true },
    })
  })
})

describe('an exec under a role that observes', () => {
  it('is not said to be refused at its start where its making was allowed', async () => {
    await start({
      roles: '{ operator: { allow: [ContainerExec, ExecStart], exec: { commands: [[sh]] }, observe: true } }',
    })
    scene.engine.answer(execs)
    const bearer = await scene.bearer('ann')
    await scene.send('POST /containers/x/exec', [bearer], { body: '{"Cmd":["sh"]}' })
    await scene.send(`POST /exec/${EXEC_ID}/start`, [bearer], { body: '{"Detach":true}' })
    expect(await scene.recorded({ operation: 'ExecStart' })).toMatchObject({ decision: 'allow' })
  })
})

describe('when a role no longer only observes', () => {
  it('the start of an exec that was made before is judged, by what the engine says that it runs', async () => {
    await start(OBSERVES)
    scene.engine.answer(execs)
    const bearer = await scene.bearer('ann')
    const made = await scene.send('POST /containers/x/exec', [bearer], { body: '{"Cmd":["sh"],"Privileged":true}' })
    expect(made.status).toBe(201)
    await reload(ENFORCES)
    scene.engine.reset()
    scene.engine.answer(execs)
    const started = await scene.send(`POST /exec/${EXEC_ID}/start`, [bearer], { body: '{"Detach":true}' })
    expect([started.status, started.text()]).toEqual([403, expect.stringContaining('exec.privileged')])
    expect(lines()).toEqual([`GET /exec/${EXEC_ID}/json`])
  })

  it('the start of an exec is judged also while the role that made it observes, and only written down', async () => {
    await start({ roles: '{ operator: { allow: [SystemInfo, ContainerExec, ExecStart], observe: true } }' })
    scene.engine.answer(execs)
    const bearer = await scene.bearer('ann')
    await scene.send('POST /containers/x/exec', [bearer], { body: '{"Cmd":["sh"]}' })
    await scene.send(`POST /exec/${EXEC_ID}/start`, [bearer], { body: '{"Detach":true}' })
    expect(await scene.recorded({ operation: 'ExecStart' })).toMatchObject({
      decision: 'observe',
      refused: expect.arrayContaining([{ field: 'ProcessConfig.privileged', key: 'exec.privileged' }]),
    })
    expect(lines()).toContain(`POST /exec/${EXEC_ID}/start`)
  })

  it('a session that it would have refused is ended, though its operation is allowed now', async () => {
    await start(OBSERVES)
    scene.engine.answer(streaming)
    const connection = await scene.open()
    const attach = 'POST /containers/x/attach?stream=1&stdout=1'
    await connection.write(request(attach, [await scene.bearer('ann'), ...UPGRADE]))
    await connection.tunnelled('hello')
    await reload(ENFORCES)
    await connection.ended()
    connection.destroy()
    expect(await scene.recorded({ event: 'session', operation: 'ContainerAttach' })).toMatchObject({
      decision: 'observe',
      reason: 'policy-changed',
    })
  })

  it('a session that it allowed goes on', async () => {
    await start({ roles: '{ operator: { allow: [SystemInfo, ContainerAttach], observe: true } }' })
    scene.engine.answer(streaming)
    const connection = await scene.open()
    const attach = 'POST /containers/x/attach?stream=1&stdout=1'
    await connection.write(request(attach, [await scene.bearer('ann'), ...UPGRADE]))
    await connection.tunnelled('hello')
    await reload(ENFORCES)
    await scene.engine.requests[0]?.connection.write(frame('still here'))
    await connection.tunnelled('still here')
    connection.destroy()
    await scene.recorded({ event: 'session', decision: 'allow', generation: 2 })
  })
})
