import { describe, expect, it } from 'vitest'
import { systemEvents } from '../../../src/objects/answers/events.ts'
import { filterSequence } from '../../../src/objects/answers/filter-sequence.ts'
import { idOf, later, sightOf } from './owners.ts'
import { inChunks, textFrom } from './streams.ts'

const MINE = idOf('aa')
const THEIRS = idOf('bb')
const sight = sightOf('aa')

function event(Type: string, Action: string, ID: string, Attributes: Record<string, string> = {}) {
  return { Type, Action, Actor: { ID, Attributes }, scope: 'local', time: 1 }
}

/** Whether an owner gets the event, asked at once and later. */
async function passes(one: unknown): Promise<boolean> {
  const line = `${JSON.stringify(one)}\n`
  const sent = await textFrom(filterSequence(inChunks(line), systemEvents(sight)))
  expect(await textFrom(filterSequence(inChunks(line), systemEvents(later(sight))))).toBe(sent)
  expect(['', line]).toContain(sent)
  return sent !== ''
}

describe('the events that an owner gets', () => {
  it.each(['create', 'die', 'destroy', 'exec_create: sh -c x', 'health_status: healthy', 'checkpoint'])(
    'of containers are those of its own: %s',
    async (action) => {
      expect(await passes(event('container', action, MINE, { name: 'x' }))).toBe(true)
      expect(await passes(event('container', action, THEIRS, { name: 'x' }))).toBe(false)
      expect(await passes(event('container', action, THEIRS, { owner: 'aa' }))).toBe(true)
    },
  )

  it('of images are those that its sight says', async () => {
    expect(await passes(event('image', 'pull', 'aa/app:1', { name: 'aa/app' }))).toBe(true)
    expect(await passes(event('image', 'tag', 'sha256:0', { name: 'aa/app:2' }))).toBe(true)
    expect(await passes(event('image', 'tag', 'sha256:0', { name: 'theirs:2' }))).toBe(false)
  })

  it('of networks are those of its own networks', async () => {
    expect(await passes(event('network', 'create', 'aa', { name: 'n', type: 'bridge' }))).toBe(true)
    expect(await passes(event('network', 'destroy', 'bb', { name: 'n', type: 'bridge' }))).toBe(false)
  })

  it.each(['connect', 'disconnect'])('of networks tell only of its own containers: %s', async (action) => {
    const of = (name: string, id: string, container: string) => event('network', action, id, { name, container })
    expect(await passes(of('n', 'aa', MINE))).toBe(true)
    expect(await passes(of('n', 'aa', THEIRS))).toBe(false)
    expect(await passes(of('n', 'bb', MINE))).toBe(false)
    expect(await passes(of('bridge', '0', MINE))).toBe(true)
    expect(await passes(of('bridge', '0', THEIRS))).toBe(false)
    expect(await passes(of('n', 'aa', ''))).toBe(false)
  })

  it('of predefined networks are no others', async () => {
    expect(await passes(event('network', 'create', '0', { name: 'bridge' }))).toBe(false)
    expect(await passes(event('network', 'destroy', 'aa', { name: 'bridge' }))).toBe(false)
  })

  it('of volumes are those of its own, and of its own containers', async () => {
    expect(await passes(event('volume', 'create', 'aa', { driver: 'local' }))).toBe(true)
    expect(await passes(event('volume', 'destroy', 'bb', { driver: 'local' }))).toBe(false)
    expect(await passes(event('volume', 'mount', 'aa', { container: MINE, driver: 'local' }))).toBe(true)
    expect(await passes(event('volume', 'mount', 'aa', { container: THEIRS, driver: 'local' }))).toBe(false)
    expect(await passes(event('volume', 'unmount', 'bb', { container: MINE, driver: 'local' }))).toBe(false)
  })

  it.each(['service', 'secret', 'config'])('of a %s are those of its own', async (type) => {
    expect(await passes(event(type, 'create', 'aa', { name: 'x' }))).toBe(true)
    expect(await passes(event(type, 'remove', 'bb', { name: 'x' }))).toBe(false)
  })

  it.each(['container', 'image', 'volume', 'network', 'builder'])(
    'never tell how much a prune freed: %s',
    async (type) => {
      expect(await passes(event(type, 'prune', '', { reclaimed: '12345', owner: 'aa' }))).toBe(false)
    },
  )

  it.each(['daemon', 'plugin', 'node', 'builder', 'task', '', 'Container'])(
    'are never of the kind "%s"',
    async (type) => {
      expect(await passes(event(type, 'update', MINE, { name: 'aa', owner: 'aa' }))).toBe(false)
    },
  )

  it.each([
    ['text', '"aa"'],
    ['without an actor', { Type: 'container', Action: 'create', id: MINE }],
    ['with an actor that is text', { Type: 'container', Actor: MINE }],
    ['with an id that is no text', { Type: 'container', Actor: { ID: [MINE] } }],
  ])('are never %s', async (_, one) => {
    expect(await passes(one)).toBe(false)
  })
})
