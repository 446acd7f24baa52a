import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

describe.each<EngineName>(['old', 'modern'])('images of two owners on a %s engine', (name) => {
  let scene: Owners
  let a: Party
  let b: Party
  const run = async (party: Party, ...argv: string[]) => {
    const { stdout, stderr, code } = await docker(party.route, argv)
    return { stdout, stderr, code }
  }
  const listed = async (party: Party) =>
    (await run(party, 'images', '--format', '{{.Repository}}:{{.Tag}}')).stdout.split('\n').filter(Boolean).sort()
  /** Commits a container of the base image with a file of this content under this name. */
  const commit = async (party: Party, reference: string, content: string) => {
    const id = (await run(party, 'create', 'busybox:test', 'sh', '-c', `echo ${content}`)).stdout.trim()
    const outcome = await run(party, 'commit', id, reference)
    await run(party, 'rm', id)
    return outcome
  }
  beforeAll(async () => {
    scene = await startOwners(name)
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    expect((await commit(a, 'alpha:1', 'alpha')).stderr).toBe('')
    expect((await commit(b, 'beta:1', 'beta')).stderr).toBe('')
  })
  afterAll(() => scene.close())

  test('each sees his own and the shared one', async () => {
    expect(await listed(a)).toEqual(['alpha:1', 'busybox:test'])
    expect(await listed(b)).toEqual(['beta:1', 'busybox:test'])
    expect((await a.call('GET', '/info')).json).toMatchObject({ Images: 2 })
  })

  test.each([
    ['GET', '/images/alpha:1/json'],
    ['GET', '/images/alpha:1/history'],
    ['GET', '/images/alpha:1/get'],
    ['POST', '/images/alpha:1/tag?repo=mine&tag=1'],
    ['POST', '/images/alpha/push?tag=1'],
    ['DELETE', '/images/alpha:1'],
  ])('%s %s of somebody else is answered as one that is not there', async (method, target) => {
    const absent = (text: string) => text.replaceAll('alpha', 'absent')
    const theirs = await b.call(method, target)
    const none = await b.call(method, absent(target))
    const missing = await scene.direct.call(method, absent(target))
    expect([none.status, none.body.toString()]).toEqual([missing.status, missing.body.toString()])
    expect([theirs.status, absent(theirs.body.toString())]).toEqual([missing.status, missing.body.toString()])
  })

  test('a container of somebody else image is not made', async () => {
    const theirs = await b.call('POST', '/containers/create', { Image: 'alpha:1' })
    const missing = await scene.direct.call('POST', '/containers/create', { Image: 'absent:1' })
    expect([theirs.status, theirs.body.toString().replaceAll('alpha', 'absent')]).toEqual([
      missing.status,
      missing.body.toString(),
    ])
  })

  test('nor by its id', async () => {
    const { Id } = (await a.call('GET', '/images/alpha:1/json')).json as { Id: string }
    expect((await b.call('POST', '/containers/create', { Image: Id })).status).toBe(404)
    expect((await b.call('GET', `/images/${Id.slice(7, 19)}/json`)).status).toBe(404)
    expect((await a.call('GET', `/images/${Id.slice(7, 19)}/json`)).status).toBe(200)
  })

  test('somebody else image is not mounted, by name or id', async () => {
    const { Id } = (await b.call('GET', '/images/beta:1/json')).json as { Id: string }
    const mounting = (Source: string) =>
      a.call('POST', '/containers/create', {
        Image: 'busybox:test',
        HostConfig: { Mounts: [{ Type: 'image', Source, Target: '/mounted' }] },
      })
    for (const source of ['beta:1', Id, 'nothing:1']) {
      const { status, json } = await mounting(source)
      // 20.10 has no such mounts.
      if (name === 'old') expect(status).toBe(400)
      else expect({ status, json }).toEqual({ status: 404, json: { message: `No such image: ${source}` } })
    }
    if (name === 'old') return
    const mount = 'type=image,source=alpha:1,target=/mounted'
    expect((await run(a, 'run', '--rm', '--mount', mount, 'busybox:test', 'ls', '/mounted/etc')).stdout).toBe(
      'passwd\n',
    )
  })

  test('a reference that another has is not taken', async () => {
    expect((await run(b, 'tag', 'beta:1', 'alpha:1')).stderr).toContain(
      'image reference docker.io/library/alpha:1 is not yours',
    )
    expect((await commit(b, 'alpha:1', 'evil')).stderr).toContain('is not yours')
    expect((await run(a, 'tag', 'alpha:1', 'busybox:test')).stderr).toContain('is not yours')
    expect((await run(a, 'tag', 'alpha:1', 'busybox:other')).stderr).toBe('')
    expect((await run(a, 'rmi', 'busybox:other')).stdout).toBe('Untagged: busybox:other\n')
  })

  test('one image of two owners goes for one of them', async () => {
    await run(a, 'tag', 'busybox:test', 'common-a:1')
    await run(b, 'tag', 'busybox:test', 'common-b:1')
    expect(await listed(a)).toEqual(['alpha:1', 'busybox:test', 'common-a:1'])
    expect((await run(a, 'inspect', 'common-a:1', '--format', '{{.RepoTags}}')).stdout).toBe(
      '[busybox:test common-a:1]\n',
    )
    expect((await run(a, 'rmi', 'common-a:1')).stdout).toBe('Untagged: common-a:1\n')
    expect(await listed(a)).toEqual(['alpha:1', 'busybox:test'])
    expect(await listed(b)).toEqual(['beta:1', 'busybox:test', 'common-b:1'])
    expect((await run(b, 'run', '--rm', 'common-b:1', 'echo', 'there')).stdout).toBe('there\n')
  })

  test('what is shared is not removed', async () => {
    expect((await run(a, 'rmi', '-f', 'busybox:test')).stderr).toContain('everybody shares')
    expect((await run(a, 'run', '--rm', 'busybox:test', 'echo', 'there')).stdout).toBe('there\n')
  })

  test('an image of one own is removed, and its ledger lines with it', async () => {
    await commit(a, 'gone:1', 'gone')
    const { Id } = (await a.call('GET', '/images/gone:1/json')).json as { Id: string }
    expect((await run(a, 'rmi', 'gone:1')).stdout).toContain(`Untagged: gone:1\nDeleted: ${Id}\n`)
    expect((await run(b, 'tag', 'beta:1', 'gone:1')).stderr).toBe('')
  })

  test('an image is imported, saved and seen by whoever did', async () => {
    const file = (await scene.direct.call('GET', '/images/beta:1/get')).body
    const imported = await a.call('POST', '/images/create?fromSrc=-&repo=imported&tag=1', file)
    expect(imported.status).toBe(200)
    expect(await listed(a)).toContain('imported:1')
    expect(await listed(b)).not.toContain('imported:1')
    expect((await a.call('GET', '/images/get?names=imported')).body.includes('imported')).toBe(true)
  })

  test('an archive is loaded under names of one own', async () => {
    const { body } = await b.call('GET', '/images/get?names=beta:1')
    await run(b, 'rmi', 'beta:1')
    const loaded = await b.call('POST', '/images/load', body)
    expect(loaded.body.toString()).toContain('Loaded image: beta:1')
    expect(await listed(b)).toContain('beta:1')
  })

  test('an archive that would take the name of somebody else is not loaded', async () => {
    const { body } = await b.call('GET', '/images/get?names=beta:1')
    const loaded = await a.call('POST', '/images/load', body)
    expect([loaded.status, loaded.body.toString()]).toEqual([
      409,
      expect.stringContaining('docker.io/library/beta:1 in the archive is not yours'),
    ])
    expect(await listed(a)).not.toContain('beta:1')
  })
})
