import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

describe.each<EngineName>(['old', 'modern'])('two owners with the same names on a %s engine', (name) => {
  let scene: Owners
  let a: Party
  let b: Party
  const make = async (party: Party) => {
    const outcomes = []
    outcomes.push(await docker(party.route, ['network', 'create', 'back']))
    outcomes.push(await docker(party.route, ['volume', 'create', 'cache']))
    const run = ['run', '-d', '--network', 'back', '-v', 'cache:/cache']
    outcomes.push(await docker(party.route, [...run, '--name', 'db', 'busybox:test', 'sleep', '600']))
    outcomes.push(await docker(party.route, [...run, '--name', 'web', 'busybox:test', 'sleep', '600']))
    return outcomes.map(({ stderr }) => stderr)
  }
  beforeAll(async () => {
    scene = await startOwners(name)
    a = await scene.as('acme/app', 'apart')
    b = await scene.as('acme/site', 'apart')
    expect(await make(a)).toEqual(['', '', '', ''])
    expect(await make(b)).toEqual(['', '', '', ''])
  })
  afterAll(() => scene.close())

  test('both have their own container, network and volume of a name', async () => {
    for (const party of [a, b]) {
      expect((await docker(party.route, ['ps', '--format', '{{.Names}}'])).stdout).toBe('web\ndb\n')
      expect((await docker(party.route, ['volume', 'ls', '-q'])).stdout).toBe('cache\n')
      const inspected = await docker(party.route, [
        'inspect',
        'db',
        '--format',
        '{{.Name}} {{.HostConfig.NetworkMode}} {{.HostConfig.Binds}}',
      ])
      expect(inspected.stdout).toBe('/db back [cache:/cache]\n')
    }
    const { stdout } = await docker(scene.direct.route, ['ps', '--format', '{{.Names}}'])
    expect(stdout).toMatch(/^(o-[0-9a-f]{16}-(web|db)\n){4}$/)
  })

  test('a name in a network is the one that the owner gave', async () => {
    const outcome = await docker(a.route, ['exec', 'web', 'ping', '-c', '1', '-W', '5', 'db'])
    expect(outcome.stdout).toContain('1 packets received')
  })

  test('what one owner writes to a volume the other does not read', async () => {
    await docker(a.route, ['exec', 'db', 'sh', '-c', 'echo secret > /cache/file'])
    expect((await docker(a.route, ['exec', 'web', 'cat', '/cache/file'])).stdout).toBe('secret\n')
    expect((await docker(b.route, ['exec', 'web', 'cat', '/cache/file'])).code).not.toBe(0)
  })

  test('an id, and the beginning of one, name the owner own container', async () => {
    const id = (await docker(a.route, ['ps', '-q', '--no-trunc', '--filter', 'name=^/db$'])).stdout.trim()
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect((await docker(a.route, ['inspect', id.slice(0, 12), '--format', '{{.Name}}'])).stdout).toBe('/db\n')
    expect((await docker(b.route, ['inspect', '--type', 'container', id.slice(0, 12)])).stderr).toContain(
      'No such container',
    )
  })

  test('errors say the name that the owner gave', async () => {
    const taken = await docker(a.route, ['create', '--name', 'db', 'busybox:test'])
    expect(taken.stderr).toContain('The container name "/db" is already in use by container')
    const missing = await docker(a.route, ['rm', 'nothing'])
    expect(missing.stderr.trim()).toMatch(/No such container: nothing$/)
    expect((await docker(a.route, ['network', 'rm', 'back'])).stderr).not.toMatch(/o-[0-9a-f]{16}-/)
  })

  test('a container is renamed among the owner own', async () => {
    await docker(a.route, ['create', '--name', 'before', 'busybox:test'])
    expect((await docker(a.route, ['rename', 'before', 'after'])).stderr).toBe('')
    expect((await docker(a.route, ['inspect', 'after', '--format', '{{.Name}}'])).stdout).toBe('/after\n')
  })

  test('others containers can be joined by the name that the owner gave', async () => {
    const joined = [
      'run',
      '--rm',
      '--network',
      'container:db',
      '--volumes-from',
      'db',
      'busybox:test',
      'ls',
      '-d',
      '/cache',
    ]
    expect((await docker(a.route, joined)).stdout).toBe('/cache\n')
  })
})
