import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Answer, type Owners, type Party, startOwners } from './scene.ts'

const filters = (value: object) => `filters=${encodeURIComponent(JSON.stringify(value))}`
const names = (answer: Answer, member: string) =>
  ((answer.json as Record<string, string[] | null>)[member] ?? []).sort()

describe.each<EngineName>(['old', 'modern'])('prunes of two owners on the %s engine', (name) => {
  let scene: Owners
  let a: Party
  let b: Party
  let apart: Party
  beforeAll(async () => {
    scene = await startOwners(name)
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    apart = await scene.as('acme/apart', 'apart')
  })
  afterAll(() => scene.close())

  const container = async (by: Party, called: string, labels: object = {}, image = 'busybox:test') => {
    const body = { Image: image, Cmd: ['true'], Labels: labels }
    const { json } = await by.call('POST', `/containers/create?name=${called}`, body)
    return (json as { Id: string }).Id
  }
  const volume = (by: Party, called: string, labels: object = {}) =>
    by.call('POST', '/volumes/create', { Name: called, Labels: labels })
  const network = (by: Party, called: string, labels: object = {}) =>
    by.call('POST', '/networks/create', { Name: called, Labels: labels })

  test.each(['containers', 'volumes', 'networks'])(
    'a prune of %s with nothing to remove is answered as by an engine without any',
    async (kind) => {
      const theirs = await scene.direct.call('POST', `/${kind}/prune?${filters({ label: ['no=such'] })}`)
      await container(b, `others-${kind}`)
      await volume(b, `others-${kind}`)
      await network(b, `others-${kind}`)
      const own = await a.call('POST', `/${kind}/prune`)
      expect([own.status, own.body.toString()]).toEqual([theirs.status, theirs.body.toString()])
      expect((await b.call('GET', `/containers/others-${kind}/json`)).status).toBe(200)
      expect((await b.call('GET', `/volumes/others-${kind}`)).status).toBe(200)
      expect((await b.call('GET', `/networks/others-${kind}`)).status).toBe(200)
    },
  )

  test.each(['containers', 'volumes', 'networks'])(
    'a prune of %s with a filter that is none is refused in the words of the engine',
    async (kind) => {
      const bad = kind === 'volumes' ? { color: ['red'] } : { until: ['yesterday'] }
      const theirs = await scene.direct.call('POST', `/${kind}/prune?${filters(bad)}`)
      const own = await a.call('POST', `/${kind}/prune?${filters(bad)}`)
      expect(theirs.status).toBeGreaterThanOrEqual(400)
      expect([own.status, own.body.toString()]).toEqual([theirs.status, theirs.body.toString()])
    },
  )

  test('stopped containers of its own go, with the bytes that they held; running ones stay', async () => {
    const fill = ['run', '--name', 'filled', 'busybox:test', 'sh', '-c', 'head -c 100000 /dev/zero > /tmp/zeros']
    await docker(a.route, fill)
    await docker(a.route, ['run', '-d', '--name', 'running', 'busybox:test', 'sleep', '60'])
    const id = ((await a.call('GET', '/containers/filled/json')).json as { Id: string }).Id
    const { json, body } = await a.call('POST', '/containers/prune')
    expect(json).toEqual({ ContainersDeleted: [id], SpaceReclaimed: 100000 })
    expect(body.toString()).toMatch(/^\{"ContainersDeleted":\["[0-9a-f]{64}"\],"SpaceReclaimed":100000\}\n$/)
    expect((await a.call('GET', '/containers/running/json')).status).toBe(200)
    await docker(a.route, ['rm', '-f', 'running'])
  })

  test("a container that only inherits the stamp of an image is not its owner's to prune", async () => {
    await container(a, 'template')
    const labels = (
      (await scene.direct.call('GET', '/containers/template/json')).json as { Config: { Labels: object } }
    ).Config.Labels
    const Labels = Object.entries(labels).map(([key, value]) => `LABEL ${key}="${value}"`)
    const changes = Labels.map((line) => `changes=${encodeURIComponent(line)}`).join('&')
    await scene.direct.call('POST', `/commit?container=template&repo=forged&tag=1&${changes}`)
    await container(scene.direct, 'inherits', {}, 'forged:1')
    const own = await a.call('POST', '/containers/prune')
    expect(names(own, 'ContainersDeleted')).toHaveLength(1)
    expect((await scene.direct.call('GET', '/containers/inherits/json')).status).toBe(200)
    await scene.direct.call('DELETE', '/containers/inherits')
  })

  test.each([
    [{ label: ['keep'] }, ['x', 'xy']],
    [{ label: { 'keep=x': false } }, ['x', 'xy']],
    [{ label: ['keep=x', 'also'] }, ['xy']],
    [{ 'label!': ['keep=x'] }, ['none', 'y']],
    [{ 'label!': ['keep=x', 'also'] }, ['none', 'x', 'y']],
    [{ until: ['1h'] }, []],
    [{ until: ['1s'] }, []],
    [{ until: ['2999-01-01'] }, ['none', 'x', 'xy', 'y']],
    [{ until: ['2000-01-01T00:00:00Z'] }, []],
    [{ until: ['-1h'], label: ['also'] }, ['xy', 'y']],
  ])('containers filtered by %j are the ones that the engine would choose', async (filter, chosen) => {
    const make = async (by: Party, end: string) => ({
      none: await container(by, `c-none${end}`),
      x: await container(by, `c-x${end}`, { keep: 'x' }),
      xy: await container(by, `c-xy${end}`, { keep: 'x', also: '' }),
      y: await container(by, `c-y${end}`, { also: '1' }),
    })
    await scene.direct.call('POST', '/containers/prune')
    const theirs = await make(scene.direct, '')
    const expected = await scene.direct.call('POST', `/containers/prune?${filters(filter)}`)
    await scene.direct.call('POST', '/containers/prune')
    const own = await make(a, '')
    await make(b, '-others')
    const answer = await a.call('POST', `/containers/prune?${filters(filter)}`)
    const known = (ids: object, { json }: Answer) => {
      const removed = (json as { ContainersDeleted: string[] | null }).ContainersDeleted ?? []
      return Object.entries(ids).flatMap(([key, id]) => (removed.includes(id) ? [key] : []))
    }
    expect(known(theirs, expected)).toEqual(chosen)
    expect(known(own, answer)).toEqual(chosen)
    const left = await b.call('GET', '/containers/c-x-others/json')
    expect(left.status).toBe(200)
    await scene.direct.call('POST', '/containers/prune')
  })

  test.each(['', '/v1.41', '/v1.42'])(
    'a prune of volumes under %j takes what the engine itself would take',
    async (version) => {
      if (version === '/v1.42' && name === 'old') return
      for (const filter of [{}, { all: ['true'] }, { label: ['x=1'] }]) {
        const prune = `${version}/volumes/prune?${filters(filter)}`
        await scene.direct.call('POST', `/volumes/prune?${filters(name === 'old' ? {} : { all: ['1'] })}`)
        await volume(scene.direct, 'named')
        await volume(scene.direct, 'labelled', { x: '1' })
        await volume(scene.direct, '')
        const theirs = await scene.direct.call('POST', prune)
        await scene.direct.call('POST', `/volumes/prune?${filters(name === 'old' ? {} : { all: ['1'] })}`)
        await volume(a, 'named')
        await volume(a, 'labelled', { x: '1' })
        await volume(a, '')
        await volume(b, 'others', { x: '1' })
        const own = await a.call('POST', prune)
        expect([
          own.status,
          names(own, 'VolumesDeleted').map((one) => one.replace(/^[0-9a-f]{64}$/, 'anonymous')),
        ]).toEqual([
          theirs.status,
          names(theirs, 'VolumesDeleted').map((one) => one.replace(/^[0-9a-f]{64}$/, 'anonymous')),
        ])
        expect((await b.call('GET', '/volumes/others')).status).toBe(200)
      }
    },
  )

  test("an unnamed volume that a container left behind is its owner's to prune, with its bytes", async () => {
    const fill = [
      'run',
      '-v',
      '/data',
      '--name',
      'leaves',
      'busybox:test',
      'sh',
      '-c',
      'head -c 100000 /dev/zero > /data/zeros',
    ]
    expect((await docker(a.route, fill)).code).toBe(0)
    await docker(a.route, ['rm', 'leaves'])
    expect((await b.call('POST', '/volumes/prune')).json).toMatchObject({ SpaceReclaimed: 0 })
    const own = await a.call('POST', `/volumes/prune`)
    expect(names(own, 'VolumesDeleted')).toContainEqual(expect.stringMatching(/^[0-9a-f]{64}$/))
    expect((own.json as { SpaceReclaimed: number }).SpaceReclaimed).toBe(100000)
  })

  test('networks of its own go, and those of its containers and of others stay', async () => {
    await network(a, 'unused')
    await network(a, 'used')
    await network(b, 'others')
    await docker(a.route, ['run', '-d', '--name', 'user', '--network', 'used', 'busybox:test', 'sleep', '60'])
    const own = await a.call('POST', '/networks/prune')
    expect(own.json).toEqual({ NetworksDeleted: ['unused'] })
    expect((await b.call('GET', '/networks/others')).status).toBe(200)
    await docker(a.route, ['rm', '-f', 'user'])
  })

  test("names that are an owner's alone are told without their prefix", async () => {
    await network(apart, 'net')
    await volume(apart, 'cache')
    expect((await apart.call('POST', '/networks/prune')).json).toEqual({ NetworksDeleted: ['net'] })
    const all = name === 'old' ? {} : { all: ['true'] }
    const pruned = await apart.call('POST', `/volumes/prune?${filters(all)}`)
    expect((pruned.json as { VolumesDeleted: string[] }).VolumesDeleted).toEqual(['cache'])
  })

  test('docker system prune of two owners at once works for both', async () => {
    await container(a, 'mine')
    await container(b, 'theirs')
    const done = await Promise.all([a, b].map(({ route }) => docker(route, ['container', 'prune', '-f'])))
    expect(done.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ])
    expect((await scene.direct.call('GET', '/containers/mine/json')).status).toBe(404)
    expect((await scene.direct.call('GET', '/containers/theirs/json')).status).toBe(404)
  })

  /** An image without a name, with a layer of its own of 100000 bytes. */
  const dangling = async (by: Party, called: string) => {
    const fill = [
      'run',
      '--name',
      called,
      'busybox:test',
      'sh',
      '-c',
      `echo ${called} > /n; head -c 100000 /dev/zero > /z`,
    ]
    await docker(by.route, fill)
    const { json } = await by.call('POST', `/commit?container=${called}`)
    await by.call('DELETE', `/containers/${called}`)
    return (json as { Id: string }).Id
  }
  const deleted = (answer: Answer) =>
    ((answer.json as { ImagesDeleted: Record<string, string>[] | null }).ImagesDeleted ?? []).map(
      (item) => Object.keys(item)[0],
    )

  test('images without a name of its own go, and others, named ones and used ones stay', async () => {
    await scene.direct.call('POST', '/images/prune')
    const theirs = await dangling(scene.direct, 'theirs')
    const expected = await scene.direct.call('POST', '/images/prune')
    expect(deleted(expected)).toContain('Deleted')
    expect(JSON.stringify(expected.json)).toContain(theirs)
    const own = await dangling(a, 'own')
    const used = await dangling(a, 'used')
    const others = await dangling(b, 'others')
    const tagged = await dangling(a, 'tagged')
    await a.call('POST', `/images/${tagged}/tag?repo=kept&tag=1`)
    await a.call('POST', '/containers/create?name=user', { Image: used })
    const answer = await a.call('POST', '/images/prune')
    expect(deleted(answer)).toEqual(deleted(expected))
    expect(JSON.stringify(answer.json)).toContain(own)
    const bytes = (told: Answer) => (told.json as { SpaceReclaimed: number }).SpaceReclaimed
    expect(Math.abs(bytes(answer) - bytes(expected))).toBeLessThan(10)
    for (const image of [used, others, tagged]) {
      expect((await scene.direct.call('GET', `/images/${image}/json`)).status).toBe(200)
    }
    const nothing = await a.call('POST', '/images/prune')
    const empty = await scene.direct.call('POST', `/images/prune?${filters({ label: ['no=such'] })}`)
    expect(nothing.body.toString()).toBe(empty.body.toString())
    const all = await a.call('POST', `/images/prune?${filters({ dangling: ['false'] })}`)
    expect(deleted(all)).toEqual(expect.arrayContaining(['Untagged', 'Deleted']))
    expect((await scene.direct.call('GET', `/images/${tagged}/json`)).status).toBe(404)
    expect((await scene.direct.call('GET', '/images/busybox:test/json')).status).toBe(200)
    expect((await scene.direct.call('GET', `/images/${others}/json`)).status).toBe(200)
    await a.call('DELETE', '/containers/user')
    await a.call('DELETE', `/images/${used}`)
    await b.call('DELETE', `/images/${others}`)
  })

  test("a prune of the builder's cache, which is nobody's, is refused", async () => {
    const seen = (await a.call('POST', '/build/prune')).json as { message: string }
    expect(seen.message).toContain('does not allow')
  })
})
