import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '../support/docker-client.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

describe('containers of two owners on one engine', () => {
  let scene: Owners
  let a: Party
  let b: Party
  let operator: Party
  beforeAll(async () => {
    scene = await startOwners('old')
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    operator = await scene.operator()
  })
  afterAll(() => scene.close())

  test('a container is stamped with its owner', async () => {
    const made = await docker(a.route, ['create', '--name', 'stamped', '--label', 'mine=1', 'busybox:test', 'true'])
    expect(made.stderr).toBe('')
    const { json } = await scene.direct.call('GET', '/containers/stamped/json')
    expect((json as { Config: { Labels: object } }).Config.Labels).toEqual({
      mine: '1',
      'io.dockgate.owner': 'acme/app',
      'io.dockgate.principal': 'local/acme/app@test',
      'io.dockgate.record': expect.stringMatching(/^[0-9a-z]{16}$/),
    })
  })

  test.each([
    ['GET', '/containers/hidden/json'],
    ['GET', '/containers/hidden/logs?stdout=1'],
    ['GET', '/containers/hidden/top'],
    ['GET', '/containers/hidden/stats?stream=0'],
    ['GET', '/containers/hidden/changes'],
    ['GET', '/containers/hidden/export'],
    ['GET', '/containers/hidden/archive?path=/etc'],
    ['POST', '/containers/hidden/start'],
    ['POST', '/containers/hidden/stop'],
    ['POST', '/containers/hidden/kill'],
    ['POST', '/containers/hidden/wait'],
    ['POST', '/containers/hidden/rename?name=other'],
    ['POST', '/containers/hidden/attach?stdout=1&stream=1'],
    ['DELETE', '/containers/hidden?force=1'],
  ])('%s %s of somebody else is answered as one that is not there', async (method, target) => {
    await docker(a.route, ['create', '--name', 'hidden', 'busybox:test', 'true'])
    const missing = await scene.direct.call(method, target.replace('hidden', 'nobodys'))
    const theirs = await b.call(method, target)
    const none = await b.call(method, target.replace('hidden', 'nobodys'))
    const text = (body: Buffer) => body.toString().replaceAll('nobodys', 'hidden')
    expect([none.status, text(none.body)]).toEqual([missing.status, text(missing.body)])
    expect([theirs.status, text(theirs.body)]).toEqual([missing.status, text(missing.body)])
  })

  test('an owner runs, execs into and removes a container of his own', async () => {
    const run = await docker(a.route, ['run', '-d', '--name', 'own', 'busybox:test', 'sleep', '60'])
    expect(run.code).toBe(0)
    expect((await docker(a.route, ['exec', 'own', 'echo', 'hello'])).stdout).toBe('hello\n')
    expect((await docker(b.route, ['exec', 'own', 'echo', 'hello'])).stderr).toContain('No such container: own')
    expect((await docker(operator.route, ['exec', 'own', 'echo', 'operator'])).stdout).toBe('operator\n')
    expect((await docker(a.route, ['rm', '-f', 'own'])).code).toBe(0)
  })

  test('an exec of somebody else cannot be started or looked at', async () => {
    await docker(a.route, ['run', '-d', '--name', 'execs', 'busybox:test', 'sleep', '60'])
    const made = await a.call('POST', '/containers/execs/exec', { Cmd: ['echo', 'secret'], AttachStdout: true })
    const { Id } = made.json as { Id: string }
    const missing = await scene.direct.call('GET', `/exec/${'0'.repeat(64)}/json`)
    const theirs = await b.call('GET', `/exec/${Id}/json`)
    expect([theirs.status, theirs.body.toString().replace(Id, '0'.repeat(64))]).toEqual([
      missing.status,
      missing.body.toString(),
    ])
    expect((await b.call('POST', `/exec/${Id}/start`, { Detach: true })).status).toBe(404)
    expect((await a.call('GET', `/exec/${Id}/json`)).status).toBe(200)
    await docker(a.route, ['rm', '-f', 'execs'])
  })
})
