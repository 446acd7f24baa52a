import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

/** Each takes filters; what they mean is for the engine, and for whose objects a role sees. */
const TARGETS = [
  ['GET', '/containers/json'],
  ['GET', '/events'],
  ['GET', '/images/json'],
  ['GET', '/networks'],
  ['GET', '/volumes'],
  ['GET', '/services'],
  ['POST', '/containers/prune'],
  ['POST', '/volumes/prune'],
] as const

describe('attacks on filters', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const asked = (target: string, filters: string) => `${target}?filters=${encodeURIComponent(filters)}`

  it.each(TARGETS)('T50 refuses on %s %s what has no form of filters, and sends nothing', async (method, target) => {
    const shapes = [
      '{"label":"a"}',
      '{"label":true}',
      '{"label":[1]}',
      '{"label":{"a":"true"}}',
      '["a"]',
      'label=a',
      '1',
    ]
    for (const filters of shapes) {
      const answer = await scene.send(method, asked(target, filters))
      expectRefusal(answer, 'query-malformed')
      expect(answer.text()).toContain('the query parameter \\"filters\\" ')
    }
    await scene.nothingReached()
  })

  it.each([
    ['both forms', '{"label":["a"],"name":{"x":true}}'],
    ['a name twice', '{"label":["a"],"label":["b"]}'],
    ['a value twice', '{"label":{"a":true,"a":false}}'],
    ['a second document', '{"label":["a"]} {}'],
    ['a comment', '{"label":["a"]/**/}'],
    ['a byte order mark', '\ufeff{}'],
    ['a lone surrogate', '{"label":["\\ud800"]}'],
    ['64 KiB', `{"label":["${'a'.repeat(70_000)}"]}`],
    ['depth', '['.repeat(5_000)],
  ])('T50 refuses filters with %s', async (_, filters) => {
    expectRefusal(await scene.send('GET', asked('/containers/json', filters)), 'query-malformed', 'target-too-long')
    await scene.nothingReached()
  })

  it.each([
    ['the array form', ' {"label" : [ "a=b", "\\u0063" ]}', '{"label":["a=b","c"]}'],
    ['the map form', '{"label":{"a=b":true}}', '{"label":{"a=b":true}}'],
    ['a value that is false, which counts', '{"label":{"a=b":false}}', '{"label":{"a=b":false}}'],
    ['a filter without values', '{"label":null,"name":["x"]}', '{"label":[],"name":["x"]}'],
    ['an escaped name', '{"l\\u0061bel":["a"]}', '{"label":["a"]}'],
    ['no filters', ' null ', '{}'],
    ['names of JavaScript', '{"__proto__":{"constructor":true}}', '{"__proto__":{"constructor":true}}'],
  ])('T50 sends %s, written anew', async (_, filters, rebuilt) => {
    for (const [method, target] of TARGETS) await scene.send(method, asked(target, filters))
    expect(await scene.reachedLines()).toEqual(TARGETS.map(([method, target]) => `${method} ${asked(target, rebuilt)}`))
  })

  it('T27 T50 refuses filters twice, in other case, and in a body', async () => {
    expectRefusal(
      await scene.send('GET', '/containers/json?filters={}&filters={}'),
      'query-repeated',
      'target-malformed',
    )
    expectRefusal(await scene.send('GET', '/containers/json?filters=%7B%7D&filters=%7B%7D'), 'query-repeated')
    expectRefusal(await scene.send('GET', '/containers/json?Filters=%7B%7D'), 'query-unknown')
    const headers = ['Content-Type: application/x-www-form-urlencoded']
    expectRefusal(await scene.send('POST', '/containers/prune', { headers, body: 'filters=%7B%7D' }), 'content-type')
    await scene.nothingReached()
  })

  it('T50 writes no filter into the record', async () => {
    const answer = await scene.send('GET', asked('/containers/json', '{"label":"hunter2"}'))
    const record = await scene.record(recordId(answer))
    expect(record).toMatchObject({ operation: 'ContainerList', reason: 'query-malformed' })
    expect(JSON.stringify(record) + answer.text()).not.toContain('hunter2')
  })
})
