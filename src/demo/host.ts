import { type Call, sendJson } from './call.ts'
import { hasLabel, holds, readFilters } from './filters.ts'
import { DEMO_NAME, imageSummary } from './objects.ts'
import type { DemoEvent } from './state.ts'

export const DEMO_VERSION = '28.0.0-dockgate-demo'
export const NEWEST_API = '1.51'
export const OLDEST_API = '1.24'

function version(call: Call): void {
  const facts = { Version: DEMO_VERSION, ApiVersion: NEWEST_API, MinAPIVersion: OLDEST_API, Os: 'linux', Arch: 'amd64' }
  const build = { GitCommit: 'demo', GoVersion: 'none', KernelVersion: 'none', BuildTime: '2025-01-01T00:00:00Z' }
  const { Version: _, ...details } = { ...facts, ...build, Experimental: 'false' }
  sendJson(call.response, 200, {
    Platform: { Name: DEMO_NAME },
    Components: [{ Name: 'Engine', Version: DEMO_VERSION, Details: details }],
    ...facts,
    ...build,
  })
}

function info(call: Call): void {
  const { containers, images } = call.state
  const running = [...containers.values()].filter((container) => container.state === 'running').length
  sendJson(call.response, 200, {
    ID: 'dockgate-demo',
    Name: 'dockgate-demo',
    ServerVersion: DEMO_VERSION,
    OperatingSystem: DEMO_NAME,
    OSType: 'linux',
    Architecture: 'x86_64',
    KernelVersion: 'none',
    NCPU: 1,
    MemTotal: 0,
    Containers: containers.size,
    ContainersRunning: running,
    ContainersPaused: 0,
    ContainersStopped: containers.size - running,
    Images: images.size,
    Driver: 'demo',
    DriverStatus: [],
    LoggingDriver: 'demo',
    CgroupDriver: 'none',
    DockerRootDir: '/nowhere',
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: { IndexConfigs: {}, InsecureRegistryCIDRs: [], Mirrors: [] },
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['demo'] },
    Swarm: {
      LocalNodeState: 'inactive',
      NodeID: '',
      NodeAddr: '',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    Runtimes: {},
    SecurityOptions: [],
    SystemTime: new Date().toISOString(),
    MemoryLimit: true,
    SwapLimit: true,
    IPv4Forwarding: true,
    Warnings: [`WARNING: ${DEMO_NAME}`],
  })
}

function ping(call: Call): void {
  call.response.setHeader('Cache-Control', 'no-cache, no-store, must-revalidate')
  call.response.setHeader('Pragma', 'no-cache')
  call.response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': 2 })
  call.response.end('OK')
}

function diskUsage(call: Call): void {
  const { containers, images, volumes } = call.state
  sendJson(call.response, 200, {
    LayersSize: 0,
    Images: [...images.values()].map(imageSummary),
    Containers: [...containers.values()].map((container) => ({
      Id: container.id,
      Names: [`/${container.name}`],
      Image: container.imageName,
      ImageID: container.image.id,
      Command: '',
      Created: Math.floor(container.created.getTime() / 1000),
      State: container.state,
      Status: container.state,
      Mounts: [],
    })),
    Volumes: [...volumes.values()].map((volume) => ({ ...volume, UsageData: { Size: 0, RefCount: 0 } })),
    BuildCache: [],
  })
}

/** SystemEvents: what is remembered since `since`, then what happens, until `until` or until the client leaves. */
function events(call: Call): void {
  const wanted = readFilters(call.query.get('filters'), ['type', 'event', 'container', 'image', 'label'])
  const seconds = (name: string) => Number.parseFloat(call.query.get(name) ?? '')
  const [since, until] = [seconds('since'), seconds('until')]
  const matches = (event: DemoEvent) =>
    holds(wanted, 'type', (value) => event.Type === value) &&
    holds(wanted, 'event', (value) => event.Action.split(':', 1)[0] === value) &&
    holds(wanted, 'image', (value) => event.Actor.Attributes.image === value) &&
    holds(wanted, 'label', (value) => hasLabel(event.Actor.Attributes, value)) &&
    holds(wanted, 'container', (value) => event.Actor.ID.startsWith(value) || event.Actor.Attributes.name === value)
  const { response, state } = call
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.flushHeaders()
  const send = (event: DemoEvent) => {
    if (matches(event)) response.write(`${JSON.stringify(event)}\n`)
  }
  if (since >= 0) for (const event of state.events) if (event.time >= since && !(event.time > until)) send(event)
  const left = until * 1000 - Date.now()
  if (left <= 0) return void response.end()
  const timer = left > 0 ? setTimeout(() => response.end(), Math.min(left, 2 ** 31 - 1)) : undefined
  state.listeners.add(send)
  response.once('close', () => {
    clearTimeout(timer)
    state.listeners.delete(send)
  })
}

/** The engine itself, by method and path pattern. */
export const hostRoutes: Readonly<Record<string, (call: Call) => void | Promise<void>>> = {
  'GET /_ping': ping,
  'HEAD /_ping': ping,
  'GET /version': version,
  'GET /info': info,
  'GET /events': events,
  'GET /system/df': diskUsage,
}
