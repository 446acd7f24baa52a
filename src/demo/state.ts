import { createHash, randomBytes } from 'node:crypto'

/** An answer of the Engine API that is not a success: `{"message": …}` with this HTTP status. */
export class EngineError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Where a container's output goes while somebody is attached to it. */
export interface Attachment {
  /** Sends bytes of stdout (1) or stderr (2); false when the reader lags behind. */
  write(channel: 1 | 2, bytes: Buffer): boolean
  /** Resolves when the reader has caught up or is gone. */
  drained(): Promise<void>
  /** What the client types, or null when stdin is not attached. */
  readonly stdin: AsyncIterable<Buffer> | null
  end(): void
}

type Fields = Record<string, unknown>

export interface DemoContainer {
  readonly id: string
  name: string
  readonly image: DemoImage
  readonly imageName: string
  readonly created: Date
  readonly config: Fields
  readonly hostConfig: Fields
  state: 'created' | 'running' | 'exited'
  exitCode: number
  startedAt: Date | null
  finishedAt: Date | null
  removed: boolean
  log: { channel: 1 | 2; time: Date; bytes: Buffer }[]
  logBytes: number
  readonly attached: Set<Attachment>
  /** Called with the exit code at the next exit, and at removal. */
  readonly onExit: Set<(code: number) => void>
  readonly onRemove: Set<() => void>
}

export interface DemoImage {
  readonly id: string
  readonly tags: Set<string>
  readonly created: Date
}

interface DemoExec {
  readonly id: string
  readonly container: DemoContainer
  readonly fields: Fields
  running: boolean
  exitCode: number | null
}

export interface DemoEvent {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
  readonly scope: 'local'
  readonly time: number
  readonly timeNano: number
  readonly status?: string
  readonly id?: string
  readonly from?: string
}

/** Everything the engine remembers is bounded: a demo may run for weeks, and clients choose the names. */
export const BOUNDS = {
  containers: 200,
  images: 200,
  networks: 100,
  volumes: 200,
  execs: 200,
  events: 256,
  logBytes: 64 * 1024,
  bodyBytes: 64 * 1024,
} as const

export interface DemoState {
  readonly containers: Map<string, DemoContainer>
  readonly images: Map<string, DemoImage>
  readonly networks: Map<string, Fields & { Id: string; Name: string }>
  readonly volumes: Map<string, Fields & { Name: string }>
  readonly execs: Map<string, DemoExec>
  readonly events: DemoEvent[]
  readonly listeners: Set<(event: DemoEvent) => void>
}

/** 64 lower-case hex digits, as the engine makes ids. */
export const newId = () => randomBytes(32).toString('hex')

/** Throws 507 when a map that clients fill is full. */
export function assertRoom(map: Map<string, unknown>, kind: 'containers' | 'images' | 'networks' | 'volumes') {
  if (map.size >= BOUNDS[kind]) throw new EngineError(507, `the demo engine holds at most ${BOUNDS[kind]} ${kind}`)
}

/** The familiar form `name:tag` that the engine shows, from a normalised or short reference. */
export function familiar(reference: string, tag?: string): string {
  const short = reference.replace(/^docker\.io\//, '').replace(/^library\//, '')
  if (tag) return tag.includes(':') ? `${short}@${tag}` : `${short}:${tag}`
  return short.includes('@') || short.slice(short.lastIndexOf('/') + 1).includes(':') ? short : `${short}:latest`
}

/** Adds an image under a familiar reference; the same reference gives the same id. */
export function addImage(state: DemoState, reference: string): DemoImage {
  const id = `sha256:${createHash('sha256').update(reference).digest('hex')}`
  const known = state.images.get(id)
  if (known) return known
  assertRoom(state.images, 'images')
  const image = { id, tags: new Set([reference]), created: new Date() }
  state.images.set(id, image)
  return image
}

/** Finds by reference, id or id prefix; throws 404 as the engine words it. */
export function findImage(state: DemoState, name: string): DemoImage {
  const reference = familiar(name)
  for (const image of state.images.values()) if (image.tags.has(reference)) return image
  const prefix = name.startsWith('sha256:') ? name : `sha256:${name}`
  for (const image of state.images.values()) if (image.id.startsWith(prefix)) return image
  throw new EngineError(404, `No such image: ${reference}`)
}

/** Resolves as the engine does: full id, exact name, unique id prefix; throws 404 or 400. */
export function findContainer(state: DemoState, name: string): DemoContainer {
  const byId = state.containers.get(name)
  if (byId) return byId
  const plain = name.startsWith('/') ? name.slice(1) : name
  const all = [...state.containers.values()]
  const byName = all.find((container) => container.name === plain)
  if (byName) return byName
  const byPrefix = plain === '' ? [] : all.filter((container) => container.id.startsWith(plain))
  if (byPrefix.length > 1) throw new EngineError(400, `multiple IDs found with provided prefix: ${name}`)
  if (byPrefix[0]) return byPrefix[0]
  throw new EngineError(404, `No such container: ${name}`)
}

/** Records an event and tells everybody who listens. */
export function emit(
  state: DemoState,
  type: string,
  action: string,
  id: string,
  attributes: Readonly<Record<string, string>>,
): void {
  const now = Date.now()
  const event: DemoEvent = {
    ...(type === 'container' ? { status: action, id, from: attributes.image ?? '' } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Math.floor(now / 1000),
    timeNano: now * 1_000_000,
  }
  state.events.push(event)
  if (state.events.length > BOUNDS.events) state.events.shift()
  for (const listener of state.listeners) listener(event)
}

/** An event about a container, with the attributes that the engine gives. */
export function emitContainer(state: DemoState, action: string, container: DemoContainer, more = {}): void {
  const labels = container.config.Labels as Record<string, string> | null | undefined
  emit(state, 'container', action, container.id, {
    ...(labels ?? {}),
    image: container.imageName,
    name: container.name,
    ...more,
  })
}

/** A fresh engine: the three networks that every engine has, and one image. */
export function createState(): DemoState {
  const state: DemoState = {
    containers: new Map(),
    images: new Map(),
    networks: new Map(),
    volumes: new Map(),
    execs: new Map(),
    events: [],
    listeners: new Set(),
  }
  for (const name of ['bridge', 'host', 'none'])
    addNetwork(state, { Name: name, Driver: name === 'none' ? 'null' : name })
  addImage(state, 'hello-world:latest')
  return state
}

/** Adds a network from the fields of a create request; throws 409 for a name that is taken. */
export function addNetwork(state: DemoState, fields: Fields): Fields & { Id: string; Name: string } {
  assertRoom(state.networks, 'networks')
  const name = String(fields.Name ?? '')
  if (name === '') throw new EngineError(400, 'network name is required')
  for (const other of state.networks.values()) {
    if (other.Name === name) throw new EngineError(409, `network with name ${name} already exists`)
  }
  const network = {
    Name: name,
    Id: newId(),
    Created: new Date().toISOString(),
    Scope: 'local',
    Driver: String(fields.Driver || 'bridge'),
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] },
    Internal: fields.Internal === true,
    Attachable: fields.Attachable === true,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: fields.Options ?? {},
    Labels: fields.Labels ?? {},
  }
  state.networks.set(network.Id, network)
  return network
}
