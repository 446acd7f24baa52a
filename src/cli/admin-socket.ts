import http from 'node:http'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readWhole } from '../read-whole.ts'
import { UsageError } from './failure.ts'

/** Longer than a gate looks for what is wrong with it. */
const ANSWER_MS = 10_000
const ANSWER_BYTES = 64 * 1024 * 1024

/** How a command names the gate that it asks. */
export interface AdminOptions {
  readonly config?: string
  readonly socket?: string
}

/** Gives a command the options that name a running gate. */
export function withAdminOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration (YAML) that the gate serves, for its admin.socket')
    .option('--socket <path>', 'the admin socket itself')
}

/**
 * Asks a running gate on its admin socket. Resolves to what it answers, an object with this key.
 *
 * @throws UsageError (as a rejection) when the options name no socket; Error when nobody answers there as a gate does, or
 * the gate says that it cannot do what is asked
 */
export async function askGate(options: AdminOptions, method: string, path: string, key: string): Promise<object> {
  const socket = await socketOf(options)
  try {
    const body = await ask(socket, method, path)
    if (typeof body === 'object' && body !== null) {
      if (key in body) return body
      if ('message' in body) throw new Error(String(body.message))
    }
    throw new Error('what answers there is no gate')
  } catch (error) {
    throw new Error(`${socket}: ${explain(error as NodeJS.ErrnoException)}`, { cause: error })
  }
}

async function socketOf({ config, socket }: AdminOptions): Promise<string> {
  if ((config === undefined) === (socket === undefined)) {
    throw new UsageError('which gate? give either --config with its configuration, or --socket with its admin socket')
  }
  if (config === undefined) return resolve(socket as string)
  const { loadAdminSocket } = await import('../config/load.ts')
  const found = loadAdminSocket(config)
  if (found !== null) return found
  const out = 'add admin: { socket: /run/dockgate/admin.sock } to it, and start the gate again'
  throw new UsageError(`${config} names no admin socket: ${out}`)
}

function ask(socketPath: string, method: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const request = http.request({ socketPath, method, path, signal, headers: { Host: 'dockgate' } }, (response) => {
      readWhole(response, ANSWER_BYTES)
        .then((bytes) => {
          if (bytes === null) throw new Error('the answer is larger than 64 MiB')
          resolve(parse(bytes))
        }, reject)
        .catch(reject)
    })
    request.on('error', reject)
    request.end()
  })
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    throw new Error('what answers there is no gate', { cause: error })
  }
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'nothing is there; is the gate running, with this admin.socket in its configuration?'
    case 'ECONNREFUSED':
      return 'nobody listens there any more; is the gate running?'
    case 'EACCES':
    case 'EPERM':
      return 'not permitted: the socket is for the user alone that the gate runs as; sudo -u that user'
    case 'ENOTSOCK':
      return 'is no socket'
    case 'ABORT_ERR':
      return `no answer within ${ANSWER_MS / 1000} seconds`
    default:
      return error.message
  }
}
