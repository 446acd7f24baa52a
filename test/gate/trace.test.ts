import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Scene, startScene, streaming, UPGRADE } from './scene.ts'

const ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

let scene: Scene
let bearer: string

beforeEach(async () => {
  scene = await startScene()
  bearer = await scene.bearer('ann')
})

afterEach(() => scene.close())

it("continues the caller's trace to the engine, and writes it down", async () => {
  const trace = [`Traceparent: 00-${ID}-${PARENT}-01`, 'tracestate: rojo=1']
  await scene.send('GET /info', [bearer, ...trace])
  const asked = await scene.engine.waitForRequest(1)
  expect(asked.values('traceparent')).toEqual([`00-${ID}-${PARENT}-01`])
  expect(asked.values('tracestate')).toEqual(['rojo=1'])
  expect(await scene.recorded({ operation: 'SystemInfo' })).toMatchObject({ trace: { id: ID, parent: PARENT } })
})

it('does so for what takes the connection over', async () => {
  scene.engine.answer(streaming)
  const session = await scene.open()
  const head = ['POST /containers/web/attach?stream=1 HTTP/1.1', 'Host: docker', bearer, ...UPGRADE]
  await session.write(`${[...head, `traceparent: 00-${ID}-${PARENT}-00`].join('\r\n')}\r\n\r\n`)
  expect((await scene.engine.waitForRequest(1)).values('traceparent')).toEqual([`00-${ID}-${PARENT}-00`])
})

it('writes down the trace of what it refuses', async () => {
  await scene.send('GET /info', [`traceparent: 00-${ID}-${PARENT}-01`])
  expect(await scene.recorded({ reason: 'credentials-missing' })).toMatchObject({ trace: { id: ID, parent: PARENT } })
})

it('makes no trace where there is none, or none that is valid', async () => {
  await scene.send('GET /info', [bearer])
  await scene.send('GET /version', [bearer, `traceparent: 00-${ID}-${PARENT}-zz`, 'tracestate: rojo=1'])
  await scene.engine.waitForRequest(2)
  for (const asked of scene.engine.requests) {
    expect([...asked.values('traceparent'), ...asked.values('tracestate')]).toEqual([])
  }
  expect(await scene.recorded({ operation: 'SystemVersion' })).not.toHaveProperty('trace')
})

it('does not continue a trace that the client means for one hop', async () => {
  await scene.send('GET /info', [bearer, 'Connection: traceparent', `traceparent: 00-${ID}-${PARENT}-01`])
  expect((await scene.engine.waitForRequest(1)).values('traceparent')).toEqual([])
})
