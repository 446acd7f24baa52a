import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { docker } from '../support/docker-client.ts'
import { type Answer, type Owners, type Party, startOwners } from './scene.ts'

const BASE = 'extends: admin, allow: [read, create, lifecycle, delete, transfer, build], objects: own'
const SHARED = 'images: { shared: ["docker.io/library/busybox:test"] }'
const role = (quotas: string) => `{ ${BASE}, ${SHARED}, quotas: { ${quotas} } }`
const GIB = 1024 ** 3

describe('quotas of an owner on a real engine', () => {
  let scene: Owners
  beforeAll(async () => {
    scene = await startOwners('old', {
      counted: role('containers: 2, volumes: 2, networks: 1'),
      imaged: role('images: 1'),
      running: role('running: 1'),
      sized: role('memory: 1GiB, cpus: 2'),
    })
  })
  afterAll(() => scene.close())

  const create = (by: Party, name: string, more: object = {}) =>
    by.call('POST', `/containers/create?name=${name}`, { Image: 'busybox:test', Cmd: ['sleep', '60'], ...more })
  const said = ({ status, json }: Answer) =>
    [status, (json as { message?: string } | undefined)?.message?.replace(/ \(record .*/, '')] as const
  const there = async (path: string) => (await scene.direct.call('GET', path)).status === 200

  test('a container beyond the quota is refused, with the quota and what is in use, and none is made', async () => {
    const a = await scene.as('q/containers', 'counted')
    await create(scene.direct, 'nobodys')
    await create(await scene.as('q/others'), 'others')
    expect((await create(a, 'first')).status).toBe(201)
    expect((await create(a, 'second')).status).toBe(201)
    const over = await create(a, 'third')
    expect(said(over)).toEqual([409, 'dockgate: quota "containers": 2 of 2 in use: remove something of yours first'])
    expect(await there('/containers/third/json')).toBe(false)
    // It is written when the answer is over, which the client may see first.
    await vi.waitFor(() =>
      expect(scene.records()).toContainEqual(
        expect.objectContaining({ reason: 'quota-exceeded', decision: 'deny', status: 409 }),
      ),
    )
    await a.call('DELETE', '/containers/first')
    expect((await create(a, 'third')).status).toBe(201)
  })

  test('of creates that come at the same time no more pass than the quota has room for', async () => {
    const a = await scene.as('q/parallel', 'counted')
    const answers = await Promise.all([...Array(8).keys()].map((n) => create(a, `parallel-${n}`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409, 409, 409, 409])
  })

  test('a container that only inherits the stamps of an image is not counted', async () => {
    const a = await scene.as('q/inherits', 'counted')
    await create(a, 'stamped')
    await scene.direct.call('POST', '/commit?container=stamped&repo=stamped&tag=1')
    await create(scene.direct, 'inheriting', { Image: 'stamped:1' })
    expect((await create(a, 'beside')).status).toBe(201)
  })

  test('named volumes, those of a container and those without a name count together', async () => {
    const a = await scene.as('q/volumes', 'counted')
    expect((await a.call('POST', '/volumes/create', { Name: 'one' })).status).toBe(201)
    expect((await a.call('POST', '/volumes/create', { Name: 'one' })).status).toBe(201)
    expect((await create(a, 'with-two', { HostConfig: { Binds: ['one:/one', 'two:/two'] } })).status).toBe(201)
    const full = 'dockgate: quota "volumes": 2 of 2 in use: remove something of yours first'
    expect(said(await a.call('POST', '/volumes/create', { Name: 'three' }))).toEqual([409, full])
    expect(said(await a.call('POST', '/volumes/create', {}))).toEqual([409, full])
    const unnamed = await create(a, 'unnamed', { Volumes: { '/data': {} } })
    expect(said(unnamed)).toEqual([409, full])
    const again = await create(a, 'again', { HostConfig: { Binds: ['one:/data'] }, Volumes: { '/data/': {} } })
    expect(again.status).toBe(201)
    expect(await there('/volumes/three')).toBe(false)
    expect(await there('/containers/unnamed/json')).toBe(false)
  })

  test('a volume without a name that a container left behind counts, until it is gone', async () => {
    const a = await scene.as('q/unnamed', 'counted')
    await create(a, 'leaving', { Volumes: { '/a': {}, '/b': {} } })
    await a.call('DELETE', '/containers/leaving')
    expect((await a.call('POST', '/volumes/create', { Name: 'late' })).status).toBe(409)
    const { json } = await a.call('GET', '/volumes')
    for (const { Name } of (json as { Volumes: { Name: string }[] }).Volumes) await a.call('DELETE', `/volumes/${Name}`)
    expect((await a.call('POST', '/volumes/create', { Name: 'late' })).status).toBe(201)
  })

  test('networks count', async () => {
    const a = await scene.as('q/networks', 'counted')
    expect((await a.call('POST', '/networks/create', { Name: 'own' })).status).toBe(201)
    const second = await a.call('POST', '/networks/create', { Name: 'second' })
    expect(said(second)[1]).toBe('dockgate: quota "networks": 1 of 1 in use: remove something of yours first')
    expect(await there('/networks/second')).toBe(false)
  })

  test('images count, however they come, and shared ones do not', async () => {
    const a = await scene.as('q/images', 'imaged')
    await create(a, 'template')
    expect((await a.call('POST', '/commit?container=template&repo=own&tag=1')).status).toBe(201)
    const full = [409, 'dockgate: quota "images": 1 of 1 in use: remove something of yours first']
    expect(said(await a.call('POST', '/commit?container=template&repo=own&tag=2'))).toEqual(full)
    expect(said(await a.call('POST', '/images/create?fromImage=nowhere.test/any&tag=1'))).toEqual(full)
    expect(said(await a.call('POST', '/build?t=own:3', Buffer.alloc(1024)))).toEqual(full)
    expect(await there('/images/own:2/json')).toBe(false)
    await a.call('DELETE', '/images/own:1')
    expect((await a.call('POST', '/commit?container=template&repo=own&tag=2')).status).toBe(201)
  })

  test('a start beyond the quota is refused, and what runs may be started again', async () => {
    const a = await scene.as('q/running', 'running')
    await create(a, 'runs')
    await create(a, 'waits')
    expect((await a.call('POST', '/containers/runs/start')).status).toBe(204)
    expect((await a.call('POST', '/containers/runs/start')).status).toBe(304)
    const full = [409, 'dockgate: quota "running": 1 of 1 in use: remove something of yours first']
    expect(said(await a.call('POST', '/containers/waits/start'))).toEqual(full)
    expect(said(await a.call('POST', '/containers/waits/restart'))).toEqual(full)
    await a.call('POST', '/containers/runs/pause')
    expect(said(await a.call('POST', '/containers/waits/start'))).toEqual(full)
    expect((await a.call('POST', '/containers/missing/start')).status).toBe(404)
    await docker(scene.direct.route, ['unpause', 'runs'])
    await docker(scene.direct.route, ['kill', 'runs'])
    expect((await a.call('POST', '/containers/waits/start')).status).toBe(204)
    await docker(scene.direct.route, ['kill', 'waits'])
  })

  test('a container with a restart policy counts as running from when it has it', async () => {
    const a = await scene.as('q/restart', 'running')
    const always = { HostConfig: { RestartPolicy: { Name: 'always' } } }
    expect((await create(a, 'always', always)).status).toBe(201)
    expect((await create(a, 'always-too', always)).status).toBe(409)
    expect((await create(a, 'plain')).status).toBe(201)
    const update = await a.call('POST', '/containers/plain/update', { RestartPolicy: { Name: 'unless-stopped' } })
    expect(update.status).toBe(409)
    expect((await a.call('POST', '/containers/plain/start')).status).toBe(409)
    expect((await a.call('POST', '/containers/always/start')).status).toBe(204)
    await docker(scene.direct.route, ['rm', '-f', 'always'])
  })

  test('memory and processors are summed over containers, and none may be without', async () => {
    const a = await scene.as('q/sized', 'sized')
    const sized = (Memory: number, NanoCpus: number) => ({ HostConfig: { Memory, NanoCpus } })
    expect(said(await create(a, 'unbounded'))).toEqual([
      409,
      'dockgate: quota "memory": 0 of 1GiB in use, and this asks for no limit: give it one with --memory',
    ])
    expect(said(await create(a, 'cpus-unbounded', { HostConfig: { Memory: GIB / 4 } }))).toEqual([
      409,
      'dockgate: quota "cpus": 0 of 2 processors in use, and this asks for no limit: give it one with --cpus',
    ])
    expect((await create(a, 'half', sized(GIB / 2, 1e9))).status).toBe(201)
    expect(said(await create(a, 'too-large', sized(GIB, 1e9)))).toEqual([
      409,
      'dockgate: quota "memory": 512MiB of 1GiB in use, and this asks for 1GiB',
    ])
    expect(said(await create(a, 'too-many', sized(GIB / 4, 1.5e9)))).toEqual([
      409,
      'dockgate: quota "cpus": 1 of 2 processors in use, and this asks for 1.5 processors',
    ])
    const quota = { HostConfig: { Memory: GIB / 4, CpuQuota: 50_000, CpuPeriod: 100_000 } }
    expect((await create(a, 'by-quota', quota)).status).toBe(201)
    expect(said(await a.call('POST', '/containers/half/update', { NanoCpus: 1.6e9 }))[0]).toBe(409)
    expect(said(await a.call('POST', '/containers/half/update', { Memory: GIB, MemorySwap: GIB }))[0]).toBe(409)
    const more = await a.call('POST', '/containers/half/update', { NanoCpus: 1.5e9, Memory: GIB / 4 })
    expect(said(more)).toEqual([200, undefined])
    expect((await create(a, 'quarter', sized(GIB / 2, 1e7))).status).toBe(409)
  })
})
