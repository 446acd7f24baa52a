import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { printable } from '../text.ts'
import { say } from './failure.ts'
import { shellWord } from './paths.ts'

const SHOWN = 500

interface Outcome {
  /** Null when there is no docker client here. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Makes the docker context for a socket, unless it is there already; says what to run where there is no docker client.
 *
 * @throws Error (as a rejection) when the client refuses, or the name is taken by a context for another place
 */
export async function makeContext(name: string, url: string, gate: string): Promise<void> {
  const present = await docker(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}', '--', name])
  const create = [
    'context',
    'create',
    '--description',
    `dockgate connect ${gate}`,
    '--docker',
    `host=${url}`,
    '--',
    name,
  ]
  if (present.code === null) {
    say(`there is no docker client here; where one is: ${['docker', ...create].map(shellWord).join(' ')}`)
    return
  }
  const host = present.code === 0 ? present.stdout.trim() : null
  if (host !== null && host !== url) {
    throw new Error(
      `the docker context ${JSON.stringify(name)} is there already, for ${printable(host, SHOWN)}; choose another name, or remove it: docker context rm ${shellWord(name)}`,
    )
  }
  if (host === null) {
    const { code, stderr } = await docker(create)
    if (code !== 0) throw new Error(`docker context create failed: ${printable(stderr.trim(), SHOWN)}`)
  }
  say(`docker context ${JSON.stringify(name)} is for ${url}; use it with: docker --context ${shellWord(name)} ps`)
}

async function docker(args: readonly string[]): Promise<Outcome> {
  // A context that does not exist would end even the command that makes it.
  const { DOCKER_CONTEXT: _, ...env } = process.env
  const child = spawn('docker', args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const code = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (status) => resolve(status ?? 1))
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, stdout, stderr }
}
