import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

describe.each<EngineName>(['old', 'modern'])('volumes and networks of two owners on a %s engine', (name) => {
  let scene: Owners
  let a: Party
  let b: Party
  let operator: Party
  const run = async (party: Party, ...argv: string[]) => docker(party.route, argv)
  const names = async (party: Party, kind: 'volume' | 'network') =>
    (await run(party, kind, 'ls', '--format', '{{.Name}}')).stdout.split('\n').filter(Boolean).sort()
  beforeAll(async () => {
    scene = await startOwners(name)
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    operator = await scene.operator()
    await run(a, 'volume', 'create', 'cache')
    await run(a, 'network', 'create', 'back')
    await run(operator, 'volume', 'create', 'hosts')
  })
  afterAll(() => scene.close())

  test('a volume of a name that somebody else has is a conflict, whoever has it', async () => {
    const words = async (volume: string) => {
      const { status, json } = await b.call('POST', '/volumes/create', { Name: volume })
      return [status, (json as { message: string }).message.replaceAll(volume, '…')]
    }
    expect(await words('cache')).toEqual([409, 'a volume named … is not yours: choose another name'])
    expect(await words('hosts')).toEqual(await words('cache'))
  })

  test('an own volume that is there is answered as the engine answers', async () => {
    const again = await a.call('POST', '/volumes/create', { Name: 'cache' })
    expect([again.status, (again.json as { Name: string }).Name]).toEqual([201, 'cache'])
  })

  test.each([
    ['-v', ['-v', 'cache:/c']],
    ['--mount', ['--mount', 'type=volume,source=cache,target=/c']],
  ])('a volume of somebody else is not mounted by %s', async (_, mount) => {
    const outcome = await run(b, 'create', ...mount, 'busybox:test', 'ls', '/c')
    expect(outcome.stderr).toContain('a volume named cache is not yours')
    expect((await run(b, 'ps', '-aq')).stdout).toBe('')
  })

  test('nor is anything of it told, changed or removed', async () => {
    for (const [method, target, body] of [
      ['GET', '/volumes/cache', undefined],
      ['DELETE', '/volumes/cache', undefined],
      ['DELETE', '/volumes/cache?force=1', undefined],
    ] as const) {
      const absent = target.replace('cache', 'absent')
      const theirs = await b.call(method, target, body)
      const missing = await scene.direct.call(method, absent, body)
      expect([theirs.status, theirs.body.toString().replaceAll('cache', 'absent')]).toEqual([
        missing.status,
        missing.body.toString(),
      ])
    }
    expect(await names(a, 'volume')).toEqual(['cache'])
  })

  test('a volume that a container brings is stamped before it is there', async () => {
    await run(
      a,
      'create',
      '--name',
      'brings',
      '-v',
      'brought:/b',
      '--mount',
      'type=volume,source=also,target=/c',
      'busybox:test',
    )
    for (const volume of ['brought', 'also']) {
      const { json } = await scene.direct.call('GET', `/volumes/${volume}`)
      expect((json as { Labels: object }).Labels).toMatchObject({ 'io.dockgate.owner': 'acme/app' })
    }
    await run(a, 'rm', 'brings')
    expect((await run(a, 'volume', 'rm', 'brought', 'also')).code).toBe(0)
  })

  test('a volume without a name is its owner own, and goes with its container', async () => {
    const id = (await run(a, 'create', '-v', '/anonymous', 'busybox:test')).stdout.trim()
    const [volume = ''] = (await names(a, 'volume')).filter((each) => /^[0-9a-f]{64}$/.test(each))
    expect((await b.call('GET', `/volumes/${volume}`)).status).toBe(404)
    expect((await a.call('GET', `/volumes/${volume}`)).status).toBe(200)
    await run(a, 'rm', '-v', id)
    expect(await names(a, 'volume')).toEqual(['cache'])
  })

  test('the gate own labels are not set by a client', async () => {
    for (const label of ['io.dockgate.owner=acme/site', 'IO.Dockgate.Owner=x', 'io.dockgate=x']) {
      expect((await run(a, 'volume', 'create', '--label', label, 'forged')).stderr).toContain("the gate's own")
      expect((await run(a, 'create', '--label', label, 'busybox:test')).stderr).toContain("the gate's own")
    }
    expect(await names(a, 'volume')).toEqual(['cache'])
  })

  test.each([
    ['GET', '/networks/back', undefined],
    ['DELETE', '/networks/back', undefined],
    ['POST', '/networks/back/connect', { Container: 'x' }],
    ['POST', '/networks/back/disconnect', { Container: 'x' }],
  ])('%s %s of somebody else is answered as one that is not there', async (method, target, body) => {
    const absent = target.replace('back', 'absent')
    const theirs = await b.call(method, target, body)
    const none = await b.call(method, absent, body)
    expect([theirs.status, theirs.body.toString().replaceAll('back', 'absent')]).toEqual([
      none.status,
      none.body.toString(),
    ])
    expect(theirs.status).toBe(404)
  })

  test('a container does not join a network of somebody else, by name or id', async () => {
    const { Id } = (await a.call('GET', '/networks/back')).json as { Id: string }
    for (const network of ['back', Id, Id.slice(0, 12)]) {
      const byMode = { Image: 'busybox:test', HostConfig: { NetworkMode: network } }
      const answer = await b.call('POST', '/containers/create', byMode)
      expect([answer.status, answer.body.toString()]).toEqual([404, `{"message":"network ${network} not found"}\n`])
      const EndpointsConfig = { other: { NetworkID: Id } }
      const body = {
        Image: 'busybox:test',
        HostConfig: { NetworkMode: 'other' },
        NetworkingConfig: { EndpointsConfig },
      }
      expect((await b.call('POST', '/containers/create', body)).status).toBe(404)
    }
    const own = (await run(b, 'create', 'busybox:test')).stdout.trim()
    const bridge = { Container: own, EndpointConfig: { NetworkID: Id } }
    const connected = await b.call('POST', '/networks/bridge/connect', bridge)
    const { json } = await scene.direct.call('GET', `/containers/${own}/json`)
    expect(Object.keys((json as { NetworkSettings: { Networks: object } }).NetworkSettings.Networks)).toEqual([
      'bridge',
    ])
    expect(connected.status).not.toBe(404)
  })

  test('a namespace, volumes and links of somebody else container are not to be had', async () => {
    await run(a, 'run', '-d', '--name', 'victim', '-v', '/v', 'busybox:test', 'sleep', '600')
    for (const HostConfig of [
      { NetworkMode: 'container:victim' },
      { PidMode: 'container:victim' },
      { IpcMode: 'container:victim' },
      { VolumesFrom: ['victim:ro'] },
      { Links: ['victim:v'] },
    ]) {
      const answer = await b.call('POST', '/containers/create', { Image: 'busybox:test', HostConfig })
      expect([answer.status, answer.json]).toEqual([404, { message: 'No such container: victim' }])
    }
  })

  test('a network of a name that another has is a conflict and tells no more', async () => {
    const theirs = await run(b, 'network', 'create', 'back')
    expect(theirs.stderr).toContain('network with name back already exists')
  })

  test('an own id beats what others call theirs', async () => {
    const id = (await run(a, 'create', 'busybox:test')).stdout.trim()
    expect((await run(b, 'create', '--name', id.slice(0, 12), 'busybox:test')).code).toBe(0)
    expect((await run(a, 'inspect', id.slice(0, 12), '--format', '{{.Id}}')).stdout.trim()).toBe(id)
    expect((await run(a, 'rm', id.slice(0, 12))).code).toBe(0)
    expect((await a.call('GET', `/containers/${id.slice(0, 12)}/json`)).status).toBe(404)
  })

  test('a label that an image has makes a container nobody own', async () => {
    const stamps = 'LABEL io.dockgate.owner=acme/app io.dockgate.record=0123456789abcdef'
    const made = await scene.direct.call('GET', '/images/busybox:test/get')
    expect(made.status).toBe(200)
    const base = (await docker(scene.direct.route, ['create', 'busybox:test', 'sleep', '600'])).stdout.trim()
    await docker(scene.direct.route, ['commit', '--change', stamps, base, 'evil:1'])
    await docker(scene.direct.route, ['run', '-d', '--name', 'inherits', 'evil:1', 'sleep', '600'])
    expect((await a.call('GET', '/containers/inherits/json')).status).toBe(404)
    expect((await run(a, 'ps', '-a', '--format', '{{.Names}}')).stdout).not.toContain('inherits')
    await run(operator, 'run', '-d', '--name', 'operators', 'evil:1', 'sleep', '600')
    expect((await a.call('GET', '/containers/operators/json')).status).toBe(404)
    expect(
      (await run(operator, 'inspect', 'operators', '--format', '{{index .Config.Labels "io.dockgate.owner"}}')).stdout,
    ).toBe('\n')
  })
})
