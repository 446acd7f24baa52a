import type { OperationId } from '../../engine/operations.ts'
import type { Operation } from '../../engine/types.ts'
import { filtersOf, withFilters } from '../filters.ts'
import type { OwnedKind } from '../lookup.ts'
import type { OwnedRequest } from '../request.ts'
import { parameterOf, puttingBack, renamed, type Twin, twinOf } from '../twin.ts'
import type { Shape } from '../types.ts'
import { volumeName } from './named-volumes.ts'

/** A list's filters as they are sent, and what puts the client's names back into an error about them. */
export interface Filtered {
  readonly operation: Operation
  readonly shape: Shape | null
}

/**
 * What the values of a filter name: an object, or, of `pattern`, a regular expression that the engine holds names against.
 * `whole`: a container, which the engine finds by its name and its whole id there, and not by part of it. `attached`: so it
 * finds a network, but one by whose name a container was made and that it has not joined yet by that name only.
 */
type Names = OwnedKind | 'image' | 'pattern' | 'whole' | 'attached'

const BY_NAME = { name: 'pattern' } as const
const FILTERS: Partial<Record<OperationId, Readonly<Record<string, Names>>>> = {
  ContainerList: {
    before: 'whole',
    since: 'whole',
    ancestor: 'image',
    volume: 'volume',
    network: 'attached',
    name: 'pattern',
  },
  NetworkList: BY_NAME,
  NetworkListSlash: BY_NAME,
  VolumeList: BY_NAME,
  ImageList: { before: 'image', since: 'image' },
  SystemEvents: { container: 'container', network: 'network', volume: 'volume' },
}
/** Filters of old, which are parameters of their own. */
const PARAMETERS = ['before', 'since'] as const

/** Filters name one's own objects; what is not the owner's is looked for under a name that nobody has. */
export async function withOwnNames(request: OwnedRequest, operation: Operation): Promise<Filtered> {
  const named = FILTERS[operation.spec.id] ?? {}
  const twins: Twin[] = []
  const written = new Map(filtersOf(operation))
  for (const [filter, names] of Object.entries(named)) {
    const values = written.get(filter)
    if (values === undefined) continue
    const own = []
    for (const value of values) own.push(await ownName(value, names, request, twins))
    written.set(filter, own)
  }
  let sent = written.size === 0 ? operation : withFilters(operation, written)
  if (operation.spec.id === 'ContainerList') {
    for (const parameter of PARAMETERS) {
      const name = parameterOf(operation, parameter)
      if (name !== '') sent = renamed(sent, parameter, await ownName(name, 'whole', request, twins))
    }
  }
  return {
    operation: sent,
    shape: twins.length === 0 ? null : (status) => (status < 400 ? null : puttingBack(...twins)(status)),
  }
}

async function ownName(value: string, names: Names, request: OwnedRequest, twins: Twin[]): Promise<string> {
  const { owner } = request
  if (names === 'pattern') return prefixedPattern(value, owner.prefix)
  // The engine takes a place in the container there too.
  if (names === 'volume') return value.startsWith('/') ? value : volumeName(value, request)
  const name = value.replace(/^\//, '')
  const found = await objectOf(name, names, request)
  if (found !== null) return found.id
  const twin = twinOf(names === 'image' ? names : kindOf(names), name)
  twins.push(twin)
  return twin.whole
}

async function objectOf(
  name: string,
  names: Exclude<Names, 'pattern'>,
  { owner, world }: OwnedRequest,
): Promise<{ readonly id: string } | null> {
  if (names === 'image') return world.images.find(name, owner)
  const found = await world.lookup(kindOf(names), name, owner)
  if (found === null || (names !== 'whole' && names !== 'attached')) return found
  // What is everybody's has no prefix.
  const byName = found.name === (found.shared ? name : `${owner.prefix}${name}`)
  if (byName && names === 'attached') return { id: found.name }
  return byName || found.id === name ? found : null
}

function kindOf(names: Exclude<Names, 'pattern' | 'image'>): OwnedKind {
  if (names === 'whole') return 'container'
  return names === 'attached' ? 'network' : names
}

/** Of a name that is searched for, only the beginning is another one on the engine. */
function prefixedPattern(pattern: string, prefix: string): string {
  if (prefix === '') return pattern
  const [, start = '', rest = ''] = /^(\^?\/?)(.*)$/s.exec(pattern) ?? []
  return start === '' ? rest : `${start}${prefix}${rest}`
}
