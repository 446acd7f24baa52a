import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Outcome, type Route, runClient, temporaryDirectory } from '../support/docker-client.ts'
import { engineGet, engineRequest } from '../support/engine-api.ts'
import { BASE_IMAGE, type Engine } from '../support/engines.ts'
import type { TestGate } from '../support/gate.ts'
import { normalise } from './normalise.ts'

/** One thing that a person does with the client: a bash script, and what it is called. */
export interface Step {
  readonly name: string
  readonly script: string
  /** Routes that the step is for; those of the theme unless told. */
  readonly routes?: readonly RouteName[]
}

export type RouteName = keyof TestGate['routes']

export interface Theme {
  readonly name: string
  /** The routes that these clients can take; all unless told. */
  readonly routes?: readonly RouteName[]
  /** What it does depends on the transport: half-closed streams, hijacked connections. */
  readonly byEveryRoute?: boolean
  readonly steps: readonly Step[]
}

/** What a script printed and what it did to the engine, normalised. */
export interface Observation extends Outcome {
  /** What the engine says happened: its events, each once, sorted. */
  readonly events: readonly string[]
  /** What is there afterwards. */
  readonly objects: readonly string[]
}

const PRELUDE = path.join(import.meta.dirname, 'prelude.sh')

/**
 * Runs a step on the engine by this route, then looks at the engine itself, and clears it for the next step.
 * Rejects when the script takes more than 60 s.
 */
export async function observe({ socket, enter }: Engine, route: Route, step: Step): Promise<Observation> {
  const folder = temporaryDirectory('step')
  const plain = (text: string) => normalise(text, folder.path)
  const since = Date.now()
  try {
    const argv = ['bash', '-c', `. "$0"\n${step.script}`, PRELUDE, ...enter]
    const { stdout, stderr, code } = await runClient(route, argv, { cwd: folder.path, timeout: 60_000 })
    const objects = await listObjects(socket)
    await clear(socket)
    const events = await listEvents(socket, since)
    return {
      stdout: plain(stdout),
      stderr: plain(stderr),
      code,
      events: [...new Set(events.map(plain))].sort(),
      objects: objects.map(plain).sort(),
    }
  } catch (error) {
    await clear(socket)
    throw error
  } finally {
    folder.remove()
  }
}

type Labels = Readonly<Record<string, string>> | null
interface Container {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Image: string
  readonly Command: string
  readonly State: string
  readonly Labels: Labels
  readonly Ports: readonly unknown[]
}
interface Image {
  readonly Id: string
  readonly RepoTags: readonly string[] | null
  readonly Labels: Labels
  readonly Size: number
}
interface Network {
  readonly Id: string
  readonly Name: string
  readonly Driver: string
  readonly Labels: Labels
}
interface Volumes {
  readonly Volumes: readonly { readonly Name: string; readonly Labels: Labels }[] | null
}
interface EngineEvent {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> }
}

const BUILT_IN_NETWORKS = new Set(['bridge', 'host', 'none'])

const containersOf = (socket: string) => engineGet<Container[]>(socket, '/containers/json?all=1')
const imagesOf = (socket: string) => engineGet<Image[]>(socket, '/images/json')
const networksOf = async (socket: string) =>
  (await engineGet<Network[]>(socket, '/networks')).filter(({ Name }) => !BUILT_IN_NETWORKS.has(Name))
const volumesOf = async (socket: string) => (await engineGet<Volumes>(socket, '/volumes')).Volumes ?? []

async function listObjects(socket: string): Promise<string[]> {
  const [containers, images, networks, volumes] = await Promise.all([
    settledContainers(socket),
    imagesOf(socket),
    networksOf(socket),
    volumesOf(socket),
  ])
  return [
    ...containers.map((one) => [
      'container',
      one.Names,
      one.Image,
      one.Command,
      one.State,
      one.Labels,
      one.Ports.map((port) => JSON.stringify(port)).sort(),
    ]),
    ...images.map((one) => ['image', one.RepoTags, one.Labels, one.Size]),
    ...networks.map((one) => ['network', one.Name, one.Driver, one.Labels]),
    ...volumes.map((one) => ['volume', one.Name, one.Labels]),
  ].map((one) => JSON.stringify(one))
}

/** The engine's list is behind what it knows of one container for a moment: an ended one is listed as running. */
function settledContainers(socket: string): Promise<Container[]> {
  return settled('the list of containers', async () => {
    const listed = await containersOf(socket)
    const running = listed.filter(({ State }) => State === 'running')
    const known = await Promise.all(running.map(({ Id }) => engineRequest(socket, 'GET', `/containers/${Id}/json`)))
    const stale = known.some(({ status, body }) => status !== 200 || !JSON.parse(body.toString()).State.Running)
    return stale ? undefined : listed
  })
}

/** All that happened, once the engine has told the end of every container, which it does after it is gone from the list. */
function listEvents(socket: string, since: number): Promise<string[]> {
  return settled('the events of every container', async () => {
    const target = `/events?since=${seconds(since)}&until=${seconds(Date.now())}`
    const { body } = await engineRequest(socket, 'GET', target)
    const events = body
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EngineEvent)
    const count = (action: string) =>
      events.filter(({ Type, Action }) => Type === 'container' && Action === action).length
    if (count('create') !== count('destroy')) return undefined
    return events
      .filter((event) => !isLeftToChance(event))
      .map(({ Type, Action, Actor }) => {
        const { execID: _, execDuration: __, ...attributes } = Actor.Attributes
        return `${Type} ${Action} ${JSON.stringify(attributes)}`
      })
  })
}

/**
 * How often and when it happens is left to chance: the client tells a terminal's size once more in the background, a
 * builder's prune finds what the builder has not tidied up by itself, and the clearing may meet a health probe.
 */
function isLeftToChance({ Type, Action, Actor }: EngineEvent): boolean {
  if (Type === 'builder' || Action === 'resize') return true
  return Action === 'exec_die' && Actor.Attributes.exitCode === '137'
}

/** Asks until there is an answer, for ten seconds at most. */
async function settled<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(20)) {
    const answer = await ask()
    if (answer !== undefined) return answer
  }
  throw new Error(`${what} did not settle`)
}

/** Removes everything but the base image. Rejects when something cannot be removed. */
async function clear(socket: string): Promise<void> {
  await engineRequest(socket, 'POST', '/build/prune?all=1')
  await settled('removing what the step left', async () => {
    const targets = await leftovers(socket)
    await Promise.all(targets.map((target) => engineRequest(socket, 'DELETE', target)))
    return targets.length === 0 ? true : undefined
  })
}

async function leftovers(socket: string): Promise<string[]> {
  const containers = (await containersOf(socket)).map(({ Id }) => `/containers/${Id}?force=1&v=1`)
  // Images, networks and volumes can be in use until the containers are gone.
  if (containers.length > 0) return containers
  const [images, networks, volumes] = await Promise.all([imagesOf(socket), networksOf(socket), volumesOf(socket)])
  const tags = images
    .flatMap(({ RepoTags }) => RepoTags ?? [])
    .filter((tag) => tag !== BASE_IMAGE && tag !== '<none>:<none>')
  const untagged = images.filter(({ RepoTags }) => !RepoTags?.some((tag) => tag !== '<none>:<none>'))
  return [
    ...tags.map((tag) => `/images/${tag}?force=1`),
    ...untagged.map(({ Id }) => `/images/${Id}?force=1`),
    ...networks.map(({ Id }) => `/networks/${Id}`),
    ...volumes.map(({ Name }) => `/volumes/${Name}?force=1`),
  ]
}

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(3)
