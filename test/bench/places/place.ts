import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Target } from '../client.ts'
import type { Material } from '../material.ts'

/** What every place is given. */
interface World {
  /** For the place's files, its own. */
  readonly folder: string
  /** Of the engine. */
  readonly socket: string
  readonly material: Material
}

/** One way in, measured under its name. */
export interface Way {
  readonly name: string
  readonly target: Target
  /** Lines that identify who asks, each with its end. */
  readonly headers: string
}

/** A program that is up. */
export interface Running {
  /** Without their children, which count as well. */
  readonly pids: readonly number[]
  readonly ways: readonly Way[]
  stop(): Promise<void>
}

/** Something that stands between a client and the engine, or nothing. */
export interface Place {
  readonly name: string
  /** The names of its ways. */
  readonly ways: readonly string[]
  /** What it is, for the page. */
  readonly about: string
  /** Why it cannot be measured on this machine; null when it can. */
  missing(): string | null
  start(world: World): Promise<Running>
}

const READY_WITHIN_MS = 20_000
const END_WITHIN_MS = 5_000

/** A TCP port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts a program whose output goes to `output.log` in the folder, and waits until something listens on the port. The
 * log is where its lines for each request go as well: that is part of the work.
 */
export async function startProgram(
  argv: readonly string[],
  folder: string,
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<Pick<Running, 'pids' | 'stop'>> {
  const [command = '', ...args] = argv
  const log = openSync(path.join(folder, 'output.log'), 'a')
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } })
  closeSync(log)
  let failed: Error | null = null
  child.once('error', (error) => {
    failed = error
  })
  for (const deadline = Date.now() + READY_WITHIN_MS; !(await listens(port)); await delay(2)) {
    if (failed !== null || child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${argv.join(' ')} did not come up; see ${folder}/output.log`, { cause: failed })
    }
  }
  return { pids: [child.pid ?? 0], stop: () => end(child) }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    const over = (does: boolean) => {
      socket.destroy()
      resolve(does)
    }
    socket.once('connect', () => over(true)).once('error', () => over(false))
  })
}

/** SIGTERM, so that a master can end its workers, and SIGKILL when that takes long. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
  await ended
  clearTimeout(late)
}

/** Where Debian puts the programs of an administrator, which a user's PATH may lack. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin']
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file)) ?? null
}

/** Reads `name=word word …`, the value of an option. Throws when it is not written so. */
export function named(written: string, option: string): { readonly name: string; readonly argv: readonly string[] } {
  const [, name, words] = /^([\w.-]+)=(.*\S.*)$/s.exec(written) ?? []
  if (name === undefined || words === undefined) throw new Error(`${option} wants name=words, not ${written}`)
  return { name, argv: words.split(' ').filter((word) => word !== '') }
}

export const onPort = (port: number): Target => ({ Network: 'tcp', Address: `127.0.0.1:${port}` })
