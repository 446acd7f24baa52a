import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/inspect/json/parse.ts'
import type { JsonValue } from '../../src/inspect/json/value.ts'
import type { Ledger } from '../../src/objects/ledger.ts'
import { createReach, findLeftovers, removeLeftover, type Which } from '../../src/objects/leftovers.ts'
import { type Outcome, reap } from '../../src/objects/reap.ts'
import type { Ask } from '../../src/objects/types.ts'
import { adoptVolumes, keepLedger } from '../../src/objects/upkeep.ts'
import { Refusal } from '../../src/refusal.ts'
import { temporaryLedger } from './temporary-ledger.ts'

const NOW = Date.parse('2026-05-06T07:08:09.000Z')
const EXPIRED: Which = { kind: 'expired', now: NOW }
const PAST = '2026-05-06T07:08:08.000Z'
const FUTURE = '2026-05-06T07:08:10.000Z'

type Answers = Record<string, unknown>

/** An engine of few words: what a path without query gets; a number is a status. Its ledger is in memory. */
function engine(answers: Answers): { asked: string[]; reach: ReturnType<typeof createReach>; ledger: Ledger } {
  const asked: string[] = []
  const ask: Ask = async (method, target) => {
    const path = target.split('?')[0] as string
    asked.push(`${method} ${method === 'DELETE' ? target : path}`)
    const found = answers[`${method} ${path}`]
    if (found instanceof Error) throw found
    if (typeof found === 'number') return { status: found, body: parseJson(Buffer.from('{"message":"no"}')) }
    if (found === undefined) return { status: method === 'DELETE' ? 204 : 404, body: null }
    return { status: 200, body: parseJson(Buffer.from(JSON.stringify(found))) as JsonValue }
  }
  const ledger = temporaryLedger()
  return { asked, reach: createReach(ask, ledger), ledger }
}

const stamps = (more: object = {}) => ({
  'io.dockgate.owner': 'k',
  'io.dockgate.record': 'r',
  'io.dockgate.expires': PAST,
  ...more,
})
const container = (Id: string, Labels: object) => ({
  Id,
  Names: [`/other/${Id}`, `/${Id}-name`],
  Labels,
  ImageID: 'sha256:i',
})
const image = (Labels: object | null = null) => ({ 'GET /images/sha256%3Ai/json': { Config: { Labels } } })
const NOTHING: Answers = {
  'GET /services': 503,
  'GET /secrets': 503,
  'GET /configs': 503,
  'GET /containers/json': [],
  'GET /networks': [],
  'GET /volumes': { Volumes: null },
  'GET /images/json': [],
}

async function found(answers: Answers, which: Which = EXPIRED): Promise<readonly string[]> {
  const { leftovers, problems } = await findLeftovers(which, engine({ ...NOTHING, ...answers }).reach)
  expect(problems).toEqual([])
  return leftovers.map(({ kind, name, owner }) => `${kind} ${name} ${owner}`)
}

describe('what is found', () => {
  test('a container that was made through the gate and whose time is over', async () => {
    expect(await found({ 'GET /containers/json': [container('c', stamps())], ...image() })).toEqual([
      'container c-name k',
    ])
  })

  test.each([
    ['its time is to come', stamps({ 'io.dockgate.expires': FUTURE }), null],
    ['its time is none that the gate writes', stamps({ 'io.dockgate.expires': '2020' }), null],
    ["it is nobody's", stamps({ 'io.dockgate.owner': '' }), null],
    ['it has no record', { 'io.dockgate.owner': 'k', 'io.dockgate.expires': PAST }, null],
    ["its stamps are its image's", stamps(), { 'io.dockgate.record': 'r' }],
    ["its end is its image's", stamps(), { 'io.dockgate.expires': PAST }],
  ])('no container where %s', async (_, labels, ofImage) => {
    expect(await found({ 'GET /containers/json': [container('c', labels)], ...image(ofImage) })).toEqual([])
  })

  test('no container whose image is gone, as nothing tells whose stamps it has', async () => {
    expect(await found({ 'GET /containers/json': [container('c', stamps())] })).toEqual([])
  })

  test('everything of an owner by the exact key, whenever it ends', async () => {
    const spec = (Name: string) => ({ ID: Name, Spec: { Name, Labels: stamps({ 'io.dockgate.expires': FUTURE }) } })
    const answers = {
      'GET /services': [spec('s')],
      'GET /networks': [
        { Id: 'n1', Name: 'n', Labels: stamps() },
        { Id: 'n2', Name: 'm', Labels: stamps({ 'io.dockgate.owner': 'K' }) },
      ],
      'GET /volumes': { Volumes: [{ Name: 'v', Labels: stamps() }] },
      'GET /secrets': [spec('x')],
      'GET /configs': [spec('y')],
    }
    const own = await found(answers, { kind: 'owner', key: 'k' })
    expect(own).toEqual(['service s k', 'network n k', 'volume v k', 'secret x k', 'config y k'])
  })

  test('unnamed volumes and images without a name, by the ledger, once each', async () => {
    const { reach, ledger } = engine({
      ...NOTHING,
      'GET /volumes': { Volumes: [{ Name: 'labelled', Labels: stamps() }] },
      'GET /volumes/labelled': { Name: 'labelled', Labels: stamps() },
      'GET /volumes/unnamed': { Name: 'unnamed', Labels: null },
      'GET /volumes/later': { Name: 'later', Labels: null },
      'GET /images/sha256%3Auntagged/json': { Id: 'sha256:untagged', RepoTags: [] },
      'GET /images/sha256%3Atagged/json': { Id: 'sha256:tagged', RepoTags: ['a:1'] },
    })
    for (const name of ['labelled', 'unnamed', 'missing']) ledger.noteVolume(name, 'k', NOW)
    ledger.noteVolume('later', 'k', NOW + 1)
    ledger.noteVolume('staying', 'k')
    for (const id of ['untagged', 'tagged', 'missing']) ledger.noteImage(`sha256:${id}`, 'k', NOW)
    ledger.noteImage('sha256:staying', 'k')
    const { leftovers } = await findLeftovers(EXPIRED, reach)
    expect(leftovers.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'volume labelled',
      'volume unnamed',
      'image sha256:untagged',
    ])
    expect(ledger.noted().images).not.toContain('sha256:missing')
    expect(ledger.noted().volumes).not.toContain('missing')
  })

  test('the rest, where one kind cannot be listed', async () => {
    const broken = { 'GET /networks': 500, 'GET /services': new Refusal('engine-broken', 'no services') }
    const { reach } = engine({ ...NOTHING, ...broken, 'GET /volumes': { Volumes: [{ Name: 'v', Labels: stamps() }] } })
    const { leftovers, problems } = await findLeftovers(EXPIRED, reach)
    expect(leftovers.map(({ name }) => name)).toEqual(['v'])
    expect(problems).toEqual([
      'no services',
      'the Docker Engine does not tell what is there (status 500 for /networks)',
    ])
  })
})

describe('what is removed', () => {
  const leftover = (kind: 'container' | 'network' | 'volume' | 'image', id: string) => ({
    kind,
    id,
    name: id,
    owner: 'k',
  })

  test('a container goes with its unnamed volumes, running or not', async () => {
    const { reach, asked } = engine({})
    expect(await removeLeftover(leftover('container', 'c'), EXPIRED, reach)).toEqual({ result: 'removed' })
    expect(asked).toEqual(['DELETE /containers/c?force=1&v=1'])
  })

  test('a container that is busy with removing itself is gone', async () => {
    const { reach } = engine({ 'DELETE /containers/c': 409 })
    expect(await removeLeftover(leftover('container', 'c'), EXPIRED, reach)).toEqual({ result: 'gone' })
  })

  test("a volume is left alone whose name has become somebody else's, or whose time is another now", async () => {
    for (const labels of [stamps({ 'io.dockgate.owner': '' }), stamps({ 'io.dockgate.expires': FUTURE }), null]) {
      const { reach, asked } = engine({ 'GET /volumes/v': { Name: 'v', Labels: labels } })
      expect(await removeLeftover(leftover('volume', 'v'), EXPIRED, reach)).toEqual({ result: 'gone' })
      expect(asked).toEqual(['GET /volumes/v'])
    }
  })

  test("of an image that another owner has too only the owner's part goes", async () => {
    const { reach, ledger, asked } = engine({})
    ledger.noteImage('sha256:1', 'k')
    ledger.noteImage('sha256:1', 'other')
    expect(await removeLeftover(leftover('image', 'sha256:1'), EXPIRED, reach)).toEqual({ result: 'removed' })
    expect(asked).toEqual([])
    expect(ledger.ownersOfImage('sha256:1')).toEqual(['other'])
  })

  test('what fails does not keep the rest', async () => {
    const networks = ['n1', 'n2', 'n3'].map((Id) => ({ Id, Name: Id, Labels: stamps() }))
    const answers = {
      'GET /networks': networks,
      'DELETE /networks/n1': 403,
      'DELETE /networks/n2': new Error('broken'),
    }
    const outcomes: Outcome[] = []
    await reap(EXPIRED, engine({ ...NOTHING, ...answers }).reach, (outcome) => outcomes.push(outcome))
    expect(outcomes.map(({ removal }) => removal)).toEqual([
      { result: 'failed', why: 'no' },
      { result: 'failed', why: 'broken' },
      { result: 'removed' },
    ])
  })
})

describe('the ledger', () => {
  test('loses what the engine has no more, and nothing that was made since it was listed', async () => {
    const { reach, ledger } = engine({
      ...NOTHING,
      'GET /images/json': [{ Id: 'sha256:listed', RepoTags: ['listed:1'], RepoDigests: [] }],
      'GET /volumes': { Volumes: [{ Name: 'listed' }] },
      'GET /images/sha256%3Anew/json': { Id: 'sha256:new' },
      'GET /images/docker.io/library/new:1/json': { Id: 'sha256:new' },
      'GET /volumes/new': { Name: 'new' },
      'GET /volumes/unsure': 500,
    })
    for (const name of ['listed', 'new', 'gone', 'unsure']) {
      ledger.noteImage(`sha256:${name}`, 'k')
      ledger.noteReference(`docker.io/library/${name}:1`, 'k', 'made')
      ledger.noteVolume(name, 'k')
    }
    ledger.dropImage('sha256:unsure', null)
    ledger.dropReference('docker.io/library/unsure:1', null)
    await keepLedger(reach)
    const { images, references, volumes } = ledger.noted()
    expect([...images].sort()).toEqual(['sha256:listed', 'sha256:new'])
    expect([...references].sort()).toEqual(['docker.io/library/listed:1', 'docker.io/library/new:1'])
    expect([...volumes].sort()).toEqual(['listed', 'new', 'unsure'])
  })

  test('stays as it is where the engine does not list', async () => {
    const { reach, ledger } = engine({ ...NOTHING, 'GET /volumes': 500 })
    ledger.noteImage('sha256:1', 'k')
    await expect(keepLedger(reach)).rejects.toMatchObject({ reason: 'engine-broken' })
    expect(ledger.noted().images).toEqual(['sha256:1'])
  })
})

describe('volumes without a name that nobody noted', () => {
  const volume = 'a'.repeat(64)
  const withVolume = (Labels: object) => ({
    ...container('c', Labels),
    Mounts: [{ Type: 'volume', Name: volume }, { Type: 'bind' }],
  })
  const adopt = async (answers: Answers) => {
    const { reach, ledger } = engine({ ...NOTHING, ...answers })
    await adoptVolumes(reach)
    return ledger.volumeOwner(volume)
  }

  test('are those of the owner of their container', async () => {
    expect(await adopt({ ...image(), 'GET /containers/json': [withVolume(stamps())] })).toBe('k')
  })

  test('are nobody own where the container has its owner from its image', async () => {
    expect(await adopt({ ...image(stamps()), 'GET /containers/json': [withVolume(stamps())] })).toBeNull()
  })

  test('stay whose they are', async () => {
    const { reach, ledger } = engine({ ...NOTHING, ...image(), 'GET /containers/json': [withVolume(stamps())] })
    ledger.noteVolume(volume, 'other')
    await adoptVolumes(reach)
    expect(ledger.volumeOwner(volume)).toBe('other')
  })
})
