import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-client.ts'
import { expectRefusal, recordId, type Scene, startScene, type Wish } from './scene.ts'

const EXEC = `/exec/${'a'.repeat(64)}/start`
const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']

describe('T102 a caller of whom nobody knows whose objects are his', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({
      own: '{ extends: ci-run, allow: [read, read-sensitive, run, exec, delete, "*Prune"], objects: own }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  it.each<[string, string, Wish?]>([
    ['GET', '/containers/json?all=1'],
    ['GET', '/events'],
    ['GET', '/info'],
    ['DELETE', '/containers/web'],
    ['POST', '/containers/prune'],
    ['POST', '/containers/create', { body: '{"Image":"alpine"}' }],
    ['POST', EXEC, { headers: UPGRADE, body: '{"Detach":false,"Tty":false}' }],
  ])('is refused %s %s before anything reaches the engine', async (method, target, wish = {}) => {
    const { answer } = await rawRequest(scene.tcp, scene.request(method, target, { ...wish, role: 'own' }))
    expectRefusal(answer, 'owner-unknown')
    expect((answer.json() as { message: string }).message).toContain('wants claims.owner, which is missing')
    expect(await scene.record(recordId(answer))).toMatchObject({
      decision: 'deny',
      reason: 'owner-unknown',
      role: 'own',
      status: 403,
    })
    await scene.nothingReached()
  })

  it('may agree on a version, as everybody may', async () => {
    expect((await scene.send('GET', '/_ping', { role: 'own' })).status).toBe(200)
    expect((await scene.send('GET', '/version', { role: 'own' })).status).toBe(200)
  })
})
