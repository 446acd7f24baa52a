import type { OperationId } from '../../engine/operations.ts'
import { boolValue } from '../../engine/query.ts'
import type { Operation } from '../../engine/types.ts'
import { isJsonArray } from '../../inspect/json/value.ts'
import { retarget } from '../../inspect/judge/query-request.ts'
import { containerList } from '../answers/containers.ts'
import { diskUsage } from '../answers/disk-usage.ts'
import { systemEvents } from '../answers/events.ts'
import { filterAnswer, type Plan } from '../answers/filter-answer.ts'
import { filterSequence } from '../answers/filter-sequence.ts'
import { imageList } from '../answers/images.ts'
import { systemInfo } from '../answers/info.ts'
import { networkList } from '../answers/networks.ts'
import type { Sight } from '../answers/sight.ts'
import { volumeList } from '../answers/volumes.ts'
import { textAt } from '../edit.ts'
import { filtersOf, withFilter, withFilters } from '../filters.ts'
import { textsAt } from '../images/images.ts'
import { type OwnedRequest, type Rule, send, withOperation } from '../request.ts'
import { sightOf } from '../sight.ts'
import { OWNER_LABEL } from '../stamps.ts'
import { parameterOf, renamed, twinOf } from '../twin.ts'
import type { Shape } from '../types.ts'

/** An answer that is one JSON text, narrowed to what the owner may see. */
export function narrowed(request: OwnedRequest, planOf: (sight: Sight) => Plan): Shape {
  return (status) => {
    if (status !== 200) return null
    const plan = planOf(sightOf(request.owner, request.world))
    return { kind: 'stream', change: (chunks) => filterAnswer(chunks, plan) }
  }
}

/** The engine's own filter spares the gate the objects of others; what it lets through is looked at all the same. */
export function ownOnly({ checked, owner }: OwnedRequest): Operation {
  return withFilter(checked.operation, 'label', `${OWNER_LABEL}=${owner.key}`)
}

const containers: Rule = async (request) => {
  const { checked } = request
  const operation = await withReferences(request, ownOnly(request))
  return send(withOperation(checked, operation), narrowed(request, containerList))
}

/** Filters that name other objects; what is not the owner's is looked for under a name that nobody has. */
async function withReferences({ owner, world }: OwnedRequest, operation: Operation): Promise<Operation> {
  const container = async (name: string) =>
    (await world.lookup('container', name.replace(/^\//, ''), owner))?.id ?? twinOf('container', name).whole
  const image = async (name: string) => (await world.images.find(name, owner))?.id ?? twinOf('image', name).whole
  const prefixed = async (name: string) => `${owner.prefix}${name}`
  const written = new Map(filtersOf(operation))
  for (const [filter, write] of [
    ['before', container],
    ['since', container],
    ['ancestor', image],
    ['volume', async (name: string) => (name.startsWith('/') ? name : prefixed(name))],
    ['network', async (name: string) => (await world.lookup('network', name, owner))?.id ?? name],
    ['name', async (name: string) => prefixedPattern(name, owner.prefix)],
  ] as const) {
    const values = written.get(filter)
    if (values !== undefined) written.set(filter, await Promise.all(values.map(write)))
  }
  let sent = withFilters(operation, written)
  for (const parameter of ['before', 'since']) {
    const name = parameterOf(operation, parameter)
    if (name !== '') sent = renamed(sent, parameter, await container(name))
  }
  return sent
}

/** The engine reads it as a regular expression, of which only the beginning of the name is another one. */
function prefixedPattern(pattern: string, prefix: string): string {
  if (prefix === '') return pattern
  const [, start = '', rest = ''] = /^(\^?\/?)(.*)$/s.exec(pattern) ?? []
  return start === '' ? rest : `${start}${prefix}${rest}`
}

const networks: Rule = (request) => {
  const { checked, owner } = request
  const filters = filtersOf(checked.operation)
  const name = filters.get('name')
  // By name the engine looks for what holds the text.
  const operation =
    name === undefined || owner.prefix === ''
      ? checked.operation
      : withFilters(
          checked.operation,
          new Map([...filters, ['name', name.map((text) => prefixedPattern(text, owner.prefix))]]),
        )
  return send(withOperation(checked, operation), narrowed(request, networkList))
}

const volumes: Rule = (request) => send(request.checked, narrowed(request, volumeList))

const images: Rule = (request) => send(request.checked, narrowed(request, imageList))

const events: Rule = (request) => {
  const decide = systemEvents(sightOf(request.owner, request.world))
  return send(request.checked, (status) =>
    status === 200 ? { kind: 'stream', change: (chunks) => filterSequence(chunks, decide) } : null,
  )
}

const usage: Rule = (request) => {
  const { operation } = request.checked
  const verbose = operation.query.some(([name, value]) => name === 'verbose' && boolValue(value))
  const others = operation.query.filter(([name]) => name !== 'verbose')
  // Without its items an engine of API 1.52 tells sums of everybody's.
  const asked = withOperation(request.checked, retarget(operation, [...others, ['verbose', '1']]))
  return send(
    asked,
    narrowed(request, (sight) => diskUsage(sight, verbose)),
  )
}

const info: Rule = async (request) => {
  const { owner, world } = request
  const all = await world.listOwn('container', owner)
  const inState = (states: readonly string[]) => all.filter((item) => states.includes(textAt(item, 'State'))).length
  const running = inState(['running', 'restarting'])
  const paused = inState(['paused'])
  const counts = {
    containers: all.length,
    running,
    paused,
    stopped: all.length - running - paused,
    images: await ownImages(request),
  }
  return send(
    request.checked,
    narrowed(request, () => systemInfo(counts)),
  )
}

/** How many of the engine's images are the owner's to see. */
async function ownImages({ owner, world }: OwnedRequest): Promise<number> {
  const { body } = await world.ask('GET', '/images/json')
  const items = body !== null && isJsonArray(body) ? body : []
  const seen = items.filter(
    (item) =>
      world.ledger.ownsImage(textAt(item, 'Id'), owner.key) ||
      world.images.visible(textsAt(item, 'RepoTags'), owner).length > 0,
  )
  return seen.length
}

export const LIST_RULES: Partial<Record<OperationId, Rule>> = {
  ContainerList: containers,
  NetworkList: networks,
  NetworkListSlash: networks,
  VolumeList: volumes,
  ImageList: images,
  SystemEvents: events,
  SystemDataUsage: usage,
  SystemInfo: info,
}
