import http from 'node:http'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { temporaryDirectory } from '../support/docker-client.ts'
import { engineGet, engineRequest } from '../support/engine-api.ts'
import { BASE_IMAGE, type Engine, type EngineName, startEngine } from '../support/engines.ts'
import { startTestGate } from '../support/gate.ts'
import { type Inspected, isPlainVolume, judgeContainer, type Surroundings, type Volume } from './judge.ts'
import { judgeProcess, observeProcess, type Running } from './running.ts'
import { startTap } from './tap.ts'
import type { World } from './world.ts'

/** What became of a container create. */
export interface Outcome {
  readonly status: number
  /** The answer's text. */
  readonly message: string
  /** What the engine was asked; null where it was not asked. */
  readonly sent: string | null
  readonly created: boolean
  /** Whether a process ran, where one was to be started. */
  readonly ran: boolean
  /** What the engine, and of a process the kernel, say of the container that is outside the preset. */
  readonly outside: readonly string[]
}

/** `run`: the container is started too. */
type Create = (
  body: string | Buffer,
  apiVersion: string | null,
  options?: { readonly run?: boolean },
) => Promise<Outcome>

/** An engine with a gate in front of it, which gives its caller the preset ci-run and nothing else. */
export interface Scene {
  readonly world: World
  /** Sends the body as it is, looks at the container where one is made, and removes it. */
  readonly create: Create
  /** The same on the engine's own socket. */
  readonly createDirectly: Create
  /** What is on the engine beside what the scene put there, and what was asked of it beside container creates. */
  leftOver(): Promise<readonly string[]>
  close(): Promise<void>
}

const VICTIM = 'victim'
const OTHER_IMAGE = 'private.example/other:1'

/** What judges a container, and what it needs. */
interface Bench {
  readonly engine: Engine
  readonly around: Surroundings
  readonly plain: Running
}

/** Starts all of it. The engine has a privileged container, and an image that no role lists, for bodies to name. */
export async function startScene(name: EngineName): Promise<Scene> {
  const folder = temporaryDirectory('oracle')
  const engine = await startEngine(name)
  const { socket } = engine
  const tap = await startTap(path.join(folder.path, 'tap.sock'), socket)
  const gate = await startTestGate(tap.socket, { ci: '{ extends: ci-run }' })
  const agent = new http.Agent({ keepAlive: true })
  const world = await makeWorld(socket)
  const bench = await makeBench(engine, world)
  const before = await objectsOf(socket)
  const headers = { authorization: `Bearer ${await gate.token({ role: 'ci' })}` }
  let made = 0

  const createAt =
    (to: http.RequestOptions): Create =>
    async (body, apiVersion, { run = false } = {}) => {
      made += 1
      const container = `oracle-${made}`
      const target = `${apiVersion === null ? '' : `/v${apiVersion}`}/containers/create?name=${container}`
      const { status, message } = await post({ ...to, agent, path: target }, body)
      const sent = tap.created(container)?.toString() ?? null
      const created = status === 201
      const found = created ? await judgeAndRemove(bench, container, run) : { ran: false, outside: [] }
      return { status, message, sent, created, ...found }
    }

  return {
    world,
    create: createAt({ socketPath: gate.urls.unix.replace('unix://', ''), headers }),
    createDirectly: createAt({ socketPath: socket }),
    async leftOver() {
      const after = await objectsOf(socket)
      return [...after.filter((object) => !before.includes(object)), ...tap.others]
    },
    async close() {
      agent.destroy()
      await gate.close()
      await tap.close()
      await engine.stop()
      folder.remove()
    },
  }
}

async function makeWorld(socket: string): Promise<World> {
  const empty = Readable.from([Buffer.alloc(1024)])
  const target = `/images/create?fromSrc=-&repo=private.example/other&tag=1`
  await engineRequest(socket, 'POST', target, { type: 'application/x-tar', content: empty })
  const image = (name: string) => engineGet<{ Id: string }>(socket, `/images/${name}/json`)
  const network = await engineGet<{ Id: string }>(socket, '/networks/host')
  return {
    victim: VICTIM,
    victimId: await make(socket, VICTIM, { Privileged: true, Binds: ['/:/host'] }),
    otherImage: OTHER_IMAGE,
    otherImageId: (await image(OTHER_IMAGE)).Id,
    imageId: (await image(BASE_IMAGE)).Id,
    hostNetwork: network.Id,
  }
}

async function make(socket: string, name: string, HostConfig: object): Promise<string> {
  const body = JSON.stringify({ Image: BASE_IMAGE, Entrypoint: ['sleep', '3600'], HostConfig })
  const { status, message } = await post({ socketPath: socket, path: `/containers/create?name=${name}` }, body)
  if (status !== 201) throw new Error(`the engine does not make ${name}: ${message}`)
  return JSON.parse(message).Id
}

async function makeBench(engine: Engine, { imageId, hostNetwork }: World): Promise<Bench> {
  const { socket } = engine
  const plain = await engineGet<Inspected>(socket, `/containers/${await make(socket, 'plain', {})}/json`)
  const { SwapLimit } = await engineGet<{ SwapLimit: boolean }>(socket, '/info')
  const running = await runIt(engine, plain.Id)
  if (running === null) throw new Error('the engine does not start a plain container')
  return { engine, around: { plain, images: [imageId], hostNetwork, countsSwap: SwapLimit }, plain: running }
}

async function judgeAndRemove({ engine, around, plain }: Bench, name: string, run: boolean) {
  const { socket } = engine
  const container = await engineGet<Inspected>(socket, `/containers/${name}/json`)
  const names = container.Mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name !== undefined ? [Name] : []))
  const volumes = await Promise.all(names.map((volume) => engineGet<Volume>(socket, `/volumes/${volume}`)))
  const running = run ? await runIt(engine, container.Id) : null
  await engineRequest(socket, 'DELETE', `/containers/${name}?force=1&v=1`)
  const process = running === null ? [] : judgeProcess(running, plain)
  return { ran: running !== null, outside: [...judgeContainer(container, volumes, around), ...process] }
}

/** Starts a container and looks at its process; null where it does not start. */
async function runIt({ socket, enter }: Engine, id: string): Promise<Running | null> {
  const { status } = await engineRequest(socket, 'POST', `/containers/${id}/start`)
  if (status !== 204) return null
  const { State } = await engineGet<{ State: { Pid: number } }>(socket, `/containers/${id}/json`)
  return State.Pid === 0 ? null : observeProcess(enter, State.Pid)
}

/** Every container, image and network, and the volumes that are more than folders of the engine's. */
async function objectsOf(socket: string): Promise<readonly string[]> {
  const containers = await engineGet<readonly { Names: readonly string[] }[]>(socket, '/containers/json?all=1')
  const images = await engineGet<readonly { Id: string }[]>(socket, '/images/json')
  const networks = await engineGet<readonly { Name: string }[]>(socket, '/networks')
  const { Volumes } = await engineGet<{ Volumes: readonly Volume[] | null }>(socket, '/volumes')
  return [
    ...containers.map(({ Names }) => `container ${Names}`),
    ...images.map(({ Id }) => `image ${Id}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).filter((volume) => !isPlainVolume(volume)).map(({ Name }) => `volume ${Name}`),
  ]
}

function post(options: http.RequestOptions, body: string | Buffer): Promise<{ status: number; message: string }> {
  const headers = { ...options.headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = http.request({ ...options, method: 'POST', headers }, (answer) => {
      buffer(answer).then((bytes) => resolve({ status: answer.statusCode ?? 0, message: bytes.toString() }), reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}
