import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker, killGroup, startClient } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

describe.each<EngineName>(['old', 'modern'])('what an owner sees of a %s engine', (name) => {
  let scene: Owners
  let a: Party
  let b: Party
  let operator: Party
  const names = async (party: Party, ...argv: string[]) =>
    (await docker(party.route, argv)).stdout.split('\n').filter(Boolean).sort()
  beforeAll(async () => {
    scene = await startOwners(name)
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    operator = await scene.operator()
    for (const [party, mark] of [
      [a, 'a'],
      [b, 'b'],
      [operator, 'o'],
    ] as const) {
      await docker(party.route, ['network', 'create', `net-${mark}`])
      await docker(party.route, ['volume', 'create', `vol-${mark}`])
      const run = [
        'run',
        '-d',
        '--name',
        `web-${mark}`,
        '--network',
        `net-${mark}`,
        '-v',
        `data-${mark}:/data`,
        '-v',
        '/anonymous',
      ]
      expect((await docker(party.route, [...run, 'busybox:test', 'sleep', '600'])).stderr).toBe('')
    }
  })
  afterAll(() => scene.close())

  test('containers are one own', async () => {
    expect(await names(a, 'ps', '-a', '--format', '{{.Names}}')).toEqual(['web-a'])
    expect(await names(b, 'ps', '--format', '{{.Names}}')).toEqual(['web-b'])
    expect(await names(operator, 'ps', '--format', '{{.Names}}')).toEqual(['web-a', 'web-b', 'web-o'])
  })

  test('networks are one own, and those of the engine', async () => {
    expect(await names(a, 'network', 'ls', '--format', '{{.Name}}')).toEqual(['bridge', 'host', 'net-a', 'none'])
  })

  test('volumes are one own: named, made beside a container, and without a name', async () => {
    const seen = await names(a, 'volume', 'ls', '-q')
    expect(seen.filter((volume) => !/^[0-9a-f]{64}$/.test(volume))).toEqual(['data-a', 'vol-a'])
    expect(seen).toHaveLength(3)
  })

  test('the bridge shows only containers of one own', async () => {
    await docker(b.route, ['run', '-d', '--name', 'bridged', 'busybox:test', 'sleep', '600'])
    const { json } = await a.call('GET', '/networks/bridge')
    expect((json as { Containers: object }).Containers).toEqual({})
    expect(
      Object.keys(((await b.call('GET', '/networks/bridge')).json as { Containers: object }).Containers),
    ).toHaveLength(1)
  })

  test('info counts what is one own', async () => {
    expect((await a.call('GET', '/info')).json).toMatchObject({ Containers: 1, ContainersRunning: 1 })
  })

  test('the table of disk usage sums what is one own', async () => {
    const { json } = await a.call('GET', '/v1.41/system/df')
    const usage = json as { Containers: { Names: string[] }[]; Volumes: { Name: string }[]; BuildCache: unknown }
    expect(usage.Containers.map(({ Names }) => Names)).toEqual([['/web-a']])
    expect(usage.Volumes).toHaveLength(3)
  })

  test('the client own filters go on working', async () => {
    expect(await names(a, 'ps', '-q', '--filter', 'label=none')).toEqual([])
    expect(await names(a, 'ps', '--filter', 'network=net-a', '--format', '{{.Names}}')).toEqual(['web-a'])
    expect(await names(a, 'ps', '--filter', 'ancestor=busybox:test', '--format', '{{.Names}}')).toEqual(['web-a'])
    expect(await names(a, 'volume', 'ls', '-q', '--filter', 'name=vol')).toEqual(['vol-a'])
  })

  test('events are one own', async () => {
    const watch = startClient(a.route, [
      'docker',
      'events',
      '--format',
      '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}',
    ])
    const lines: string[] = []
    const reader = createInterface({ input: watch.stdout })
    reader.on('line', (line) => lines.push(line))
    try {
      // Whatever comes first tells that it watches.
      for (let round = 0; lines.length === 0; round++) await docker(a.route, ['network', 'create', `first-${round}`])
      lines.length = 0
      await docker(b.route, ['run', '--rm', '--name', 'unseen', 'busybox:test', 'true'])
      await docker(a.route, ['run', '--rm', '--name', 'seen', 'busybox:test', 'true'])
      while (!lines.includes('container destroy seen')) await once(reader, 'line')
      expect(lines.filter((line) => line.startsWith('container')).map((line) => line.split(' ').at(-1))).not.toContain(
        'unseen',
      )
      expect(lines.join('\n')).not.toContain('unseen')
      expect(lines).toContain('container start seen')
    } finally {
      killGroup(watch)
    }
  })
})
