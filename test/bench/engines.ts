import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Readable } from 'node:stream'
import { engineRequest } from '../support/engine-api.ts'
import { BASE_IMAGE, startEngine } from '../support/engines.ts'
import { findProgram } from './places/place.ts'

/** An engine to be asked, by its socket. */
export interface BenchEngine {
  readonly socket: string
  stop(): Promise<void>
}

/** The in-memory engine, in a process of its own. */
export async function startMock(program: string, folder: string): Promise<BenchEngine> {
  const socket = path.join(folder, 'engine.sock')
  const child = spawn(program, ['engine', socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('the in-memory engine did not come up'))),
  ])
  return {
    socket,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Why dockerd itself cannot be measured here; null when it can. */
export function dockerdMissing(): string | null {
  if (process.getuid?.() !== 0) return 'only root can start a dockerd of its own'
  const program = ['dockerd', 'busybox'].find((name) => findProgram(name) === null)
  return program === undefined ? null : `${program} is not installed`
}

/** A private dockerd of this machine's version with 20 containers, none of them running. */
export async function startDockerd(): Promise<BenchEngine> {
  const engine = await startEngine('old')
  try {
    for (let index = 0; index < 20; index++) {
      const content = JSON.stringify({ Image: BASE_IMAGE, Cmd: ['true'], Labels: { 'io.example.index': `${index}` } })
      const answer = await engineRequest(engine.socket, 'POST', `/containers/create?name=bench-${index}`, {
        type: 'application/json',
        content: Readable.from([content]),
      })
      if (answer.status !== 201) throw new Error(`dockerd made no container: ${answer.status} ${answer.body}`)
    }
  } catch (error) {
    await engine.stop()
    throw error
  }
  return engine
}
