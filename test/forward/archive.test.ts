import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectRefusal, recordId, type Scene, startScene } from '../attack/scene.ts'
import { header } from '../inspect/archive/archives.ts'

let scene: Scene

beforeAll(async () => {
  scene = await startScene({ cp: '{ allow: [PutContainerArchive], archive: { put: ["/srv/**"] } }' })
})
afterAll(() => scene.close())

const put = (...headers: Parameters<typeof header>[0][]) =>
  scene.send('PUT', '/containers/web/archive?path=/srv', {
    role: 'cp',
    headers: ['Content-Type: application/x-tar'],
    body: Buffer.concat([...headers.map((one) => header(one)), Buffer.alloc(1024)]).toString('latin1'),
  })

it('says which entry of an archive was refused on its way, and which key allows it, in answer and record', async () => {
  scene.engine.answer(() => {})
  const answer = await put({ name: 'a' }, { name: 'su', mode: 0o4755 })
  expectRefusal(answer, 'request-not-allowed')
  expect(answer.text()).toContain('(body)[\\"su\\"]: asked for a setuid file')
  expect(await scene.record(recordId(answer))).toMatchObject({
    decision: 'deny',
    reason: 'request-not-allowed',
    refused: [{ field: '(body)["su"]', key: 'workload.privileged' }],
  })
})

it('says that an archive is malformed, not that the engine broke off', async () => {
  scene.engine.answer(() => {})
  expectRefusal(await put({ size: 'none' }), 'body-malformed')
})
