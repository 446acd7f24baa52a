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
import { filtersOf, withFilter } from '../filters.ts'
import { textsAt } from '../images/images.ts'
import { hasSeenName } from '../images/seen.ts'
import { type OwnedRequest, type Rule, send, withOperation } from '../request.ts'
import { sightOf } from '../sight.ts'
import { OWNER_LABEL } from '../stamps.ts'
import { parameterOf } from '../twin.ts'
import type { Shape } from '../types.ts'
import { withOwnNames } from './list-filters.ts'

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

/** A list that the engine narrows by the client's filters, and the gate to what is the owner's. */
function listed(planOf: (sight: Sight) => Plan, operationOf = ({ checked }: OwnedRequest) => checked.operation): Rule {
  return async (request) => {
    const { operation, shape } = await withOwnNames(request, operationOf(request))
    const narrow = narrowed(request, planOf)
    return send(withOperation(request.checked, operation), (status) => narrow(status) ?? shape?.(status) ?? null)
  }
}

const events: Rule = async (request) => {
  const { operation } = await withOwnNames(request, request.checked.operation)
  const decide = systemEvents(sightOf(request.owner, request.world))
  return send(withOperation(request.checked, operation), (status) =>
    status === 200 ? { kind: 'stream', change: (chunks) => filterSequence(chunks, decide) } : null,
  )
}

/** With a filter by reference, an image is there for the references that fit, of which the owner must see one. */
const images: Rule = (request) => {
  const { checked, owner, world } = request
  const byReference = filtersOf(checked.operation).has('reference') || parameterOf(checked.operation, 'filter') !== ''
  const named = (sight: Sight): Sight => ({
    ...sight,
    image: (item) => hasSeenName(item, owner, world.images) && sight.image(item),
  })
  return listed((sight) => imageList(byReference ? named(sight) : sight))(request)
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
      world.images.visible(textsAt(item, 'RepoTags'), textAt(item, 'Id'), owner).length > 0,
  )
  return seen.length
}

export const LIST_RULES: Partial<Record<OperationId, Rule>> = {
  ContainerList: listed(containerList, ownOnly),
  NetworkList: listed(networkList),
  NetworkListSlash: listed(networkList),
  VolumeList: listed(volumeList),
  ImageList: images,
  SystemEvents: events,
  SystemDataUsage: usage,
  SystemInfo: info,
  // A registry is asked, with the client's own credentials.
  SystemAuth: ({ checked }) => send(checked),
  SystemOptions: ({ checked }) => send(checked),
}
