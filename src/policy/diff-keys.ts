import { isDeepStrictEqual } from 'node:util'
import { showBytes, showDuration } from '../config/quantities.ts'
import type { RoleConfig } from '../config/schema.ts'
import type { Role } from './types.ts'

/** One key of a role that is another one. */
export interface KeyChange {
  /** `workload.mounts`, `objects`, `grace.sessions`. */
  readonly key: string
  /** `other`: neither, or both, or not known to be one of them. */
  readonly direction: 'wider' | 'narrower' | 'other'
  /** As somebody would write it; null: left out. */
  readonly before: string | null
  readonly after: string | null
  /** Of lists, what only the new one has, and what only the old one had. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

type Leaves = ReadonlyMap<string, unknown>

/** Whose keys are told one by one; all else is a value. */
const NESTED =
  /^(?:|workload|exec|build|registries|archive|images|quotas|grace|workload\.(?:tmpfs|gpus|labels)|(?:workload|build)\.limits(?:\.ulimits)?|workload\.defaults(?:\.ulimits)?)$/
/** There at all, these allow something already. */
const PRESENCE = /^(?:workload|exec|build|workload\.gpus)$/
/** Left out, there is no bound. */
const UNBOUND_WITHOUT = /^(?:quotas\.|lifetime$|endsWith$)/
/** A longer list forbids more. */
const FORBIDDING = /^workload\.labels\.reserved$/
/** Left out, it may not be asked for; given, it must be stated: neither is more than the other. */
const STATED = /^workload\.limits\.(?:memory|cpus|pids)$/
/** Larger numbers, longer lists and true allow more. */
const ORDERED =
  /^(?:workload|exec|build|registries|archive)(?:\.(?!defaults|labels|user$|users$)|$)|^(?:images\.shared|quotas\.|lifetime$|grace\.)/
const BYTES = /\.(?:memory|memorySwap|shmSize|size)$/
const MILLISECONDS = /^(?:lifetime$|grace\.)/

/** What two roles may be asked for, key by key, those of their presets included. */
export function diffKeys(before: RoleInFull, after: RoleInFull): KeyChange[] {
  const old = leavesOf(before)
  const now = leavesOf(after)
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => changeOf(key, old.get(key), now.get(key)) ?? [])
}

/** A role as it is compiled, and as it stands in the configuration. */
export interface RoleInFull {
  readonly role: Pick<Role, 'parts'>
  readonly config: RoleConfig
}

function leavesOf({ role, config }: RoleInFull): Leaves {
  const leaves = new Map<string, unknown>()
  const { allow: _allowed, extends: _preset, grace = { sessions: 0, streams: 'unlimited' }, ...own } = config
  enter({ ...own, ...role.parts, allow: undefined, grace, objects: config.objects ?? 'all' }, '', leaves)
  return leaves
}

function enter(value: unknown, path: string, leaves: Map<string, unknown>): void {
  if (value === undefined) return
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !NESTED.test(path)) {
    leaves.set(path, value === 'unlimited' ? Number.POSITIVE_INFINITY : value)
    return
  }
  if (PRESENCE.test(path)) leaves.set(path, true)
  for (const [key, inner] of Object.entries(value)) enter(inner, path === '' ? key : `${path}.${key}`, leaves)
}

function changeOf(key: string, before: unknown, after: unknown): KeyChange | null {
  if (isDeepStrictEqual(before, after) || (before ?? false) === (after ?? false)) return null
  const [old, now] = [itemsOf(before), itemsOf(after)]
  const lists = Array.isArray(before ?? []) && Array.isArray(after ?? [])
  const added = lists ? now.filter((item) => !old.includes(item)) : []
  const removed = lists ? old.filter((item) => !now.includes(item)) : []
  const direction = directionOf(key, before, after, { added: added.length > 0, removed: removed.length > 0 })
  if (lists && direction === 'other' && added.length === 0 && removed.length === 0) return null
  return { key, direction, before: show(key, before), after: show(key, after), added, removed }
}

function directionOf(
  key: string,
  before: unknown,
  after: unknown,
  lists: { readonly added: boolean; readonly removed: boolean },
): KeyChange['direction'] {
  if (key === 'objects') return before === 'all' ? 'narrower' : after === 'all' ? 'wider' : 'other'
  if (FORBIDDING.test(key)) return lists.added === lists.removed ? 'other' : lists.added ? 'narrower' : 'wider'
  if (key === 'endsWith') return after === undefined ? 'wider' : 'narrower'
  if (key === 'workload.user' || key === 'exec.users')
    return after === 'any' ? 'wider' : before === 'any' ? 'narrower' : 'other'
  const absent = before === undefined || after === undefined
  if (!ORDERED.test(key) || (STATED.test(key) && absent)) return 'other'
  if (absent) return (before === undefined) === UNBOUND_WITHOUT.test(key) ? 'narrower' : 'wider'
  if (typeof before === 'number' && typeof after === 'number') return before < after ? 'wider' : 'narrower'
  if (typeof before === 'boolean' && typeof after === 'boolean') return after ? 'wider' : 'narrower'
  if (before === 'any' || after === 'any') return after === 'any' ? 'wider' : 'narrower'
  return lists.added === lists.removed ? 'other' : lists.added ? 'wider' : 'narrower'
}

function itemsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))) : []
}

function show(key: string, value: unknown): string | null {
  if (value === undefined) return null
  if (value === Number.POSITIVE_INFINITY) return 'unlimited'
  if (typeof value === 'number' && BYTES.test(key)) return showBytes(value)
  if (typeof value === 'number' && MILLISECONDS.test(key)) return showDuration(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}
