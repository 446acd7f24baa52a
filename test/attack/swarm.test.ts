import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { judgementOf } from './judgement.ts'
import { expectRefusal, type Scene, startScene } from './scene.ts'

const ROLES = {
  // Everything may be done, and nothing may be asked for.
  all: '{ allow: ["*"], workload: { images: ["docker.io/library/*"], volumes: ["*"], networks: ["*"], labels: {}, privileged: true } }',
  lister:
    '{ allow: ["*"], workload: { privileged: true, hostFields: [JoinToken, RemoteAddrs, Driver.Name, remote, name] } }',
}
const SECRET = 'hunter2'

describe('attacks by swarm, secrets and plugins', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(ROLES)
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const all = judgementOf(() => scene, 'all')
  const lister = judgementOf(() => scene, 'lister')

  it.each([
    ['POST', '/swarm/init'],
    ['POST', '/swarm/join'],
    ['POST', '/swarm/leave'],
    ['POST', '/swarm/update?version=1'],
    ['POST', '/swarm/unlock'],
    ['GET', '/swarm'],
    ['GET', '/swarm/unlockkey'],
    ['POST', '/nodes/x/update?version=1'],
    ['DELETE', '/nodes/x'],
    ['POST', '/plugins/pull?remote=x'],
    ['POST', '/plugins/x/upgrade?remote=x'],
    ['POST', '/plugins/x/set'],
    ['POST', '/plugins/create?name=x'],
    ['POST', '/plugins/x/enable'],
  ])('T111 T113 refuses %s %s to whoever may read, create, change and run', async (method, target) => {
    for (const role of ['maker', 'runner']) {
      const answer = await scene.send(method, target, { role, ...(method === 'POST' ? { body: '{}' } : {}) })
      expectRefusal(answer, 'operation-not-allowed')
    }
    await scene.nothingReached()
  })

  it.each([
    ['/swarm/init', { ForceNewCluster: true }, 'ForceNewCluster'],
    ['/swarm/init', { ListenAddr: '0.0.0.0:2377' }, 'ListenAddr'],
    ['/swarm/init', { Spec: { CAConfig: { SigningCAKey: SECRET } } }, 'Spec.CAConfig.SigningCAKey'],
    ['/swarm/init', { Spec: { CAConfig: { ExternalCAs: [{ URL: SECRET }] } } }, 'Spec.CAConfig.ExternalCAs'],
    ['/swarm/join', { JoinToken: SECRET }, 'JoinToken'],
    ['/swarm/join', { RemoteAddrs: ['evil.io:2377'] }, 'RemoteAddrs'],
    ['/swarm/unlock', { UnlockKey: SECRET }, 'UnlockKey'],
    ['/swarm/update?version=1', { EncryptionConfig: { AutoLockManagers: false } }, 'EncryptionConfig.AutoLockManagers'],
    ['/swarm/update?version=1', { TaskDefaults: { LogDriver: { Name: 'syslog' } } }, 'TaskDefaults.LogDriver.Name'],
    ['/nodes/x/update?version=1', { Role: 'manager' }, 'Role'],
    ['/nodes/x/update?version=1', { Availability: 'drain' }, 'Availability'],
    ['/nodes/x/update?version=1', { Labels: { a: 'b' } }, 'Labels'],
  ])('T111 refuses on %s %j, and tells no secret', async (target, body, field) => {
    expect(await all.refused(target, body)).toEqual([`${field} (workload.hostFields)`])
    expect(scene.recordLines().join()).not.toContain(SECRET)
  })

  it.each([
    ['POST', '/swarm/leave?force=1', 'force'],
    ['POST', '/swarm/update?version=1&rotateManagerToken=true', 'rotateManagerToken'],
    ['POST', '/swarm/update?version=1&rotateManagerUnlockKey=1', 'rotateManagerUnlockKey'],
    ['DELETE', '/nodes/x?force=yes', 'force'],
    ['DELETE', '/plugins/x?force=1', 'force'],
    ['POST', '/plugins/x/disable?force=1', 'force'],
    ['POST', '/plugins/create?name=evil', 'name'],
    ['POST', '/plugins/pull?remote=evil.io/x', 'remote'],
    ['POST', '/plugins/x/upgrade?remote=evil.io/x', 'remote'],
    ['GET', '/plugins/privileges?remote=169.254.169.254/x', 'remote'],
  ])('T111 T113 refuses %s %s for its parameter', async (method, target, field) => {
    const answer = await scene.send(method, target, { role: 'all' })
    expectRefusal(answer, 'request-not-allowed')
    expect(answer.text()).toContain(`${field}: asked for `)
    expect(answer.text()).toContain('roles.all.workload.hostFields')
    await scene.nothingReached()
  })

  it('T111 sends what the role lists, and nothing beside it', async () => {
    const body = { JoinToken: SECRET, RemoteAddrs: ['10.0.0.1:2377'] }
    expect(await lister.sent('/swarm/join', body)).toEqual(body)
    expect(await lister.refused('/swarm/join', { ...body, ListenAddr: '0.0.0.0' })).toEqual([
      'ListenAddr (workload.hostFields)',
    ])
    expect(scene.recordLines().join()).not.toContain(SECRET)
  })

  const spec = { Name: 's', Data: Buffer.from(SECRET).toString('base64'), Labels: { a: 'b' } }

  it.each(['/secrets/create', '/secrets/x/update?version=1'])(
    'T112 refuses drivers and templates of secrets on %s, and tells nothing of the data',
    async (target) => {
      expect(await all.refused(target, { ...spec, Driver: { Name: 'vault' } })).toEqual([
        'Driver (workload.hostFields)',
      ])
      expect(await all.refused(target, { ...spec, Templating: { Name: 'golang' } })).toEqual([
        'Templating (workload.hostFields)',
      ])
      expect(await all.sent(target, spec)).toEqual(spec)
      expect(scene.recordLines().join()).not.toContain(spec.Data)
    },
  )

  it.each(['/configs/create', '/configs/x/update?version=1'])(
    'T112 refuses templates of configs on %s',
    async (target) => {
      expect(await all.refused(target, { ...spec, Templating: { Name: 'golang', Options: { a: 'b' } } })).toEqual([
        'Templating (workload.hostFields)',
      ])
      expect(await all.refused(target, { ...spec, Driver: { Name: 'vault' } })).toEqual([
        'Driver (workload.unknownFields)',
      ])
      expect(await all.sent(target, spec)).toEqual(spec)
    },
  )

  it('T112 refuses to read configs and secrets back to whoever may read and make them', async () => {
    for (const target of ['/configs', '/configs/x', '/secrets/x']) {
      expectRefusal(await scene.send('GET', target, { role: 'maker' }), 'operation-not-allowed')
    }
    await scene.nothingReached()
  })

  it('T113 refuses the privileges and settings of plugins, whatever form they have', async () => {
    const privileges = [{ Name: 'mount', Description: '', Value: ['/'] }]
    const name = encodeURIComponent('x')
    for (const target of [`/plugins/${name}/upgrade`, '/plugins/pull']) {
      expect(await all.refused(target, privileges)).toEqual(['(body) (workload.hostFields)'])
      for (const body of ['{}', '"mount"', '[null]', '[{"Name":1}]']) {
        expectRefusal(await scene.send('POST', target, { role: 'all', body }), 'body-field')
      }
      expect(await all.sent(target, '[]')).toEqual([])
    }
    expect(await all.refused('/plugins/x/set', [`TOKEN=${SECRET}`])).toEqual(['(body) (workload.hostFields)'])
    expect(scene.recordLines().join()).not.toContain(SECRET)
  })

  it.each([
    ['multipart/form-data; boundary=x', 'content-type'],
    ['multipart/form-data', 'content-type'],
    ['multipart/mixed', 'content-type'],
    ['application/x-www-form-urlencoded', 'content-type'],
    ['application/x-tar', 'request-not-allowed'],
  ] as const)('T113 refuses to make a plugin of a body of the type %s', async (type, reason) => {
    const headers = [`Content-Type: ${type}`]
    const answer = await scene.send('POST', '/plugins/create?name=x', { role: 'all', headers, body: 'x' })
    expectRefusal(answer, reason, 'request-not-allowed')
    await scene.nothingReached()
  })
})
