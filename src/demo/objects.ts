import { type Call, sendEmpty, sendJson } from './call.ts'
import { hasLabel, holds, readFilters } from './filters.ts'
import {
  addImage,
  addNetwork,
  assertRoom,
  type DemoImage,
  EngineError,
  emit,
  familiar,
  findImage,
  newId,
} from './state.ts'

/** What the demo says of itself wherever a client shows a name of the engine. */
export const DEMO_NAME = 'dockgate demo engine, nothing real runs here'

/** An image as lists show it. */
export const imageSummary = (image: DemoImage) => ({
  Id: image.id,
  ParentId: '',
  RepoTags: [...image.tags].filter((tag) => !tag.includes('@')),
  RepoDigests: [...image.tags].filter((tag) => tag.includes('@')),
  Created: Math.floor(image.created.getTime() / 1000),
  Size: 0,
  SharedSize: -1,
  Labels: null,
  Containers: -1,
})

function listImages(call: Call): void {
  const wanted = readFilters(call.query.get('filters'), ['reference', 'dangling', 'label'])
  const list = [...call.state.images.values()].filter(
    (image) =>
      holds(wanted, 'reference', (value) =>
        [...image.tags].some((tag) => tag === familiar(value) || tag.startsWith(`${value}:`)),
      ) &&
      holds(wanted, 'dangling', (value) => value === 'false' || value === '0') &&
      !wanted.has('label'),
  )
  sendJson(call.response, 200, list.map(imageSummary))
}

function inspectImage(call: Call): void {
  const image = findImage(call.state, call.params.name ?? '')
  sendJson(call.response, 200, {
    ...imageSummary(image),
    Created: image.created.toISOString(),
    Comment: DEMO_NAME,
    Config: { Cmd: null, Env: [], Labels: null },
    Architecture: 'amd64',
    Os: 'linux',
    RootFS: { Type: 'layers', Layers: [] },
  })
}

function pull(call: Call): void {
  const name = call.query.get('fromImage') ?? ''
  if (!/^[a-z0-9][a-zA-Z0-9_./:@-]{0,255}$/.test(name)) throw new EngineError(400, 'invalid reference format')
  const reference = familiar(name, call.query.get('tag') ?? undefined)
  const image = addImage(call.state, reference)
  emit(call.state, 'image', 'pull', reference, { name: reference })
  call.response.writeHead(200, { 'Content-Type': 'application/json' })
  const layer = image.id.slice(7, 19)
  const line = (fields: object) => call.response.write(`${JSON.stringify(fields)}\r\n`)
  line({ status: `Pulling from ${DEMO_NAME}`, id: reference })
  line({ status: 'Pulling fs layer', progressDetail: {}, id: layer })
  for (const current of [256, 512]) {
    line({ status: 'Downloading', progressDetail: { current, total: 512 }, progress: `${current}B/512B`, id: layer })
  }
  line({ status: 'Pull complete', progressDetail: {}, id: layer })
  line({ status: `Digest: ${image.id}` })
  line({ status: `Status: Downloaded newer image for ${reference}` })
  call.response.end()
}

function removeImage(call: Call): void {
  const image = findImage(call.state, call.params.name ?? '')
  for (const container of call.state.containers.values()) {
    if (container.image !== image) continue
    throw new EngineError(409, `conflict: unable to remove image, container ${container.id.slice(0, 12)} uses it`)
  }
  call.state.images.delete(image.id)
  emit(call.state, 'image', 'delete', image.id, { name: image.id })
  sendJson(call.response, 200, [...[...image.tags].map((tag) => ({ Untagged: tag })), { Deleted: image.id }])
}

function findNetwork(call: Call) {
  const name = call.params.id ?? ''
  const all = [...call.state.networks.values()]
  const network =
    call.state.networks.get(name) ??
    all.find((candidate) => candidate.Name === name) ??
    all.find((candidate) => candidate.Id.startsWith(name))
  if (!network) throw new EngineError(404, `network ${name} not found`)
  return network
}

function removeNetwork(call: Call): void {
  const network = findNetwork(call)
  if (['bridge', 'host', 'none'].includes(network.Name)) {
    throw new EngineError(403, `${network.Name} is a pre-defined network and cannot be removed`)
  }
  call.state.networks.delete(network.Id)
  emit(call.state, 'network', 'destroy', network.Id, { name: network.Name })
  sendEmpty(call.response, 204)
}

async function createNetwork(call: Call): Promise<void> {
  const network = addNetwork(call.state, await call.json())
  emit(call.state, 'network', 'create', network.Id, { name: network.Name })
  sendJson(call.response, 201, { Id: network.Id, Warning: '' })
}

function listNetworks(call: Call): void {
  const wanted = readFilters(call.query.get('filters'), ['id', 'name', 'label', 'driver', 'dangling', 'scope', 'type'])
  const list = [...call.state.networks.values()].filter(
    (network) =>
      holds(wanted, 'id', (value) => network.Id.startsWith(value)) &&
      holds(wanted, 'name', (value) => network.Name.includes(value)) &&
      holds(wanted, 'driver', (value) => network.Driver === value) &&
      holds(wanted, 'label', (value) => hasLabel(network.Labels, value)),
  )
  sendJson(call.response, 200, list)
}

async function createVolume(call: Call): Promise<void> {
  const fields = await call.json()
  const name = String(fields.Name || newId())
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(name))
    throw new EngineError(400, `"${name}" is not a valid volume name`)
  const known = call.state.volumes.get(name)
  if (known) return sendJson(call.response, 201, known)
  assertRoom(call.state.volumes, 'volumes')
  const volume = {
    Name: name,
    Driver: 'local',
    Mountpoint: `/nowhere/${name}`,
    CreatedAt: new Date().toISOString(),
    Labels: fields.Labels ?? null,
    Options: fields.DriverOpts ?? null,
    Scope: 'local',
  }
  call.state.volumes.set(name, volume)
  emit(call.state, 'volume', 'create', name, { driver: 'local' })
  sendJson(call.response, 201, volume)
}

function listVolumes(call: Call): void {
  const wanted = readFilters(call.query.get('filters'), ['name', 'label', 'driver', 'dangling'])
  const list = [...call.state.volumes.values()].filter(
    (volume) =>
      holds(wanted, 'name', (value) => volume.Name.includes(value)) &&
      holds(wanted, 'label', (value) => hasLabel(volume.Labels, value)),
  )
  sendJson(call.response, 200, { Volumes: list, Warnings: null })
}

function findVolume(call: Call) {
  const volume = call.state.volumes.get(call.params.name ?? '')
  if (!volume) throw new EngineError(404, `get ${call.params.name}: no such volume`)
  return volume
}

function removeVolume(call: Call): void {
  const volume = findVolume(call)
  call.state.volumes.delete(volume.Name)
  emit(call.state, 'volume', 'destroy', volume.Name, { driver: 'local' })
  sendEmpty(call.response, 204)
}

/** Images, networks and volumes, by method and path pattern. */
export const objectRoutes: Readonly<Record<string, (call: Call) => void | Promise<void>>> = {
  'GET /images/json': listImages,
  'POST /images/create': pull,
  'GET /images/:name+/json': inspectImage,
  'DELETE /images/:name+': removeImage,
  'GET /networks': listNetworks,
  'POST /networks/create': createNetwork,
  'GET /networks/:id': (call) => sendJson(call.response, 200, findNetwork(call)),
  'DELETE /networks/:id': removeNetwork,
  'GET /volumes': listVolumes,
  'POST /volumes/create': createVolume,
  'GET /volumes/:name': (call) => sendJson(call.response, 200, findVolume(call)),
  'DELETE /volumes/:name': removeVolume,
}
