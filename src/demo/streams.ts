import { attachTo, type Call, frame, sendEmpty, sendJson, streamType } from './call.ts'
import { isTrue } from './filters.ts'
import {
  type Attachment,
  BOUNDS,
  type DemoContainer,
  EngineError,
  emitContainer,
  findContainer,
  newId,
} from './state.ts'

/** The line that stands for what a real engine would do. */
export function says(words: string, command: string[], tty: boolean): Buffer {
  const line = `dockgate demo engine, nothing real runs here; a real engine would now ${words}: ${command.join(' ')}`
  return Buffer.from(tty ? `${line}\r\n` : `${line}\n`)
}

/** Output of a container: kept in its bounded log, and sent to everybody who is attached. */
export function write(container: DemoContainer, channel: 1 | 2, bytes: Buffer): void {
  container.log.push({ channel, time: new Date(), bytes })
  container.logBytes += bytes.length
  while (container.logBytes > BOUNDS.logBytes) container.logBytes -= container.log.shift()?.bytes.length ?? 0
  for (const attachment of container.attached) attachment.write(channel, bytes)
}

/** `cat` is the one command that the demo plays, so that streams can be seen and measured in both directions. */
export async function echo(attachment: Attachment, send: (bytes: Buffer) => void): Promise<void> {
  if (!attachment.stdin) return
  try {
    for await (const bytes of attachment.stdin) {
      send(bytes)
      await attachment.drained()
    }
  } catch {
    // The client went away: the same as the end of its input.
  }
}

/** ContainerAttach. */
export function attach(call: Call): void {
  const container = findContainer(call.state, call.params.id ?? '')
  const attachment = attachTo(
    call.hijack(streamType(call.version, container.config.Tty === true)),
    container.config.Tty === true,
    isTrue(call.query, 'stdin'),
  )
  if (isTrue(call.query, 'logs')) for (const { channel, bytes } of container.log) attachment.write(channel, bytes)
  if (!isTrue(call.query, 'stream') || container.state === 'exited') return void attachment.end()
  container.attached.add(attachment)
  call.request.socket.once('close', () => container.attached.delete(attachment))
}

/** ContainerLogs. */
export function logs(call: Call): void {
  const container = findContainer(call.state, call.params.id ?? '')
  const tty = container.config.Tty === true
  call.response.writeHead(200, { 'Content-Type': streamType(call.version, tty) })
  call.response.flushHeaders()
  const stamped = isTrue(call.query, 'timestamps')
  const send = (channel: 1 | 2, bytes: Buffer, time: Date) => {
    if (!isTrue(call.query, channel === 1 ? 'stdout' : 'stderr')) return true
    const text = stamped ? Buffer.concat([Buffer.from(`${time.toISOString()} `), bytes]) : bytes
    return call.response.write(tty ? text : frame(channel, text))
  }
  const tail = call.query.get('tail') ?? 'all'
  const lines = /^[0-9]+$/.test(tail)
    ? container.log.slice(Math.max(0, container.log.length - Number(tail)))
    : container.log
  for (const { channel, bytes, time } of lines) send(channel, bytes, time)
  if (!isTrue(call.query, 'follow') || container.state !== 'running') return void call.response.end()
  const follower: Attachment = {
    stdin: null,
    write: (channel, bytes) => send(channel, bytes, new Date()),
    drained: async () => {},
    end: () => call.response.end(),
  }
  container.attached.add(follower)
  call.response.once('close', () => container.attached.delete(follower))
}

/** ContainerExec: makes an exec that will say its line; the oldest is forgotten when there are too many. */
export async function createExec(call: Call): Promise<void> {
  const container = findContainer(call.state, call.params.id ?? '')
  const fields = await call.json()
  if (container.state !== 'running') throw new EngineError(409, `container ${container.id} is not running`)
  const { execs } = call.state
  const id = newId()
  const [oldest] = execs.keys()
  if (oldest !== undefined && execs.size >= BOUNDS.execs) execs.delete(oldest)
  execs.set(id, { id, container, fields, running: false, exitCode: null })
  sendJson(call.response, 201, { Id: id })
}

function foundExec(call: Call) {
  const exec = call.state.execs.get(call.params.id ?? '')
  if (!exec) throw new EngineError(404, `No such exec instance: ${call.params.id}`)
  return exec
}

/** ExecStart. */
export async function startExec(call: Call): Promise<void> {
  const exec = foundExec(call)
  const options = await call.json()
  if (exec.exitCode !== null || exec.running)
    throw new EngineError(409, `Error: Exec command ${exec.id} has already run`)
  const tty = exec.fields.Tty === true
  const command = Array.isArray(exec.fields.Cmd) ? exec.fields.Cmd.map(String) : []
  emitContainer(call.state, `exec_start: ${command.join(' ')}`, exec.container, { execID: exec.id })
  if (options.Detach === true) {
    exec.exitCode = 0
    return sendEmpty(call.response, 200)
  }
  exec.running = true
  const attachment = attachTo(call.hijack(streamType(call.version, tty)), tty, exec.fields.AttachStdin === true)
  attachment.write(1, says('execute', command, tty))
  if (command[0] === 'cat') await echo(attachment, (bytes) => attachment.write(1, bytes))
  exec.running = false
  exec.exitCode = 0
  attachment.end()
}

/** ExecInspect. */
export function inspectExec(call: Call): void {
  const exec = foundExec(call)
  sendJson(call.response, 200, {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode,
    ContainerID: exec.container.id,
    OpenStdin: exec.fields.AttachStdin === true,
    OpenStdout: true,
    OpenStderr: true,
    CanRemove: false,
    Pid: 0,
    ProcessConfig: { tty: exec.fields.Tty === true, entrypoint: '', arguments: [], privileged: false },
  })
}
