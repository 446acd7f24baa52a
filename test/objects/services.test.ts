import { describe, expect, test } from 'vitest'
import { recognise } from '../../src/engine/recognise.ts'
import type { CheckedRequest } from '../../src/inspect/inspect.ts'
import { parseJson } from '../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../src/inspect/json/serialise.ts'
import type { JsonValue } from '../../src/inspect/json/value.ts'
import { confine, createWorld, ownerOf } from '../../src/objects/confine.ts'
import type { Ledger } from '../../src/objects/ledger.ts'
import type { Ask, Errand } from '../../src/objects/types.ts'
import { updated, withoutReturned } from '../../src/objects/updated.ts'
import { compilePattern, type Pattern } from '../../src/policy/profile/pattern.ts'
import type { ObjectsRule } from '../../src/policy/types.ts'

const ANY = Number.POSITIVE_INFINITY
const PRINCIPAL = { issuer: 'i', subject: 's', claims: {}, certificate: null, expiresAt: 0 }
const STAMPS = { 'io.dockgate.owner': 'k', 'io.dockgate.record': 'first' }
const THEIRS = { 'io.dockgate.owner': 'other', 'io.dockgate.record': 'x' }
const id = (letter: string) => letter.repeat(25)
const DIGEST = `sha256:${'d'.repeat(64)}`
const IMAGE = `sha256:${'1'.repeat(64)}`
const RULE = {
  names: 'plain',
  sharedImages: [compilePattern('docker.io/library/*', 'reference') as Pattern],
  quotas: Object.fromEntries(
    ['containers', 'running', 'volumes', 'networks', 'images', 'memory', 'nanoCpus'].map((quota) => [quota, ANY]),
  ),
  lifetime: ANY,
  endsWithToken: false,
} as unknown as ObjectsRule

const json = (value: unknown) => parseJson(Buffer.from(JSON.stringify(value)))
const plain = (value: JsonValue) => JSON.parse(serialiseJson(value).toString())

interface Spec {
  Labels: Record<string, string>
  TaskTemplate: {
    Networks: { Target: string }[]
    ContainerSpec: {
      Image: string
      Labels: Record<string, string>
      Mounts: { Target: string; VolumeOptions: { Labels: Record<string, string> } }[]
      Configs: { ConfigID: string }[]
      Privileges: { CredentialSpec: { Config: string } }
    }
  }
}

const spec = (container: object = {}, more: object = {}) => ({
  Name: 'web',
  Labels: STAMPS,
  TaskTemplate: { ContainerSpec: { Image: IMAGE, Labels: STAMPS, ...container } },
  ...more,
})

const own = (ID: string, Name: string) => ({ ID, Spec: { Name, Labels: STAMPS } })
const theirs = (ID: string, Name: string) => ({ ID, Spec: { Name, Labels: THEIRS } })

/** An engine that has these objects by their paths. */
function worldOf(objects: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  const ask: Ask = async (method, target) => {
    const path = decodeURIComponent(target.split('?')[0] as string)
    asked.push(`${method} ${path}`)
    const found = objects[path]
    return { status: found === undefined ? 404 : 200, body: json(found ?? { message: 'not found' }) }
  }
  const ledger = {
    ownsImage: (image: string, owner: string) => image === IMAGE && owner === 'k',
    imagesOf: () => [],
    holdersOf: (reference: string) =>
      reference.startsWith('acme.io/mine') ? [{ owner: 'k', how: 'made' as const }] : [],
  } as unknown as Ledger
  return { asked, world: createWorld(ask, ledger, () => false) }
}

type World = ReturnType<typeof worldOf>['world']

const checkedOf = (target: string, body: unknown): CheckedRequest => {
  const value = json(body)
  return { operation: recognise('POST', target), headers: [], body: { kind: 'bytes', value, bytes: Buffer.alloc(0) } }
}

const confined = (world: World, target: string, body: unknown, key = 'k') =>
  confine(checkedOf(target, body), ownerOf(key, RULE, PRINCIPAL as never, 'second'), world)

function sent(errand: Errand): Spec {
  if (errand.kind !== 'send' || errand.checked.body.kind !== 'bytes') throw new Error('it was not sent')
  return plain(errand.checked.body.value)
}

const CREATE = '/services/create'
const UPDATE = '/services/web/update?version=1'

describe('the image of a service', () => {
  const image = (RepoTags: string[], RepoDigests: string[]) => ({ Id: IMAGE, RepoTags, RepoDigests })
  const made = async (name: string) => {
    const { world, asked } = worldOf({
      '/images/acme.io/mine/app:1/json': image(['acme.io/mine/app:1'], [`acme.io/mine/app@${DIGEST}`]),
      '/images/acme.io/mine/local/json': image(['acme.io/mine/local:latest'], []),
      '/images/acme.io/theirs:1/json': image(['acme.io/theirs:1'], []),
    })
    const errand = await confined(world, CREATE, spec({ Image: name }))
    return { errand, asked }
  }

  test('is pinned by the digest that its name has now', async () => {
    const { errand } = await made('acme.io/mine/app:1')
    expect(sent(errand).TaskTemplate.ContainerSpec.Image).toBe(`acme.io/mine/app:1@${DIGEST}`)
  })

  test('is pinned by its id where it came from no registry', async () => {
    const { errand } = await made('acme.io/mine/local')
    expect(sent(errand).TaskTemplate.ContainerSpec.Image).toBe(IMAGE)
  })

  test('keeps its name where the role shares it, here or not', async () => {
    const { errand, asked } = await made('alpine:3')
    expect(sent(errand).TaskTemplate.ContainerSpec.Image).toBe('alpine:3')
    expect(asked).toEqual([])
  })

  test.each(['acme.io/theirs:1', 'acme.io/nowhere:1'])(
    '%s, which the owner does not have, is not there',
    async (name) => {
      const { errand } = await made(name)
      expect(errand).toMatchObject({ kind: 'answer', status: 404, reason: 'object-unknown' })
    },
  )
})

describe('what a service names', () => {
  test('of another owner is sent as what nobody has, and shown as it was written', async () => {
    const { world } = worldOf({ [`/configs/${id('c')}`]: theirs(id('c'), 'conf') })
    const container = {
      Image: 'alpine',
      Configs: [{ ConfigID: id('c'), ConfigName: 'conf' }],
      Privileges: { CredentialSpec: { Config: id('c') } },
    }
    const errand = await confined(world, CREATE, spec(container))
    const { Configs, Privileges } = sent(errand).TaskTemplate.ContainerSpec
    const [config] = Configs
    expect(config?.ConfigID).toMatch(/^z[0-9a-f]{31}$/)
    // The engine wants what both name to be the same.
    expect(Privileges.CredentialSpec.Config).toBe(config?.ConfigID)
    if (errand.kind !== 'send') throw new Error('it was not sent')
    expect(errand.reason).toBe('object-unknown')
    const shown = errand.shape?.(404)
    if (shown?.kind !== 'whole') throw new Error('not whole')
    const { bytes } = await shown.change(Buffer.from(`{"message":"no config ${config?.ConfigID}"}`))
    expect(bytes.toString()).toBe(`{"message":"no config ${id('c')}"}`)
  })

  test.each([
    ['a volume with a name', { Mounts: [{ Type: 'volume', Source: 'data', Target: '/d' }] }],
    ['a cluster volume', { Mounts: [{ Type: 'cluster', Source: 'data', Target: '/d' }] }],
    ['a mounted image', { Mounts: [{ Type: 'image', Source: 'alpine', Target: '/d' }] }],
    ['a volume in capital letters', { Mounts: [{ Type: 'VOLUME', Source: 'data', Target: '/d' }] }],
    ['a cluster volume in another case', { Mounts: [{ Type: 'Cluster', Source: 'data', Target: '/d' }] }],
    ['a mount without a type', { Mounts: [{ Source: 'data', Target: '/d' }] }],
  ])('may not be %s, which could be somebody else later', async (_name, container) => {
    const { world, asked } = worldOf({})
    await expect(confined(world, CREATE, spec({ Image: 'alpine', ...container }))).rejects.toMatchObject({
      reason: 'objects-unbounded',
    })
    expect(asked).toEqual([])
  })
})

test('a key with braces is no template in the labels of a volume, which the engine fills in', async () => {
  const Mounts = [{ Type: 'volume', Target: '/d' }]
  const errand = await confined(worldOf({}).world, CREATE, spec({ Image: 'alpine', Mounts }), 'a{{.Service.Name}}{{{b')
  const { Labels, Mounts: sentMounts } = sent(errand).TaskTemplate.ContainerSpec
  expect(Labels['io.dockgate.owner']).toBe('a{{.Service.Name}}{{{b')
  expect(sentMounts[0]?.VolumeOptions.Labels['io.dockgate.owner']).toBe('a{{"{{"}}.Service.Name}}{{"{{"}}{b')
})

describe('the update of a service', () => {
  const now = spec(
    { Mounts: [{ Type: 'volume', Target: '/old', VolumeOptions: { Labels: STAMPS } }] },
    { Networks: [{ Target: id('n') }] },
  )
  const service = (more: object = {}) => ({ ID: id('s'), Spec: now, ...more })

  test('keeps what an operator gave it, and asks no more about that', async () => {
    const { world, asked } = worldOf({ '/services/web': service() })
    const errand = await confined(world, UPDATE, { ...now, Labels: {} })
    expect(sent(errand)).toMatchObject({ Networks: [{ Target: id('n') }], Labels: STAMPS })
    expect(sent(errand).TaskTemplate.ContainerSpec.Image).toBe(IMAGE)
    expect(asked).toEqual(['GET /services/web'])
  })

  test('leaves a mount the labels it has, and gives a new one those of now', async () => {
    const { world } = worldOf({ '/services/web': service() })
    const Mounts = ['/new', '/old'].map((Target) => ({ Type: 'volume', Target }))
    const errand = await confined(world, UPDATE, spec({ Mounts, Labels: {} }))
    const [added, kept] = sent(errand).TaskTemplate.ContainerSpec.Mounts
    expect(added?.VolumeOptions.Labels).toMatchObject({ 'io.dockgate.owner': 'k', 'io.dockgate.record': 'second' })
    expect(kept?.VolumeOptions.Labels).toEqual(STAMPS)
  })

  test('is sent by its id', async () => {
    const { world } = worldOf({ '/services/web': service() })
    const errand = await confined(world, UPDATE, now)
    if (errand.kind !== 'send') throw new Error('it was not sent')
    expect(errand.checked.operation.params.id).toBe(id('s'))
  })

  test.each([
    ['labels of another', spec({}, { Labels: THEIRS })],
    ['labels of another for its containers', spec({ Labels: THEIRS })],
    ['a secret of another', spec({ Secrets: [{ SecretID: id('x'), SecretName: 'x' }] })],
  ])('does not bring back a spec with %s', async (_name, previous) => {
    const { world } = worldOf({
      '/services/web': service({ PreviousSpec: previous }),
      [`/secrets/${id('x')}`]: theirs(id('x'), 'x'),
    })
    await expect(confined(world, `${UPDATE}&rollback=previous`, now)).rejects.toMatchObject({
      reason: 'objects-unbounded',
    })
  })

  test('brings back a spec of one own', async () => {
    const Secrets = [{ SecretID: id('m'), SecretName: 'm' }]
    const { world } = worldOf({
      '/services/web': service({ PreviousSpec: spec({ Secrets }) }),
      [`/secrets/${id('m')}`]: own(id('m'), 'm'),
    })
    expect(await confined(world, `${UPDATE}&rollback=previous`, now)).toMatchObject({ kind: 'send', reason: 'allowed' })
  })

  test('by an operator goes by id, with the labels that it has and no others', async () => {
    const { world } = worldOf({ '/services/web': service() })
    const checked = await updated(
      checkedOf(UPDATE, spec({ Labels: { a: 'b' } }, { Labels: { ...THEIRS, c: 'd' } })),
      world,
    )
    expect(checked.operation.params.id).toBe(id('s'))
    const { Labels, TaskTemplate } = sent({ kind: 'send', checked } as Errand)
    expect(Labels).toEqual({ ...STAMPS, c: 'd' })
    expect(TaskTemplate.ContainerSpec.Labels).toEqual({ ...STAMPS, a: 'b' })
  })
})

describe('labels that come back in an update', () => {
  const { world } = worldOf({
    '/services/web': {
      ID: id('s'),
      Spec: spec({ Mounts: [{ Type: 'volume', Target: '/d', VolumeOptions: { Labels: STAMPS } }] }),
    },
    '/services/other': { ID: id('o'), Spec: spec({}, { Labels: THEIRS }) },
  })
  const owner = ownerOf('k', RULE, PRINCIPAL as never, 'second')
  const judged = async (target: string, body: object, by: typeof owner | null = owner) =>
    plain(await withoutReturned(recognise('POST', target), json(body), world, by))

  test('are not judged where they are as the object has them, in all places', async () => {
    const mounts = (labels: object) => [{ Type: 'volume', Target: '/d', VolumeOptions: { Labels: labels } }]
    const body = { ...spec({ Mounts: mounts(STAMPS) }), Labels: { ...STAMPS, a: 'b' } }
    for (const by of [owner, null]) {
      expect(await judged(UPDATE, body, by)).toEqual({
        Name: 'web',
        Labels: { a: 'b' },
        TaskTemplate: { ContainerSpec: { Image: IMAGE, Labels: {}, Mounts: mounts({}) } },
      })
    }
  })

  test.each([
    { 'io.dockgate.owner': 'other' },
    { 'io.dockgate.owner': '' },
    { 'IO.dockgate.owner': 'k' },
    { 'io.dockgate.new': 'k' },
  ])('stay, to be refused, where they are %o', async (labels) => {
    expect(await judged(UPDATE, { Labels: labels })).toEqual({ Labels: labels })
  })

  test('stay where the object is another owner, and are seen by an operator', async () => {
    const target = '/services/other/update?version=1'
    expect(await judged(target, { Labels: THEIRS })).toEqual({ Labels: THEIRS })
    expect(await judged(target, { Labels: THEIRS }, null)).toEqual({ Labels: {} })
  })

  test('stay in what makes an object', async () => {
    expect(await judged(CREATE, { Labels: STAMPS })).toEqual({ Labels: STAMPS })
  })
})
