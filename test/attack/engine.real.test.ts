import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/docker-client.ts'
import { BASE_IMAGE, type Engine, startEngine } from '../support/engines.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type Endpoint, type RawAnswer, rawRequest } from '../support/raw-client.ts'

/** What the attacks rest on is shown on the engine itself, and then what the gate makes of it. */
describe('attacks on a real engine', () => {
  const folder = temporaryDirectory('attack')
  const allowed = path.join(folder.path, 'allowed')
  let engine: Engine
  let gate: TestGate
  let authorization = ''
  let containers = 0

  beforeAll(async () => {
    mkdirSync(path.join(allowed, 'inside'), { recursive: true })
    mkdirSync(path.join(folder.path, 'outside'))
    writeFileSync(path.join(folder.path, 'outside', 'secret'), 'hunter2')
    symlinkSync('../outside', path.join(allowed, 'link'))
    symlinkSync('inside', path.join(allowed, 'good'))
    engine = await startEngine('old')
    gate = await startTestGate(engine.socket, {
      ci: `{ extends: ci-run, workload: { mounts: [{ source: "${allowed}/**" }] } }`,
    })
    authorization = `Authorization: Bearer ${await gate.token({ role: 'ci' })}`
  })
  afterAll(async () => {
    await gate?.close()
    await engine?.stop()
    folder.remove()
  })

  const post = async (endpoint: Endpoint, target: string, body?: string): Promise<RawAnswer> => {
    const lines = [`POST ${target} HTTP/1.1`, 'Host: docker', authorization]
    if (body !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`)
    const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
    return (await rawRequest(endpoint, bytes, { timeoutMs: 20_000 })).answer
  }
  const get = async (target: string) => {
    const bytes = `GET ${target} HTTP/1.1\r\nHost: docker\r\n\r\n`
    return (await rawRequest(directly(), bytes)).answer.json() as Record<string, unknown>
  }
  const directly = () => ({ path: engine.socket })
  const through = () => ({ path: gate.urls.unix.slice('unix://'.length) })
  const newName = () => `c${++containers}`
  const create = (where: Endpoint, name: string, body: string) => post(where, `/containers/create?name=${name}`, body)
  const hostConfigOf = async (name: string) =>
    (await get(`/containers/${name}/json`)).HostConfig as Record<string, unknown>

  it.each([
    ['T40', '"HostConfig":{"privileged":true}'],
    ['T41', '"HostConfig":{"Privileged":false,"Privileged":true}'],
    ['T41', '"HostConfig":{"Privileged":true},"HostConfig":{}'],
    ['T42', '"HostConfig":{"Privileged":false,"PRIVILEGED":true}'],
    ['T43', '"HostConfig":{"\\u0050rivileged":true}'],
    ['T44', '"Ho\u017ftConfig":{"Privileged":true}'],
    ['T46', '"HostConfig":{"Privileged":true}} {"Image":"x"'],
    ['T78b', '"Privileged":true'],
    ['T78b', '"HostConfig":null,"Privileged":true'],
  ])('%s: the engine makes a privileged container of %s, the gate none', async (_, members) => {
    const body = `{"Image":"${BASE_IMAGE}",${members}}`
    const made = newName()
    expect((await create(directly(), made, body)).status).toBe(201)
    expect(await hostConfigOf(made)).toMatchObject({ Privileged: true })
    const refused = newName()
    expect([400, 403]).toContain((await create(through(), refused, body)).status)
    expect(await get(`/containers/${refused}/json`)).toEqual({ message: `No such container: ${refused}` })
  })

  it.each(['Bind\u017f', 'bind\u017f', 'BINDS'])(
    'T44: the engine reads %s as Binds, the gate refuses it',
    async (name) => {
      const body = `{"Image":"${BASE_IMAGE}","HostConfig":{"${name}":["/:/host"]}}`
      const made = newName()
      expect((await create(directly(), made, body)).status).toBe(201)
      expect(await hostConfigOf(made)).toMatchObject({ Binds: ['/:/host'] })
      expect((await create(through(), newName(), body)).status).toBe(403)
    },
  )

  it('T68: the engine follows a link below an allowed directory, the gate refuses what is behind it', async () => {
    const body = JSON.stringify({
      Image: BASE_IMAGE,
      Cmd: ['cat', '/x/secret'],
      HostConfig: { Binds: [`${allowed}/link:/x:ro`] },
    })
    const made = newName()
    await create(directly(), made, body)
    await post(directly(), `/containers/${made}/start`)
    await post(directly(), `/containers/${made}/wait`)
    const logs = await rawRequest(directly(), `GET /containers/${made}/logs?stdout=1 HTTP/1.1\r\nHost: docker\r\n\r\n`)
    expect(logs.answer.text()).toContain('hunter2')
    const answer = await create(through(), newName(), body)
    expect(answer.status).toBe(403)
    expect(answer.text()).toContain(`on the host it is \\"${folder.path}/outside\\"`)
  })

  it('T68: sends the directory that a link leads to, not the link', async () => {
    const made = newName()
    const body = { Image: BASE_IMAGE, HostConfig: { Binds: [`${allowed}//good/:/x:ro`] } }
    expect((await create(through(), made, JSON.stringify(body))).status).toBe(201)
    expect(await hostConfigOf(made)).toMatchObject({ Binds: [`${allowed}/inside:/x:ro`] })
  })

  it('T81: starts an exec that it saw made, and no privileged one that was made past it', async () => {
    const box = newName()
    await create(through(), box, JSON.stringify({ Image: BASE_IMAGE, Cmd: ['sleep', '600'], StopTimeout: 0 }))
    await post(through(), `/containers/${box}/start`)
    const exec = async (where: Endpoint, members: object) => {
      const body = { AttachStdout: true, Cmd: ['echo', 'ran'], ...members }
      const made = await post(where, `/containers/${box}/exec`, JSON.stringify(body))
      return (made.json() as { Id: string }).Id
    }
    const start = (id: string) => post(through(), `/exec/${id}/start`, '{"Detach":false,"Tty":false}')
    expect((await start(await exec(through(), {}))).text()).toContain('ran')
    expect((await start(await exec(directly(), {}))).text()).toContain('ran')
    const privileged = await start(await exec(directly(), { Privileged: true }))
    expect(privileged.status).toBe(403)
    expect(privileged.text()).toContain('ProcessConfig.privileged: asked for true')
  })
})
