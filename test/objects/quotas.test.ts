import { afterEach, describe, expect, test, vi } from 'vitest'
import { recognise } from '../../src/engine/recognise.ts'
import { parseJson } from '../../src/inspect/json/parse.ts'
import type { JsonValue } from '../../src/inspect/json/value.ts'
import { createWorld } from '../../src/objects/confine.ts'
import type { Ledger } from '../../src/objects/ledger.ts'
import { type OwnedRequest, type Rule, send } from '../../src/objects/request.ts'
import type { Ask, Errand } from '../../src/objects/types.ts'
import type { Quotas } from '../../src/policy/types.ts'

const ANY = Number.POSITIVE_INFINITY
const NONE: Quotas = {
  containers: ANY,
  running: ANY,
  volumes: ANY,
  networks: ANY,
  images: ANY,
  memory: ANY,
  nanoCpus: ANY,
}
const PRINCIPAL = { issuer: 'i', subject: 's', claims: {}, certificate: null, expiresAt: 0 }

/** An engine that tells what it is told to, and remembers what it was asked. */
function engine(answers: Readonly<Record<string, unknown>> = {}, volumes: readonly string[] = []) {
  const asked: string[] = []
  const ask: Ask = async (method, path) => {
    asked.push(`${method} ${path.split('?')[0]}`)
    const answer = answers[path.split('?')[0] as string]
    const body = answer === undefined ? null : parseJson(Buffer.from(JSON.stringify(answer)))
    return { status: answer === undefined ? 500 : 200, body }
  }
  const ledger = { imagesOf: () => ['sha256:1'], volumesOf: () => volumes } as unknown as Ledger
  return { asked, world: createWorld(ask, ledger, () => false) }
}

function request(world: OwnedRequest['world'], quotas: Partial<Quotas>, line: string, body: JsonValue = null) {
  const [method = '', target = ''] = line.split(' ')
  const checked = {
    operation: recognise(method, target),
    headers: [],
    body: body === null ? { kind: 'none' } : { kind: 'bytes', value: body, bytes: Buffer.alloc(0) },
  } as unknown as OwnedRequest['checked']
  const rule = { names: 'plain', sharedImages: [], quotas: { ...NONE, ...quotas }, lifetime: ANY, endsWithToken: false }
  return {
    checked,
    world,
    owner: { key: 'k', rule, principal: PRINCIPAL, prefix: '', record: 'r' },
  } as unknown as OwnedRequest
}

const sending: Rule = ({ checked }) => send(checked)
const end = (errand: Errand) => {
  if (errand.kind !== 'send') throw new Error('it was not sent')
  errand.shape?.(201)
  errand.over()
}

afterEach(() => void vi.useRealTimers())

describe('quotas', () => {
  test('nothing is asked of the engine where no quota bounds the operation', async () => {
    const { world, asked } = engine()
    await world.bounds.within(request(world, { networks: 1 }, 'POST /volumes/create', {}), sending)
    await world.bounds.within(request(world, { networks: 1 }, 'GET /networks'), sending)
    expect(asked).toEqual([])
  })

  test('an engine that does not list what there is has nothing made', async () => {
    const { world } = engine()
    const rule = vi.fn(sending)
    const made = world.bounds.within(request(world, { networks: 5 }, 'POST /networks/create', {}), rule)
    await expect(made).rejects.toMatchObject({ reason: 'engine-broken' })
    expect(rule).not.toHaveBeenCalled()
  })

  test('images that are being fetched count, and are not waited for', async () => {
    const { world } = engine()
    const pull = () => world.bounds.within(request(world, { images: 3 }, 'POST /images/create?fromImage=a'), sending)
    const [first] = [await pull(), await pull()]
    await expect(pull()).rejects.toMatchObject({ reason: 'quota-exceeded' })
    end(first as Errand)
    await pull()
  })

  test('an image that could not be begun leaves its room', async () => {
    const { world } = engine()
    const pull = (rule: Rule) =>
      world.bounds.within(request(world, { images: 2 }, 'POST /images/create?fromImage=a'), rule)
    await expect(pull(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await pull(() => ({ kind: 'answer', status: 404, body: null, reason: 'object-unknown' }))
    await pull(sending)
  })

  test('the next request of an owner waits until the engine has answered', async () => {
    const networks: unknown[] = []
    const { world, asked } = engine({ '/networks': networks })
    const create = () => world.bounds.within(request(world, { networks: 1 }, 'POST /networks/create', {}), sending)
    const first = await create()
    const second = create()
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toHaveLength(1)
    networks.push({ Id: 'n' })
    end(first)
    await expect(second).rejects.toMatchObject({
      reason: 'quota-exceeded',
      message: 'quota "networks": 1 of 1 in use: remove something of yours first',
    })
  })

  test('what a client that went away has asked for may still be made: where it matters, the next one waits', async () => {
    vi.useFakeTimers()
    const { world } = engine({ '/networks': [] })
    const create = (networks: number) =>
      world.bounds.within(request(world, { networks }, 'POST /networks/create', {}), sending)
    const first = await create(2)
    if (first.kind === 'send') first.over()
    end(await create(2))
    const second = vi.fn()
    const done = create(1).then(second)
    await vi.advanceTimersByTimeAsync(1500)
    expect(second).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    await done
    expect(second).toHaveBeenCalled()
  })

  test('volumes of the ledger that are gone do not count', async () => {
    const { world } = engine({ '/volumes': { Volumes: [{ Name: 'a' }] }, '/volumes/b': { Name: 'b' } }, ['a', 'b', 'c'])
    const create = (volumes: number) =>
      world.bounds.within(request(world, { volumes }, 'POST /volumes/create', {}), sending)
    await expect(create(2)).rejects.toMatchObject({ message: expect.stringContaining('2 of 2 in use') })
    end(await create(3))
  })

  test.each(['POST /services/create', 'POST /services/x/update?version=1'])(
    '%s is refused where containers are counted',
    async (line) => {
      const { world } = engine()
      const made = world.bounds.within(request(world, { memory: 1 }, line, {}), sending)
      await expect(made).rejects.toMatchObject({ reason: 'quota-exceeded' })
      await world.bounds.within(request(world, { volumes: 1 }, line, {}), sending)
    },
  )
})
