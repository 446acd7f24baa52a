import { type Call, sendEmpty, sendJson } from './call.ts'
import { hasLabel, holds, isTrue, readFilters } from './filters.ts'
import {
  assertRoom,
  type DemoContainer,
  type DemoState,
  EngineError,
  emitContainer,
  familiar,
  findContainer,
  findImage,
  newId,
} from './state.ts'
import { attach, createExec, echo, inspectExec, logs, says, startExec, write } from './streams.ts'

const isTty = (container: DemoContainer) => container.config.Tty === true
const found = (call: Call) => findContainer(call.state, call.params.id ?? '')

function commandOf(fields: Record<string, unknown>): string[] {
  const list = (value: unknown) => (Array.isArray(value) ? value.map(String) : [])
  return [...list(fields.Entrypoint), ...list(fields.Cmd)]
}

function exit(state: DemoState, container: DemoContainer, code: number): void {
  if (container.state !== 'running') return
  container.state = 'exited'
  container.exitCode = code
  container.finishedAt = new Date()
  emitContainer(state, 'die', container, { exitCode: String(code) })
  for (const attachment of container.attached) attachment.end()
  container.attached.clear()
  for (const tell of container.onExit) tell(code)
  container.onExit.clear()
  if (container.hostConfig.AutoRemove === true) remove(state, container)
}

function remove(state: DemoState, container: DemoContainer): void {
  state.containers.delete(container.id)
  container.removed = true
  for (const exec of state.execs.values()) if (exec.container === container) state.execs.delete(exec.id)
  emitContainer(state, 'destroy', container)
  for (const tell of container.onRemove) tell()
  container.onRemove.clear()
}

/** A container that somebody is attached to says its line and ends; a detached one stays until it is stopped. */
async function run(state: DemoState, container: DemoContainer): Promise<void> {
  const command = commandOf(container.config)
  write(container, 1, says('run', [container.imageName, ...command], isTty(container)))
  const [first] = container.attached
  if (!first) return
  if (command[0] === 'cat') await echo(first, (bytes) => write(container, 1, bytes))
  exit(state, container, 0)
}

function create(call: Call, body: Record<string, unknown>): void {
  const { state } = call
  assertRoom(state.containers, 'containers')
  const id = newId()
  const name = (call.query.get('name') ?? `demo_${id.slice(0, 8)}`).replace(/^\//, '')
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(name)) throw new EngineError(400, `Invalid container name (${name})`)
  assertNameFree(state, name)
  const { HostConfig, NetworkingConfig: _, ...config } = body
  const image = findImage(state, String(config.Image ?? ''))
  const container: DemoContainer = {
    id,
    name,
    image,
    imageName: String(config.Image),
    created: new Date(),
    config,
    hostConfig: typeof HostConfig === 'object' && HostConfig !== null ? (HostConfig as Record<string, unknown>) : {},
    state: 'created',
    exitCode: 0,
    startedAt: null,
    finishedAt: null,
    removed: false,
    log: [],
    logBytes: 0,
    attached: new Set(),
    onExit: new Set(),
    onRemove: new Set(),
  }
  state.containers.set(id, container)
  emitContainer(state, 'create', container)
  sendJson(call.response, 201, { Id: id, Warnings: [] })
}

function assertNameFree(state: DemoState, name: string): void {
  for (const other of state.containers.values()) {
    if (other.name !== name) continue
    throw new EngineError(409, `Conflict. The container name "/${name}" is already in use by container "${other.id}".`)
  }
}

function status(container: DemoContainer): string {
  if (container.state === 'created') return 'Created'
  return container.state === 'running' ? 'Up (demo)' : `Exited (${container.exitCode}) (demo)`
}

function summary(container: DemoContainer) {
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.imageName,
    ImageID: container.image.id,
    Command: commandOf(container.config).join(' '),
    Created: Math.floor(container.created.getTime() / 1000),
    Ports: [],
    Labels: container.config.Labels ?? {},
    State: container.state,
    Status: status(container),
    HostConfig: { NetworkMode: 'bridge' },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  }
}

const never = '0001-01-01T00:00:00Z'

function details(container: DemoContainer) {
  const [path = '', ...args] = commandOf(container.config)
  return {
    Id: container.id,
    Created: container.created.toISOString(),
    Path: path,
    Args: args,
    State: {
      Status: container.state,
      Running: container.state === 'running',
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: 0,
      ExitCode: container.exitCode,
      Error: '',
      StartedAt: container.startedAt?.toISOString() ?? never,
      FinishedAt: container.finishedAt?.toISOString() ?? never,
    },
    Image: container.image.id,
    Name: `/${container.name}`,
    RestartCount: 0,
    Driver: 'demo',
    Platform: 'linux',
    HostConfig: container.hostConfig,
    Mounts: [],
    Config: container.config,
    NetworkSettings: { Networks: {} },
  }
}

function list(call: Call): void {
  const wanted = readFilters(call.query.get('filters'), ['id', 'name', 'status', 'label', 'ancestor'])
  const all = isTrue(call.query, 'all') || wanted.has('status')
  const matches = (container: DemoContainer) =>
    (all || container.state === 'running') &&
    holds(wanted, 'id', (value) => container.id.startsWith(value)) &&
    holds(wanted, 'name', (value) => container.name.includes(value.replace(/^[/^]+/, '').replace(/\$$/, ''))) &&
    holds(wanted, 'status', (value) => container.state === value) &&
    holds(wanted, 'ancestor', (value) => container.image.tags.has(familiar(value))) &&
    holds(wanted, 'label', (value) => hasLabel(container.config.Labels, value))
  sendJson(call.response, 200, [...call.state.containers.values()].filter(matches).reverse().map(summary))
}

function start(call: Call): void {
  const container = found(call)
  if (container.state === 'running') return void sendEmpty(call.response, 304)
  container.state = 'running'
  container.startedAt = new Date()
  emitContainer(call.state, 'start', container)
  sendEmpty(call.response, 204)
  void run(call.state, container)
}

function end(call: Call, code: number, whenNotRunning: () => void): void {
  const container = found(call)
  if (container.state !== 'running') return void whenNotRunning()
  emitContainer(call.state, 'kill', container, { signal: String(code - 128) })
  exit(call.state, container, code)
  sendEmpty(call.response, 204)
}

function kill(call: Call): void {
  const signal = (call.query.get('signal') ?? 'KILL').replace(/^SIG/, '')
  const code = new Map([
    ['KILL', 137],
    ['9', 137],
    ['TERM', 143],
    ['15', 143],
    ['INT', 130],
    ['2', 130],
  ]).get(signal)
  if (code === undefined) throw new EngineError(400, `the demo engine knows no signal ${signal}`)
  end(call, code, () => {
    throw new EngineError(409, `cannot kill container: ${call.params.id}: container is not running`)
  })
}

function wait(call: Call): void {
  const container = found(call)
  const condition = call.query.get('condition') ?? 'not-running'
  // The docker client starts a container only when it has seen the headers of this answer.
  call.response.writeHead(200, { 'Content-Type': 'application/json' })
  call.response.flushHeaders()
  const answer = () => {
    call.response.end(`${JSON.stringify({ StatusCode: container.exitCode })}\n`)
  }
  if (condition !== 'next-exit' && condition !== 'removed' && container.state !== 'running') return void answer()
  const waiting: Set<(code: number) => void> = condition === 'removed' ? container.onRemove : container.onExit
  waiting.add(answer)
  call.response.once('close', () => waiting.delete(answer))
}

function rename(call: Call): void {
  const container = found(call)
  const name = call.query.get('name') ?? ''
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(name)) throw new EngineError(400, `Invalid container name (${name})`)
  assertNameFree(call.state, name)
  const oldName = container.name
  container.name = name
  emitContainer(call.state, 'rename', container, { oldName })
  sendEmpty(call.response, 204)
}

function destroy(call: Call): void {
  const container = found(call)
  if (container.state === 'running' && !isTrue(call.query, 'force')) {
    throw new EngineError(
      409,
      `cannot remove container "${container.name}": container is running: stop it first or use force`,
    )
  }
  exit(call.state, container, 137)
  if (!container.removed) remove(call.state, container)
  sendEmpty(call.response, 204)
}

/** Containers and what runs in them, by method and path pattern. */
export const containerRoutes: Readonly<Record<string, (call: Call) => void | Promise<void>>> = {
  'GET /containers/json': list,
  'POST /containers/create': async (call) => create(call, await call.json()),
  'GET /containers/:id/json': (call) => sendJson(call.response, 200, details(found(call))),
  'POST /containers/:id/attach': attach,
  'POST /containers/:id/start': start,
  'POST /containers/:id/stop': (call) => end(call, 143, () => sendEmpty(call.response, 304)),
  'POST /containers/:id/kill': kill,
  'POST /containers/:id/wait': wait,
  'POST /containers/:id/rename': rename,
  'POST /containers/:id/resize': (call) => {
    found(call)
    sendEmpty(call.response, 200)
  },
  'GET /containers/:id/logs': logs,
  'DELETE /containers/:id': destroy,
  'POST /containers/:id/exec': createExec,
  'POST /exec/:id/start': startExec,
  'POST /exec/:id/resize': (call) => sendEmpty(call.response, 200),
  'GET /exec/:id/json': inspectExec,
}
