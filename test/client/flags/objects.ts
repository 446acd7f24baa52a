import { setTimeout as delay } from 'node:timers/promises'
import { engineGet, engineRequest } from '../../support/engine-api.ts'

type Kind = 'containers' | 'services' | 'volumes' | 'networks' | 'images'

/** Everything of an engine, by kind, as its own inspect tells it; ids as they are. */
export type Objects = Readonly<Record<Kind, readonly Json[]>>
type Json = Readonly<Record<string, unknown>>

/** What was there before: its ids, and names of volumes. */
export type Known = ReadonlySet<string>

interface Named {
  readonly Id: string
  readonly ID: string
  readonly Name: string
}

/** The ids (of volumes: names) of all objects. */
export async function identify(socket: string): Promise<Known> {
  return new Set(Object.values(await list(socket)).flat())
}

/**
 * Removes the objects that are not known, and returns each as the engine inspected it before; of images, those that no
 * other one is made from. Rejects when something cannot be removed.
 */
export async function takeNew(socket: string, known: Known): Promise<Objects> {
  const ids = await listNew(socket, known)
  const inspect = (kind: Kind) =>
    Promise.all(ids[kind].map((id) => engineGet<Json>(socket, `/${kind}/${id}${INSPECT[kind]}`)))
  const [containers, services, volumes, networks, images] = await Promise.all([
    inspect('containers'),
    inspect('services'),
    inspect('volumes'),
    inspect('networks'),
    inspect('images'),
  ])
  if (!(await remove(socket, ids))) await removeAll(socket, known)
  return { containers, services: services.map(asAsked), volumes, networks, images }
}

const INSPECT: Readonly<Record<Kind, string>> = {
  containers: '/json',
  services: '',
  volumes: '',
  networks: '',
  images: '/json',
}

/** Without what the swarm gives it some time later: addresses and ports. */
const asAsked = ({ Endpoint: _, ...service }: Json): Json => service

/** Anonymous volumes go with their containers, and images that are used by others after these. */
async function removeAll(socket: string, known: Known): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(20)) {
    if (await remove(socket, await listNew(socket, known))) return
  }
  throw new Error('what the command made cannot be removed')
}

/** Whether all are gone. */
async function remove(socket: string, ids: Readonly<Record<Kind, readonly string[]>>): Promise<boolean> {
  const each = async (kind: Kind, query: string) => {
    const targets = ids[kind].map((id) => `/${kind}/${id}${query}`)
    const answers = await Promise.all(targets.map((target) => engineRequest(socket, 'DELETE', target)))
    return answers.every(({ status }) => status < 300 || status === 404)
  }
  const workloads = [await each('services', ''), await each('containers', '?force=1&v=1')]
  const others = [each('volumes', '?force=1'), each('networks', ''), each('images', '?force=1')]
  return [...workloads, ...(await Promise.all(others))].every((gone) => gone)
}

async function listNew(socket: string, known: Known): Promise<Readonly<Record<Kind, readonly string[]>>> {
  const all = await list(socket)
  const unknown = (kind: Kind) => all[kind].filter((id) => !known.has(id))
  return {
    containers: unknown('containers'),
    services: unknown('services'),
    volumes: unknown('volumes'),
    networks: unknown('networks'),
    images: unknown('images'),
  }
}

async function list(socket: string): Promise<Readonly<Record<Kind, readonly string[]>>> {
  const [containers, services, volumes, networks, images] = await Promise.all([
    engineGet<Named[]>(socket, '/containers/json?all=1'),
    engineRequest(socket, 'GET', '/services'),
    engineGet<{ Volumes: Named[] | null }>(socket, '/volumes'),
    engineGet<Named[]>(socket, '/networks'),
    engineGet<Named[]>(socket, '/images/json'),
  ])
  // Without a swarm the engine answers 503.
  const served = services.status === 200 ? (JSON.parse(services.body.toString()) as Named[]) : []
  return {
    containers: containers.map(({ Id }) => Id),
    services: served.map(({ ID }) => ID),
    volumes: (volumes.Volumes ?? []).map(({ Name }) => Name),
    networks: networks.map(({ Id }) => Id),
    images: images.map(({ Id }) => Id),
  }
}
