import type { OperationId } from '../engine/operations.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import { UNLIMITED, written } from '../inspect/judge/quantities.ts'
import { Refusal } from '../refusal.ts'
import { countsAsRunning, DEMANDS, type Demand, memoryOf, nanoCpusOf, type Quota } from './demands.ts'
import { at, textAt } from './edit.ts'
import { countNetworks, list, ownContainers } from './own.ts'
import type { OwnedRequest, Rule } from './request.ts'
import { OWNER_LABEL } from './stamps.ts'
import type { Errand } from './types.ts'

/** Holds requests to what their owner may have at a time. */
export interface Bounds {
  /**
   * The rule's errand, where what the request would make is within the owner's quotas.
   *
   * @throws Refusal (as a rejection) `quota-exceeded`
   */
  within(request: OwnedRequest, rule: Rule): Promise<Errand>
}

/** The engine may go on making what a client that went away has asked for. */
const SETTLE_MS = 2000
interface Unsettled {
  readonly adds: Demand['adds']
  /** When it is made, or never will be; milliseconds since the epoch. */
  readonly at: number
}

/** Containers that are inspected at a time. */
const AT_ONCE = 8

/** Their containers are made by the engine, at any time and on any node. */
const OF_SERVICES: ReadonlySet<OperationId> = new Set(['ServiceCreate', 'ServiceUpdate'])
const OF_CONTAINERS: readonly Quota[] = ['containers', 'running', 'memory', 'nanoCpus']
/** What only the inspect of a container tells. */
const INSPECTED: readonly Quota[] = ['running', 'memory', 'nanoCpus']

/** As the configuration has them. */
const KEYS: Readonly<Partial<Record<Quota, string>>> = { nanoCpus: 'cpus' }
const FLAGS: Readonly<Partial<Record<Quota, string>>> = { memory: '--memory', nanoCpus: '--cpus' }

export function createBounds(): Bounds {
  /** Images that are being made, by owner: pulls and builds take long, and one need not wait for another. */
  const making = new Map<string, number>()

  async function makingImage(request: OwnedRequest, rule: Rule): Promise<Errand> {
    const { key } = request.owner
    const begun = making.get(key) ?? 0
    const demand = { adds: { images: 1 }, instead: null }
    check(request, demand, 'images', request.world.ledger.imagesOf(key).length + begun)
    making.set(key, begun + 1)
    return until(request, rule, () => {
      const left = (making.get(key) ?? 1) - 1
      if (left === 0) making.delete(key)
      else making.set(key, left)
    })
  }

  /** What was asked for and may yet be made, by owner: the client went away before the engine's answer. */
  const unsettled = new Map<string, readonly Unsettled[]>()

  function settleLater(key: string, { adds }: Demand): void {
    const item = { adds, at: Date.now() + SETTLE_MS }
    unsettled.set(key, [...(unsettled.get(key) ?? []), item])
    setTimeout(() => {
      const left = (unsettled.get(key) ?? []).filter((other) => other !== item)
      if (left.length === 0) unsettled.delete(key)
      else unsettled.set(key, left)
    }, SETTLE_MS).unref()
  }

  /** What is in use, where it matters after all that is being made is there. */
  async function settledUse(request: OwnedRequest, bounded: readonly Quota[], demand: Demand): Promise<InUse> {
    const { key } = request.owner
    const used = await inUse(request, bounded, demand)
    const waiting = unsettled.get(key) ?? []
    const comes = (quota: Quota) => waiting.reduce((sum, { adds }) => sum + (adds[quota] ?? 0), 0)
    const matters = bounded.some(
      (quota) =>
        !exceeds(request, demand, quota, used[quota] ?? 0) &&
        exceeds(request, demand, quota, (used[quota] ?? 0) + comes(quota)),
    )
    if (!matters) return used
    const last = Math.max(...waiting.map(({ at: settled }) => settled))
    await new Promise((resolve) => setTimeout(resolve, last - Date.now()))
    return inUse(request, bounded, demand)
  }

  return {
    async within(request, rule) {
      const { id } = request.checked.operation.spec
      const { key, rule: own } = request.owner
      const isBounded = (quota: Quota) => own.quotas[quota] !== UNLIMITED
      if (OF_SERVICES.has(id)) refuseServices(OF_CONTAINERS.filter(isBounded))
      const demanding = DEMANDS[id]
      const bounded = demanding?.quotas.filter(isBounded) ?? []
      if (demanding === undefined || bounded.length === 0) return rule(request)
      if (bounded.includes('images')) return makingImage(request, rule)

      // Held until the engine has answered: what is made is counted by the owner's next request.
      const release = await request.world.locks.hold([`owner ${key}`])
      let demand: Demand
      try {
        demand = await demanding.of(request)
        const used = await settledUse(request, bounded, demand)
        for (const quota of bounded) check(request, demand, quota, used[quota] ?? 0)
      } catch (cause) {
        release()
        throw cause
      }
      return until(request, rule, (answered) => {
        if (!answered) settleLater(key, demand)
        release()
      })
    },
  }
}

/** The rule's errand. `release` is called when it is over, with whether there was an answer. */
async function until(request: OwnedRequest, rule: Rule, release: (answered: boolean) => void): Promise<Errand> {
  let errand: Errand
  try {
    errand = await rule(request)
  } catch (cause) {
    release(true)
    throw cause
  }
  if (errand.kind === 'answer') {
    release(true)
    return errand
  }
  const { shape, over } = errand
  let answered = false
  return {
    ...errand,
    shape(status) {
      answered = true
      return shape?.(status) ?? null
    },
    over() {
      over()
      release(answered)
    },
  }
}

function exceeds({ owner }: OwnedRequest, { adds }: Demand, quota: Quota, used: number): boolean {
  const added = adds[quota] ?? 0
  return added > 0 && used + added > owner.rule.quotas[quota]
}

function check(request: OwnedRequest, demand: Demand, quota: Quota, used: number): void {
  if (!exceeds(request, demand, quota, used)) return
  const most = request.owner.rule.quotas[quota]
  const added = demand.adds[quota] ?? 0
  const shown = (value: number) => amount(quota, value)
  const having = quota === 'nanoCpus' ? String(used / 1e9) : shown(used)
  const full =
    used === UNLIMITED
      ? `what you have is without a limit, and ${shown(most)} is the most`
      : `${having} of ${shown(most)} in use`
  throw new Refusal('quota-exceeded', `quota "${KEYS[quota] ?? quota}": ${full}${asked(quota, added)}`)
}

function asked(quota: Quota, added: number): string {
  if (added === UNLIMITED) return `, and this asks for no limit: give it one with ${FLAGS[quota]}`
  if (added === 1) return ': remove something of yours first'
  return `, and this asks for ${amount(quota, added)}`
}

function amount(quota: Quota, value: number): string {
  if (value === 0) return '0'
  if (quota === 'memory') return written('bytes', value)
  return quota === 'nanoCpus' ? written('nanoCpus', value) : String(value)
}

function refuseServices([bounded]: readonly Quota[]): void {
  if (bounded === undefined) return
  throw new Refusal(
    'quota-exceeded',
    `quota "${KEYS[bounded] ?? bounded}": a service makes containers by itself, on any node, which this quota cannot count; run containers, or ask for a role without it`,
  )
}

type InUse = Partial<Record<Quota, number>>

async function inUse(request: OwnedRequest, bounded: readonly Quota[], demand: Demand): Promise<InUse> {
  const { owner, world } = request
  const used: InUse = {}
  if (bounded.includes('networks')) used.networks = await countNetworks(world, owner.key)
  if (bounded.includes('volumes')) used.volumes = await countVolumes(request, demand)
  if (bounded.some((quota) => OF_CONTAINERS.includes(quota))) {
    const own = await ownContainers(world, owner.key)
    used.containers = own.length
    if (bounded.some((quota) => INSPECTED.includes(quota))) {
      const counted = own.map((item) => textAt(item, 'Id')).filter((id) => id !== demand.instead)
      Object.assign(used, sumOf(await inspectAll(request, counted)))
    }
  }
  return used
}

/** Those that are gone by now have nothing. */
async function inspectAll({ world }: OwnedRequest, ids: readonly string[]): Promise<readonly JsonValue[]> {
  const told: JsonValue[] = []
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const some = await Promise.all(ids.slice(i, i + AT_ONCE).map((id) => world.inspect('container', id)))
    for (const { status, body } of some) if (status === 200) told.push(body)
  }
  return told
}

function sumOf(inspected: readonly JsonValue[]): InUse {
  let [running, memory, nanoCpus] = [0, 0, 0]
  for (const told of inspected) {
    const hostConfig = at(told, 'HostConfig') ?? null
    if (countsAsRunning(textAt(told, 'State', 'Status'), hostConfig)) running += 1
    memory += memoryOf(hostConfig)
    nanoCpus += nanoCpusOf(hostConfig)
  }
  return { running, memory, nanoCpus }
}

/** Those with the owner's label, and those of the ledger, of which each is asked for only where it matters. */
async function countVolumes(request: OwnedRequest, demand: Demand): Promise<number> {
  const { owner, world } = request
  const labelled = await list(world.ask, '/volumes?', { label: [`${OWNER_LABEL}=${owner.key}`] })
  const known = new Set(labelled.map((volume) => textAt(volume, 'Name')))
  const others = world.ledger.volumesOf(owner.key).filter((name) => !known.has(name))
  const most = known.size + others.length
  if (!exceeds(request, demand, 'volumes', most)) return most
  const there = await Promise.all(others.map((name) => world.inspect('volume', name)))
  return known.size + there.filter(({ status }) => status === 200).length
}
