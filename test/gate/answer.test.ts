import { afterEach, beforeEach, expect, it } from 'vitest'
import { request, type Scene, startScene } from './scene.ts'

let scene: Scene

beforeEach(async () => {
  scene = await startScene({ bindings: ['{ role: reader, issuer: local, when: \'claims.sub == "another"\' }'] })
})
afterEach(() => scene.close())

it('says a refusal in UTF-8, and how long it is in bytes', async () => {
  const answer = await scene.send('GET /info', [await scene.bearer('zoé')])
  expect(answer.status).toBe(403)
  expect(answer.json()).toMatchObject({ message: expect.stringContaining('subject "zoé"') })
  expect(answer.header('content-length')).toBe(String(answer.body.length))
  expect(answer.body.length).toBeGreaterThan(answer.text().length)
})

it('refuses HEAD with no body, so that the connection goes on', async () => {
  const on = await scene.open()
  const bearer = await scene.bearer('zoé')
  await on.write(request('HEAD /containers/x/archive?path=/x', [bearer]))
  expect((await on.answer({ bodiless: true })).status).toBe(403)
  expect((await scene.send('GET /info', [bearer], { on })).status).toBe(403)
})
