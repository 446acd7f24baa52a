import { isJsonArray, type JsonObject, type JsonValue } from '../../inspect/json/value.ts'
import { matchesAny } from '../../policy/profile/pattern.ts'
import { familiar, parseReference, withDefaultTag } from '../../policy/profile/reference.ts'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'
import { at, edited, textAt } from '../edit.ts'
import type { FoundImage } from '../images/images.ts'
import { fullReference, repositoryOf } from '../images/references.ts'
import type { OwnedKind } from '../lookup.ts'
import { type OwnedRequest, refusedAs, Settled } from '../request.ts'
import type { Stamps } from '../stamps.ts'
import { type Twin, twinOf } from '../twin.ts'

/*
 * What a service's spec names. Swarm reads the spec anew whenever it starts a task, on its own account, at any later time:
 * so nothing may be named in it by what somebody else could come to have.
 */

const CONTAINER = ['TaskTemplate', 'ContainerSpec'] as const
const IMAGE = [...CONTAINER, 'Image'] as const
export const SERVICE_MOUNTS = [...CONTAINER, 'Mounts'] as const

/** A spec in which everything is the owner's; what is not is replaced by what nobody has. */
export interface OwnSpec {
  readonly spec: JsonObject
  /** What was written in place of a name, to be put back into an error of the engine. */
  readonly written: readonly Twin[]
  /** Whether something was named that is not the owner's. */
  readonly unknown: boolean
}

interface Names {
  readonly list: readonly string[]
  readonly member: string
  readonly kind: OwnedKind
}

const NAMES: readonly Names[] = [
  { list: [...CONTAINER, 'Secrets'], member: 'SecretID', kind: 'secret' },
  { list: [...CONTAINER, 'Configs'], member: 'ConfigID', kind: 'config' },
  { list: ['TaskTemplate', 'Networks'], member: 'Target', kind: 'network' },
  { list: ['Networks'], member: 'Target', kind: 'network' },
]

const CREDENTIALS = [...CONTAINER, 'Privileges', 'CredentialSpec', 'Config'] as const

/** The engine takes types in any case, and has more of them: of others, nothing tells what they name. */
const MOUNT_TYPES: ReadonlySet<string> = new Set(['bind', 'volume', 'tmpfs'])

/**
 * @param current what the service has now, which it may keep; null: it is new
 * @throws Settled (as a rejection) for an image that is not the owner's
 * @throws Refusal (as a rejection) `objects-unbounded` for what cannot be held to its owner
 */
export async function ownSpec(spec: JsonValue, request: OwnedRequest, current: JsonValue): Promise<OwnSpec> {
  checkRuntime(spec)
  checkMounts(spec, request)
  const kept = namesIn(current)
  const written = new Map<string, Twin>()
  let unknown = false

  const write = async (kind: OwnedKind, name: string): Promise<string> => {
    const key = keyOf(kind, name)
    if (name === '' || kept.has(key)) return name
    // What is named twice is one thing, whether it is there or not.
    const before = written.get(key)
    if (before !== undefined) return before.whole
    const found = await request.world.lookup(kind, name, request.owner)
    // The engine takes secrets and configs by their whole ids only, and has other networks for its own names in a swarm.
    const isOwn = found !== null && (kind === 'network' || found.id === name)
    if (isOwn && found.shared && found.name === name) return name
    const twin = isOwn ? { whole: found.id, random: found.id, original: name } : twinOf(kind, name)
    if (!isOwn) unknown = true
    if (twin.whole !== name) written.set(key, twin)
    return twin.whole
  }

  let sent = edited(spec, IMAGE, (image) => image)
  for (const { list, member, kind } of NAMES) {
    const items = listAt(sent, list)
    if (items.length === 0) continue
    const named: JsonValue[] = []
    for (const item of items) {
      const name = await write(kind, textAt(item, member))
      named.push(edited(item, [member], (value) => (name === '' ? value : name)))
    }
    sent = edited(sent, list, () => named)
  }
  const credentials = textAt(sent, ...CREDENTIALS)
  if (credentials !== '') {
    const id = await write('config', credentials)
    sent = edited(sent, CREDENTIALS, () => id)
  }
  const image = textAt(sent, ...IMAGE)
  if (image !== '' && image !== textAt(current, ...IMAGE)) {
    const pinned = await pinnedImage(image, request)
    sent = edited(sent, IMAGE, () => pinned)
  }
  return { spec: sent, written: [...written.values()], unknown }
}

/** Plugins are the host's, and an attachment is no service: both run nothing of the owner's. */
function checkRuntime(spec: JsonValue): void {
  const task = at(spec, 'TaskTemplate') ?? null
  const runtime = textAt(task, 'Runtime')
  const other = ['PluginSpec', 'NetworkAttachmentSpec'].find((name) => (at(task, name) ?? null) !== null)
  if (other !== undefined || (runtime !== '' && runtime !== 'container')) {
    throw new Refusal('objects-unbounded', `a service of one's own runs containers, not ${other ?? 'another runtime'}`)
  }
}

/**
 * When a task starts, the engine takes whatever volume has the name then. Only where names have a prefix can nobody else
 * have made it.
 */
function checkMounts(spec: JsonValue, { owner }: OwnedRequest): void {
  for (const mount of listAt(spec, SERVICE_MOUNTS)) {
    const type = textAt(mount, 'Type')
    const source = textAt(mount, 'Source')
    if (!MOUNT_TYPES.has(type)) {
      throw new Refusal(
        'objects-unbounded',
        `a service of one's own has mounts of the types ${[...MOUNT_TYPES].join(', ')}, in lower case, not ${quoted(type, 40)}`,
      )
    }
    if (type === 'volume' && source !== '' && owner.prefix === '') {
      throw new Refusal(
        'objects-unbounded',
        'a service finds its volumes by name whenever a task starts, and the name may be somebody else\'s by then: use a volume without a name, or have the role\'s names kept apart with "objects: { own: prefixed }"',
      )
    }
  }
}

/**
 * Stamps for the volumes of a service. The engine takes the labels of its mounts for templates (Go's text/template), and
 * a key may hold braces, which would then say whatever the service's own labels do.
 */
export function literal(stamps: Stamps): Stamps {
  return Object.fromEntries(
    Object.entries(stamps).map(([name, value]) => [name, value.replaceAll('{{', () => '{{"{{"}}')]),
  )
}

/**
 * The image that the owner sees now, by what stays: its digest, or its id. What the role shares keeps its name, and need
 * not be here, as nobody may change what it means.
 */
async function pinnedImage(name: string, { owner, world }: OwnedRequest): Promise<string> {
  const full = fullReference(name)
  if (full !== null && matchesAny(owner.rule.sharedImages, full, owner.principal)) return name
  const found = await world.images.find(name, owner)
  if (found === null) {
    throw new Settled(
      refusedAs('object-unknown', 404, `No such image: ${name} (a service runs what you pulled or built here before)`),
    )
  }
  return withDigest(name, found)
}

function withDigest(name: string, { id, reference, seen }: FoundImage): string {
  const parsed = parseReference(name)
  if (reference === null || parsed === null) return id
  if (parsed.digest !== null) return name
  const digest = seen.find((each) => each.includes('@') && repositoryOf(each) === repositoryOf(name))
  if (digest === undefined) return id
  return familiar({ ...withDefaultTag(parsed), digest: digest.slice(digest.indexOf('@') + 1) })
}

function namesIn(spec: JsonValue): ReadonlySet<string> {
  const names = NAMES.flatMap(({ list, member, kind }) =>
    listAt(spec, list).map((item) => keyOf(kind, textAt(item, member))),
  )
  return new Set([...names, keyOf('config', textAt(spec, ...CREDENTIALS))])
}

function keyOf(kind: OwnedKind, name: string): string {
  return `${kind} ${name}`
}

function listAt(spec: JsonValue, path: readonly string[]): readonly JsonValue[] {
  const list = at(spec, ...path) ?? null
  return isJsonArray(list) ? list : []
}
