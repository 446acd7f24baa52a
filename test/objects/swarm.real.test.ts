import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Answer, type Owners, type Party, startOwners } from './scene.ts'

const DATA = Buffer.from('hidden').toString('base64')
const FILE = { Name: 'file', UID: '0', GID: '0', Mode: 292 }

interface Spec {
  Name: string
  Labels: Record<string, string>
  TaskTemplate: { ContainerSpec: { Image: string; Labels: Record<string, string>; Mounts?: { Source?: string }[] } }
}

interface Swarmed {
  ID: string
  Version: { Index: number }
  Spec: Spec
  PreviousSpec?: Spec
}

/** The spec of a service that sleeps. */
const sleeping = (name: string, container: object = {}, task: object = {}, spec: object = {}) => ({
  Name: name,
  TaskTemplate: { ContainerSpec: { Image: 'busybox:test', Command: ['sleep', '600'], ...container }, ...task },
  ...spec,
})

describe.each<EngineName>(['old', 'modern'])('services of owners in a swarm of one %s engine', (engine) => {
  let scene: Owners
  let a: Party
  let b: Party
  let apart: Party
  let operator: Party
  const run = async (party: Party, ...argv: string[]) => {
    const { stdout, stderr, code } = await docker(party.route, argv)
    return { stdout, stderr, code }
  }
  const lines = async (party: Party, ...argv: string[]) =>
    (await run(party, ...argv)).stdout.split('\n').filter(Boolean).sort()
  const idOf = ({ json }: Answer) => (json as { ID: string }).ID
  const inspected = async (party: Party, path: string) => (await party.call('GET', path)).json as Swarmed
  const message = ({ json }: Answer) => (json as { message: string }).message
  const secretOf = async (party: Party, name: string) => (await inspected(party, `/secrets/${name}`)).ID
  const running = async (service: string) => {
    const ask = ['service', 'ps', service, '--no-trunc', '--filter', 'desired-state=running', '--format']
    for (;;) {
      const { stdout } = await run(scene.direct, ...ask, '{{.CurrentState}}')
      if (stdout.startsWith('Running')) return
      await delay(100)
    }
  }

  beforeAll(async () => {
    scene = await startOwners(engine)
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    apart = await scene.as('acme/apart', 'apart')
    operator = await scene.operator()
    await scene.direct.call('POST', '/swarm/init', { ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1:2377' })
    for (const [party, mark] of [
      [a, 'a'],
      [b, 'b'],
      [operator, 'o'],
    ] as const) {
      expect((await run(party, 'network', 'create', '-d', 'overlay', `net-${mark}`)).stderr).toBe('')
      expect(await party.call('POST', '/secrets/create', { Name: `secret-${mark}`, Data: DATA })).toMatchObject({
        status: 201,
      })
      expect(await party.call('POST', '/configs/create', { Name: `config-${mark}`, Data: DATA })).toMatchObject({
        status: 201,
      })
      const create = ['service', 'create', '-d', '--no-resolve-image', '--name', `web-${mark}`]
      const named = ['--secret', `secret-${mark}`, '--config', `config-${mark}`, '--network', `net-${mark}`]
      const outcome = await run(party, ...create, ...named, 'busybox:test', 'sleep', '600')
      expect(outcome).toMatchObject({ stderr: '', code: 0 })
      await running(`web-${mark}`)
    }
  })
  afterAll(() => scene.close())

  test.each(['service', 'secret', 'config'])('a list of %ss has one own', async (kind) => {
    const name = kind === 'service' ? 'web' : kind
    expect(await lines(a, kind, 'ls', '--format', '{{.Name}}')).toEqual([`${name}-a`])
    expect(await lines(b, kind, 'ls', '--format', '{{.Name}}')).toEqual([`${name}-b`])
    expect(await lines(operator, kind, 'ls', '--format', '{{.Name}}')).toEqual([`${name}-a`, `${name}-b`, `${name}-o`])
    expect(await lines(a, kind, 'ls', '--filter', `name=${name}-b`, '-q')).toEqual([])
  })

  test('tasks are those of one own services, and their containers too', async () => {
    const tasks = (await a.call('GET', '/tasks')).json as { ID: string; ServiceID: string }[]
    expect(tasks.map(({ ServiceID }) => ServiceID)).toEqual([(await inspected(a, '/services/web-a')).ID])
    expect(await lines(a, 'service', 'ps', 'web-a', '--format', '{{.Name}}')).toEqual(['web-a.1'])
    const [task] = tasks
    expect((await a.call('GET', `/tasks/${task?.ID}`)).status).toBe(200)
    expect((await a.call('GET', `/tasks/${task?.ID.slice(0, 10)}`)).status).toBe(200)
    expect((await b.call('GET', `/tasks/${task?.ID}`)).status).toBe(404)
    expect((await b.call('GET', `/tasks/${task?.ID}/logs?stdout=1`)).status).toBe(404)
    expect(await lines(a, 'ps', '--format', '{{.Names}}')).toEqual([expect.stringMatching(/^web-a\.1\./)])
  })

  test.each([
    ['GET', '/services/NAME', 'web'],
    ['GET', '/services/NAME/logs?stdout=1', 'web'],
    ['DELETE', '/services/NAME', 'web'],
    ['POST', '/services/NAME/update?version=1', 'web'],
    ['GET', '/secrets/NAME', 'secret'],
    ['DELETE', '/secrets/NAME', 'secret'],
    ['POST', '/secrets/NAME/update?version=1', 'secret'],
    ['GET', '/configs/NAME', 'config'],
    ['DELETE', '/configs/NAME', 'config'],
    ['POST', '/configs/NAME/update?version=1', 'config'],
  ])('%s %s of another owner answers as the engine does of nothing', async (method, path, kind) => {
    const body = method === 'POST' ? sleeping('x') : undefined
    const list = kind === 'web' ? 'services' : `${kind}s`
    const { ID } = await inspected(b, `/${list}/${kind}-b`)
    const nothing = await scene.direct.call(method, path.replace('NAME', 'nothing-here'), body)
    for (const name of [`${kind}-b`, ID, ID.slice(0, 12)]) {
      const answer = await a.call(method, path.replace('NAME', name), body)
      expect(answer.status).toBe(nothing.status)
      expect(answer.body.toString()).toBe(nothing.body.toString().replace('nothing-here', name))
    }
    expect((await b.call('GET', `/${list}/${kind}-b`)).status).toBe(200)
  })

  test('a filter of tasks by a service of another answers as by one that is not there', async () => {
    const tasksOf = (party: Party, name: string) =>
      party.call('GET', `/tasks?filters=${encodeURIComponent(JSON.stringify({ service: [name] }))}`)
    const nothing = await tasksOf(scene.direct, 'nothing-here')
    const answer = await tasksOf(a, 'web-b')
    expect(answer.status).toBe(nothing.status)
    expect(message(answer)).toBe(message(nothing).replace('nothing-here', 'web-b'))
    expect((await tasksOf(a, 'web-a')).json).toHaveLength(1)
  })

  test('a secret or config of another is not found, by id or by a name that does not fit', async () => {
    const theirs = await secretOf(b, 'secret-b')
    const own = await secretOf(a, 'secret-a')
    const config = (await inspected(b, '/configs/config-b')).ID
    const withSecret = (SecretID: string, SecretName: string) =>
      a.call('POST', '/services/create', sleeping('s', { Secrets: [{ SecretID, SecretName, File: FILE }] }))
    const nothing = await withSecret('0000000000000000000000000', 'secret-b')
    expect(nothing.status).toBe(400)
    for (const [id, name] of [
      [theirs, 'secret-b'],
      [own, 'secret-b'],
      ['secret-b', 'secret-b'],
    ] as const) {
      expect((await withSecret(id, name)).body.toString()).toBe(nothing.body.toString())
    }
    expect(message(await withSecret(theirs, 'secret-a'))).toContain('secret not found: secret-a')
    const wanting = { Configs: [{ ConfigID: config, ConfigName: 'config-b', File: FILE }] }
    expect(message(await a.call('POST', '/services/create', sleeping('s', wanting)))).toContain(
      'config not found: config-b',
    )
    expect(await lines(operator, 'service', 'ls', '--format', '{{.Name}}')).not.toContain('s')
  })

  test.each(['TaskTemplate', 'the spec'])(
    'a network of another is not found among those of %s, by name or id',
    async (place) => {
      const attach = (party: Party, name: string, Target: string) => {
        const Networks = [{ Target }]
        const spec = place === 'the spec' ? sleeping(name, {}, {}, { Networks }) : sleeping(name, {}, { Networks })
        return party.call('POST', '/services/create', spec)
      }
      const nothing = await attach(scene.direct, 'n', 'nothing-here')
      const { Id } = (await b.call('GET', '/networks/net-b')).json as { Id: string }
      for (const target of ['net-b', Id, Id.slice(0, 12), 'net-o']) {
        const answer = await attach(a, 'n', target)
        expect(answer.status).toBe(nothing.status)
        expect(answer.body.toString()).toBe(nothing.body.toString().replaceAll('nothing-here', target))
      }
      const local = await run(a, 'network', 'create', 'local-a')
      expect(local.code).toBe(0)
      const refused = await attach(a, 'n', 'local-a')
      expect(message(refused)).toBe(message(await attach(scene.direct, 'n', 'local-a')))
      await run(a, 'network', 'rm', 'local-a')
    },
  )

  test('a service runs the image that its owner saw, whatever comes to have the name', async () => {
    const make = async (party: Party, reference: string) => {
      const id = (await run(party, 'create', 'busybox:test', 'true')).stdout.trim()
      expect((await run(party, 'commit', id, reference)).code).toBe(0)
      await run(party, 'rm', id)
    }
    await make(b, 'theirs:1')
    const nowhere = await a.call('POST', '/services/create', sleeping('i', { Image: 'nowhere:1' }))
    const theirs = await a.call('POST', '/services/create', sleeping('i', { Image: 'theirs:1' }))
    expect(nowhere.status).toBe(404)
    expect(message(theirs)).toBe(message(nowhere).replace('nowhere:1', 'theirs:1'))

    await make(a, 'mine:1')
    const { Id } = (await a.call('GET', '/images/mine:1/json')).json as { Id: string }
    expect((await a.call('POST', '/services/create', sleeping('i', { Image: 'mine:1' }))).status).toBe(201)
    await running('i')
    expect((await inspected(a, '/services/i')).Spec.TaskTemplate.ContainerSpec.Image).toBe(Id)
    expect((await run(a, 'service', 'update', '-d', '--env-add', 'X=1', 'i')).stderr).toBe('')
    await run(a, 'service', 'rm', 'i')
  })

  test('a service has no volume by a name that somebody else may come to have, and one without a name', async () => {
    const Mounts = [{ Type: 'volume', Source: 'data', Target: '/data' }]
    expect(await a.call('POST', '/services/create', sleeping('v', { Mounts }))).toMatchObject({ status: 403 })
    const unnamed = sleeping('v', { Mounts: [{ Type: 'volume', Target: '/data' }] })
    expect((await a.call('POST', '/services/create', unnamed)).status).toBe(201)
    await running('v')
    expect(await lines(a, 'volume', 'ls', '-q')).toHaveLength(1)
    expect(await lines(b, 'volume', 'ls', '-q')).toHaveLength(0)
    await run(a, 'service', 'update', '-d', '--env-add', 'X=1', 'v')
    await run(a, 'service', 'rm', 'v')
  })

  test('a volume of another is not mounted by a type in another case, which the engine takes too', async () => {
    await run(b, 'volume', 'create', 'theirs')
    for (const Type of ['VOLUME', 'Volume', 'Cluster', 'csi', '']) {
      const body = sleeping('t', { Mounts: [{ Type, Source: 'theirs', Target: '/data' }] })
      expect((await a.call('POST', '/services/create', body)).status).toBe(403)
    }
    await run(b, 'volume', 'rm', 'theirs')
  })

  test('a volume of a service is its owner own, whatever braces the key has', async () => {
    const key = 'acme/{{index .Service.Labels "x"}}{{{b'
    const braced = await scene.as(key)
    const body = sleeping('braces', { Mounts: [{ Type: 'volume', Target: '/data' }] }, {}, { Labels: { x: 'site' } })
    expect((await braced.call('POST', '/services/create', body)).status).toBe(201)
    await running('braces')
    const [volume] = await lines(braced, 'volume', 'ls', '-q')
    const { json } = await scene.direct.call('GET', `/volumes/${volume}`)
    expect(json).toMatchObject({ Labels: { 'io.dockgate.owner': key } })
    expect(await run(braced, 'service', 'update', '-d', '--env-add', 'X=1', 'braces')).toMatchObject({ stderr: '' })
    await run(braced, 'service', 'rm', 'braces')
  })

  test('a config of another is no credential spec, and answers as one that is not there', async () => {
    const config = (await inspected(b, '/configs/config-b')).ID
    const withConfig = (party: Party, ConfigID: string, ConfigName: string) => {
      const Configs = [{ ConfigID, ConfigName, Runtime: {} }]
      const Privileges = { CredentialSpec: { Config: ConfigID } }
      return party.call('POST', '/services/create', sleeping('cred', { Configs, Privileges }))
    }
    const absent = 'z'.repeat(25)
    for (const name of ['config-b', 'none']) {
      const nothing = await withConfig(scene.direct, absent, 'config-c')
      const theirs = await withConfig(a, config, name)
      expect(theirs.status).toBe(nothing.status)
      expect(theirs.body.toString()).toBe(
        nothing.body.toString().replaceAll(absent, config).replaceAll('config-c', name),
      )
    }
    const alone = (party: Party, Config: string) =>
      party.call('POST', '/services/create', sleeping('cred', { Privileges: { CredentialSpec: { Config } } }))
    const nothing = await alone(scene.direct, absent)
    expect((await alone(a, config)).body.toString()).toBe(nothing.body.toString().replaceAll(absent, config))
  })

  test('with names kept apart, a service has the volume and the network that its owner calls so', async () => {
    await run(apart, 'network', 'create', '-d', 'overlay', 'back')
    const create = ['service', 'create', '-d', '--no-resolve-image', '--name', 'kept', '--network', 'back']
    const mount = ['--mount', 'type=volume,source=data,target=/data']
    expect(await run(apart, ...create, ...mount, 'busybox:test', 'sleep', '600')).toMatchObject({ stderr: '', code: 0 })
    await running('kept')
    expect(await lines(apart, 'volume', 'ls', '-q')).toEqual(['data'])
    const mounts = async () => (await inspected(apart, '/services/kept')).Spec.TaskTemplate.ContainerSpec.Mounts
    expect(await mounts()).toMatchObject([{ Source: 'data' }])
    expect((await run(apart, 'service', 'update', '-d', '--env-add', 'X=1', 'kept')).stderr).toBe('')
    expect(await mounts()).toMatchObject([{ Source: 'data' }])
    const real = (await inspected(scene.direct, '/services/kept')).Spec.TaskTemplate.ContainerSpec.Mounts
    expect(real).toMatchObject([{ Source: expect.stringMatching(/^o-[0-9a-f]{16}-data$/) }])
  })

  test('an update keeps the owner, by the client own command and whoever gives it', async () => {
    const before = (await inspected(scene.direct, '/services/web-a')).Spec
    expect(before.Labels['io.dockgate.owner']).toBe('acme/app')
    for (const party of [a, operator]) {
      for (const change of ['--label-add', '--container-label-add']) {
        expect(await run(party, 'service', 'update', '-d', change, 'x=y', 'web-a')).toMatchObject({
          stderr: '',
          code: 0,
        })
      }
      const { Spec } = await inspected(scene.direct, '/services/web-a')
      expect(Spec.Labels).toEqual({ ...before.Labels, x: 'y' })
      expect(Spec.TaskTemplate.ContainerSpec.Labels).toEqual({
        ...before.TaskTemplate.ContainerSpec.Labels,
        x: 'y',
      })
    }
  })

  test('the spec before the last update comes back with its owner', async () => {
    const before = (await inspected(scene.direct, '/services/web-b')).Spec
    await run(b, 'service', 'update', '-d', '--env-add', 'X=1', 'web-b')
    expect((await run(b, 'service', 'rollback', '-d', 'web-b')).stderr).toBe('')
    expect((await inspected(scene.direct, '/services/web-b')).Spec.Labels).toEqual(before.Labels)
  })

  test.each([
    ['services', 'web-a'],
    ['secrets', 'secret-a'],
    ['configs', 'config-a'],
  ])('of %s, no update takes the owner away or forges one', async (list, name) => {
    const { Spec } = await inspected(scene.direct, `/${list}/${name}`)
    const owner = Spec.Labels['io.dockgate.owner']
    const send = async (party: Party, labels: Record<string, string>) => {
      const { Version } = await inspected(scene.direct, `/${list}/${name}`)
      return party.call('POST', `/${list}/${name}/update?version=${Version.Index}`, { ...Spec, Labels: labels })
    }
    for (const party of [a, operator]) {
      expect((await send(party, {})).status).toBe(200)
      expect((await send(party, Spec.Labels)).status).toBe(200)
      for (const forged of [
        { 'io.dockgate.owner': 'acme/site' },
        { 'io.dockgate.owner': '' },
        { ...Spec.Labels, 'IO.Dockgate.Owner': 'acme/app' },
        { ...Spec.Labels, 'io.dockgate.expires': '2000-01-01T00:00:00Z' },
        { 'io.dockgate.record': 'x' },
      ]) {
        expect((await send(party, forged)).status).toBe(403)
      }
    }
    const after = await inspected(scene.direct, `/${list}/${name}`)
    expect(after.Spec.Labels).toEqual(Spec.Labels)
    expect(owner).toBe('acme/app')
  })

  test('whoever guesses the labels of another object is told no more than who does not', async () => {
    const { Spec } = await inspected(scene.direct, '/secrets/secret-b')
    const guess = (name: string) => a.call('POST', `/secrets/${name}/update?version=1`, { ...Spec, Name: name })
    expect((await guess('secret-b')).status).toBe((await guess('nothing-here')).status)
  })

  test('what is in the way of another is not named', async () => {
    const ports = (name: string) =>
      sleeping(name, {}, {}, { EndpointSpec: { Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8088 }] } })
    expect((await b.call('POST', '/services/create', ports('port-b'))).status).toBe(201)
    const { status, body } = await a.call('POST', '/services/create', ports('port-a'))
    expect(status).toBe(400)
    expect(body.toString()).toContain("port '8088' is already in use by another service as an ingress port")
    expect(message(await b.call('POST', '/services/create', ports('port-c')))).toContain("service 'port-b'")
    await run(b, 'service', 'rm', 'port-b')

    const SecretID = await secretOf(a, 'secret-a')
    const Secrets = [{ SecretID, SecretName: 'secret-a', File: FILE }]
    const Networks = [{ Target: 'net-a' }]
    const made = idOf(await operator.call('POST', '/services/create', sleeping('hidden', { Secrets }, { Networks })))
    for (const path of ['/secrets/secret-a', '/networks/net-a']) {
      const refused = await a.call('DELETE', path)
      expect(refused.status).toBe(400)
      expect(message(refused)).toMatch(/is in use by/)
      expect(message(refused)).not.toMatch(/hidden/)
      expect(message(refused)).not.toContain(made)
    }
    await run(operator, 'service', 'rm', 'hidden')
  })

  test('a name that another has is told to be taken, and nothing more', async () => {
    const taken = await a.call('POST', '/services/create', sleeping('web-b'))
    expect(taken.status).toBe(409)
    expect(message(taken)).toMatch(/service web-b already exists$/)
    expect(message(await a.call('POST', '/secrets/create', { Name: 'secret-b', Data: DATA }))).toMatch(
      /secret secret-b already exists$/,
    )
  })

  test('nodes and plugins may be seen, and the swarm not changed', async () => {
    const [node] = await lines(a, 'node', 'ls', '-q')
    expect((await a.call('GET', `/nodes/${node}`)).status).toBe(200)
    expect((await a.call('GET', '/plugins')).status).toBe(200)
    expect((await a.call('GET', '/swarm')).status).toBe(403)
    expect((await a.call('POST', `/nodes/${node}/update?version=1`, {})).status).toBe(403)
  })

  test.each([
    ['PluginSpec', { Runtime: 'plugin', PluginSpec: { Name: 'x', Remote: 'x' } }],
    ['NetworkAttachmentSpec', { NetworkAttachmentSpec: { ContainerID: 'x' } }],
  ])('a service of %s is refused', async (_name, task) => {
    const body = { Name: 'p', TaskTemplate: task }
    expect((await a.call('POST', '/services/create', body)).status).toBe(403)
  })
})
