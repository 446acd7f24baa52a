import { isJsonObject, type JsonObject, type JsonValue } from '../../inspect/json/value.ts'
import type { Decide, Kept, Plain } from './decide.ts'
import type { Elements } from './filter-answer.ts'
import { isPlainObject, labelsOf, memberOf, textOf, withMembers } from './plain.ts'
import { type Sight, whenKnown } from './sight.ts'

/** Every engine has them, lets nobody make others of these names, and connects anybody's containers to them. */
const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none'])

/** Whether the engine makes the network of this name itself, for all. */
export function isPredefinedNetwork(name: string): boolean {
  return PREDEFINED.has(name)
}

/** NetworkList: the owner's networks and the predefined ones, without what is connected to them of others. */
export function networkList(sight: Sight): Elements {
  const narrow = networkInspect(sight)
  return {
    elements: (item, member) => {
      const name = textOf(item, 'Name')
      const seen = isPredefinedNetwork(name) || sight.network(textOf(item, 'Id'), name, labelsOf(item, 'Labels'))
      return whenKnown(seen, (mine): Kept | Promise<Kept> => mine && narrow(item, member))
    },
  }
}

/**
 * NetworkInspect of a network that the owner may see, and an item of NetworkList (with `Containers` before API 1.28):
 * - `Containers` keeps the owner's; what is no container (`ingress-sbox`, `ep-…`) is the engine's own and goes;
 * - `Status` (API 1.52) counts the addresses in use, so it goes with any container that went, and from networks that all
 *   share;
 * - `Services` (verbose, swarm only) goes: its names are not ids, and nothing in it tells whose they are;
 * - `Peers`, the nodes, belong to nobody and stay.
 */
export function networkInspect(sight: Sight): Decide {
  return (item) => {
    const containers = memberOf(item, 'Containers')
    const connected = isPlainObject(containers) ? Object.keys(containers) : []
    const shared = isPredefinedNetwork(textOf(item, 'Name'))
    return connected.length > 0 ? narrowConnected(item, connected, shared, sight) : narrowed(item, new Set(), shared)
  }
}

async function narrowConnected(
  item: Plain,
  connected: readonly string[],
  shared: boolean,
  sight: Sight,
): Promise<Kept> {
  const hidden = new Set<string>()
  for (const id of connected) if (!CONTAINER_ID.test(id) || !(await sight.container(id, null, null))) hidden.add(id)
  return narrowed(item, hidden, shared || hidden.size > 0)
}

const CONTAINER_ID = /^[0-9a-f]{64}$/

function narrowed(item: Plain, hidden: ReadonlySet<string>, hideStatus: boolean): Kept {
  const gone = new Set(hideStatus ? ['Services', 'Status'] : ['Services'])
  if (hidden.size === 0 && isPlainObject(item) && !Object.keys(item).some((name) => gone.has(name))) return true
  return (value) =>
    withMembers(value, (name, member) => {
      if (gone.has(name)) return undefined
      return name === 'Containers' ? without(member, hidden) : member
    })
}

function without(value: JsonValue, names: ReadonlySet<string>): JsonValue {
  if (!isJsonObject(value)) return value
  const rest: Record<string, JsonValue> = Object.create(null)
  for (const name in value) if (!names.has(name)) rest[name] = value[name] as JsonValue
  return rest satisfies JsonObject
}
