import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Outcome, type Workplace, workplace } from '../cli/program.ts'
import { docker } from '../support/docker-client.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

const SHARED = 'images: { shared: ["docker.io/library/busybox:test"] }'
const ALLOW = 'allow: [read, create, lifecycle, delete, exec, transfer, build]'

describe('what owners leave behind on a real engine', () => {
  let scene: Owners
  let place: Workplace
  beforeAll(async () => {
    scene = await startOwners('old', {
      brief: `{ extends: admin, ${ALLOW}, objects: own, ${SHARED}, lifetime: 1s }`,
      token: `{ extends: admin, ${ALLOW}, objects: own, ${SHARED}, endsWith: token }`,
    })
    place = workplace()
  })
  afterAll(async () => {
    await place.remove()
    await scene.close()
  })

  const reap = (...args: string[]): Promise<Outcome> => place.run('reap', '--config', scene.configuration, ...args)
  const status = async (target: string) => (await scene.direct.call('GET', target)).status
  const records = () => scene.records().filter(({ event }) => event === 'reap')
  const passed = (time: number) => expect.poll(() => Date.now(), { timeout: 5000 }).toBeGreaterThan(time)
  const past = '2020-01-01T00:00:00.000Z'

  /** One of each kind; the unnamed volume's name, and the id of an image without a name. */
  async function leave(by: Party, name: string) {
    await by.call('POST', '/volumes/create', { Name: `${name}-volume` })
    await by.call('POST', '/networks/create', { Name: `${name}-network` })
    const run = [
      'run',
      '-d',
      '--name',
      `${name}-running`,
      '-v',
      `${name}-volume:/named`,
      '--network',
      `${name}-network`,
    ]
    await docker(by.route, [...run, 'busybox:test', 'sleep', '600'])
    await docker(by.route, [
      'run',
      '--name',
      `${name}-left`,
      '-v',
      '/unnamed',
      'busybox:test',
      'sh',
      '-c',
      `echo ${name} >/x`,
    ])
    const left = await scene.direct.call('GET', `/containers/${name}-left/json`)
    const { Mounts } = left.json as { Mounts: { Name: string }[] }
    const image = await by.call('POST', `/commit?container=${name}-left`)
    await by.call('DELETE', `/containers/${name}-left`)
    return { volume: Mounts[0]?.Name ?? '', image: (image.json as { Id: string }).Id }
  }
  const everythingOf = async (name: string, { volume, image }: { volume: string; image: string }) =>
    Promise.all(
      [
        `/containers/${name}-running/json`,
        `/networks/${name}-network`,
        `/volumes/${name}-volume`,
        `/volumes/${volume}`,
        `/images/${image}/json`,
      ].map(status),
    )
  const THERE = [200, 200, 200, 200, 200]
  const GONE = [404, 404, 404, 404, 404]

  test('dockgate reap --owner lists, and then removes, everything of one owner and nothing else, with records', async () => {
    const a = await scene.as('reap/a')
    const [mine, others] = [await leave(a, 'mine'), await leave(await scene.as('reap/b'), 'others')]
    await scene.direct.call('POST', '/volumes/create', { Name: 'nobodys' })
    await docker((await scene.operator()).route, ['create', '--name', 'operators', 'busybox:test'])

    const dry = await reap('--owner', 'reap/a', '--dry-run')
    expect(dry.code).toBe(0)
    expect(dry.stdout).toMatch(/^KIND {7}NAME {2,}OWNER\ncontainer {2}mine-running {2,}reap\/a\n/)
    expect(dry.stdout).toMatch(/\nto be removed: 1 container, 1 network, 2 volumes, 1 image\n$/)
    expect(await everythingOf('mine', mine)).toEqual(THERE)
    expect(records()).toEqual([])

    const done = await reap('--owner', 'reap/a')
    expect([done.code, done.stderr]).toEqual([0, ''])
    expect(done.stdout).toMatch(/\nremoved 1 container, 1 network, 2 volumes, 1 image\n$/)
    expect(await everythingOf('mine', mine)).toEqual(GONE)
    expect(await everythingOf('others', others)).toEqual(THERE)
    expect([await status('/volumes/nobodys'), await status('/containers/operators/json')]).toEqual([200, 200])
    expect(records()).toHaveLength(5)
    expect(records()[0]).toEqual({
      v: 1,
      time: expect.any(String),
      event: 'reap',
      id: expect.stringMatching(/^[0-9a-z]{16}$/),
      owner: 'reap/a',
      object: { kind: 'container', name: 'mine-running', id: expect.stringMatching(/^[0-9a-f]{64}$/) },
      reason: 'asked',
      result: 'removed',
    })
    expect((await reap('--owner', 'reap/a')).stdout).toBe('nothing to remove\n')
    expect((await reap('--owner', 'reap/b')).code).toBe(0)
  })

  test('what cannot be removed is told, the rest goes, and the exit code is 1', async () => {
    const a = await scene.as('reap/used')
    await leave(a, 'used')
    await scene.direct.call('POST', '/containers/create?name=in-use', {
      Image: 'busybox:test',
      HostConfig: { Binds: ['used-volume:/x'] },
    })
    const done = await reap('--owner', 'reap/used')
    expect(done.code).toBe(1)
    expect(done.stdout).toMatch(/volume +used-volume +reap\/used +failed: remove used-volume: volume is in use/)
    expect(done.stdout).toMatch(/\nremoved 1 container, 1 network, 1 volume, 1 image; 1 could not be removed\n$/)
    expect(records().filter(({ result }) => result === 'failed')).toMatchObject([
      { owner: 'reap/used', object: { kind: 'volume', name: 'used-volume' }, reason: 'asked' },
    ])
    await scene.direct.call('DELETE', '/containers/in-use')
    const json = await reap('--owner', 'reap/used', '--json')
    expect(JSON.parse(json.stdout)).toEqual({
      objects: [{ kind: 'volume', id: 'used-volume', name: 'used-volume', owner: 'reap/used', result: 'removed' }],
      problems: [],
    })
  })

  test('what has outlived the lifetime of its role goes, and what has not stays', async () => {
    const brief = await scene.as('reap/brief', 'brief')
    const mine = await leave(brief, 'brief')
    const staying = await leave(await scene.as('reap/staying'), 'staying')
    const ending = await leave(await scene.as('reap/ending', 'token'), 'ending')
    const labels = (
      (await scene.direct.call('GET', '/networks/brief-network')).json as { Labels: Record<string, string> }
    ).Labels
    expect(Date.parse(labels['io.dockgate.expires'] ?? '')).toBeLessThan(Date.now() + 1000)
    await passed(Date.now() + 1000)
    const done = await reap('--expired')
    expect([done.code, done.stderr]).toEqual([0, ''])
    expect(await everythingOf('brief', mine)).toEqual(GONE)
    expect(await everythingOf('staying', staying)).toEqual(THERE)
    expect(await everythingOf('ending', ending)).toEqual(THERE)
    expect(
      new Set(
        records()
          .slice(-5)
          .map(({ reason, owner }) => `${reason} ${owner}`),
      ),
    ).toEqual(new Set(['expired reap/brief']))
    await reap('--owner', 'reap/staying')
    await reap('--owner', 'reap/ending')
  })

  test('labels of an image make nothing expire, whoever runs it', async () => {
    const a = await scene.as('reap/inherits')
    await docker(a.route, ['create', '--name', 'template', 'busybox:test', 'sleep', '600'])
    const label = encodeURIComponent(`LABEL io.dockgate.expires="${past}"`)
    const forged = encodeURIComponent('LABEL io.dockgate.owner="reap/inherits"')
    await scene.direct.call(
      'POST',
      `/commit?container=template&repo=docker.io/library/busybox&tag=old&changes=${label}&changes=${forged}`,
    )
    await scene.direct.call('POST', '/containers/create?name=inherits-all', { Image: 'busybox:old' })
    const operator = await scene.operator()
    await operator.call('POST', '/containers/create?name=operators-own', { Image: 'busybox:old' })
    await scene.direct.call('POST', '/volumes/create', {
      Name: 'only-expires',
      Labels: { 'io.dockgate.expires': past },
    })
    expect((await reap('--expired')).stdout).toBe('nothing to remove\n')
    const done = await reap('--owner', 'reap/inherits')
    expect(done.stdout).toMatch(/\nremoved 1 container\n$/)
    expect(await status('/containers/inherits-all/json')).toBe(200)
    expect(await status('/containers/operators-own/json')).toBe(200)
    expect(await status('/volumes/only-expires')).toBe(200)
  })

  test('a gate removes what has expired when it starts, and notes once what it cannot remove', async () => {
    const brief = await scene.as('reap/start', 'brief')
    const mine = await leave(brief, 'start')
    const kept = { Image: 'busybox:test', HostConfig: { Binds: ['start-volume:/x'] } }
    await scene.direct.call('POST', '/containers/create?name=holder', kept)
    const before = records().length
    await passed(Date.now() + 1000)
    await scene.restart()
    const found = () => records().slice(before)
    await expect.poll(() => found().length, { timeout: 10_000 }).toBe(5)
    expect(await everythingOf('start', mine)).toEqual([404, 404, 200, 404, 404])
    expect(found().filter(({ result }) => result === 'failed')).toMatchObject([
      { object: { kind: 'volume', name: 'start-volume' }, reason: 'expired', why: expect.stringContaining('in use') },
    ])
    await scene.direct.call('DELETE', '/containers/holder')
    expect((await reap('--expired')).stdout).toMatch(/removed 1 volume\n$/)
  })

  test('the command line is held to one question', async () => {
    expect((await reap()).code).toBe(2)
    expect((await reap('--expired', '--owner', 'x')).stderr).toContain('give either --owner with a key, or --expired')
    expect((await reap('--owner', '')).code).toBe(2)
    const help = await place.run('reap', '--help')
    expect(help.stdout).toContain('$ dockgate reap --config dockgate.yaml --expired --dry-run')
  })
})
