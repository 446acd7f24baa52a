import type { OwnedKind } from './lookup.ts'
import type { World } from './request.ts'

/** Objects that an update replaces whole: they are looked at to judge it, and again to send it. */
const REPLACED: ReadonlySet<OwnedKind> = new Set(['service', 'secret', 'config'])

/** The world as one request sees it: what it updates is asked for once, and is the same for whoever looks at it. */
export function inOneRequest(world: World): World {
  const inspected = new Map<string, ReturnType<World['inspect']>>()
  const found = new Map<string, ReturnType<World['lookup']>>()
  return {
    ...world,
    inspect: (kind, name) =>
      REPLACED.has(kind)
        ? once(inspected, `${kind} ${name}`, () => world.inspect(kind, name))
        : world.inspect(kind, name),
    lookup: (kind, name, owner) =>
      REPLACED.has(kind)
        ? once(found, `${kind} ${name}`, () => world.lookup(kind, name, owner))
        : world.lookup(kind, name, owner),
  }
}

function once<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}
