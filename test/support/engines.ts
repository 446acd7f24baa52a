import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { engineRequest } from './engine-api.ts'

/** `old`: Debian's docker.io of this machine (20.10, API 1.41). `modern`: that of Debian's next release (28.x, API 1.51). */
export type EngineName = 'old' | 'modern'

export interface Engine {
  readonly name: EngineName
  readonly socket: string
  /** Runs a program of the engine's own root folder (buildx and Compose of the modern one) on the host's network: put before its argv. */
  readonly enter: readonly string[]
  /** The same, on the engine's own network: where it listens on TCP. */
  readonly enterNetwork: readonly string[]
  /** Ends the engine with every container, mount, network and file of it. */
  stop(): Promise<void>
}

/** The one image that every engine has from the start: Debian's static busybox with a link for each applet. */
export const BASE_IMAGE = 'busybox:test'

const HERE = import.meta.dirname
const CACHE = path.join(HERE, '../../.cache')
const READY_WITHIN = 60_000

/**
 * Starts a private engine (about a second) with only BASE_IMAGE on it. The modern one's root folder is made once and
 * kept under .cache/ (about 40 s the first time). Needs root, and Debian's docker.io, busybox-static, debootstrap, iptables.
 * Rejects with the end of the engine's log when it does not come up.
 *
 * @param filesFor files of the engine's /etc/docker, its daemon.json with "hosts" among them; none: the socket alone
 */
export async function startEngine(
  name: EngineName,
  filesFor: (socket: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<Engine> {
  const root = name === 'modern' ? await modernRoot() : '/'
  const state = mkdtempSync(path.join(os.tmpdir(), 'dockgate-engine-'))
  const socket = path.join(state, 'docker.sock')
  const files = Object.entries(filesFor(socket))
  if (files.length > 0) mkdirSync(path.join(state, 'etc-docker'))
  for (const [file, content] of files) writeFileSync(path.join(state, 'etc-docker', file), content, { mode: 0o600 })
  const supervisor = spawn('bash', [path.join(HERE, 'engine.sh'), root, state], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let log = ''
  supervisor.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log = (log + chunk).slice(-2000)
  })
  const ended = once(supervisor, 'close')
  const stop = async () => {
    supervisor.stdin.end()
    await ended
  }

  try {
    for (const deadline = Date.now() + READY_WITHIN; !(await answers(socket)); await delay(25)) {
      if (supervisor.exitCode !== null || Date.now() > deadline) throw new Error(`it does not answer: ${log}`)
    }
    await importBaseImage(socket)
  } catch (error) {
    await stop()
    throw new Error(`the ${name} engine did not come up`, { cause: error })
  }
  const first = readFileSync(path.join(state, 'pid'), 'utf8').trim()
  const inside = (...namespaces: string[]) => ['nsenter', '--target', first, ...namespaces, '--']
  return { name, socket, enter: inside('--mount'), enterNetwork: inside('--mount', '--net'), stop }
}

async function answers(socket: string): Promise<boolean> {
  try {
    return (await engineRequest(socket, 'GET', '/_ping')).status === 200
  } catch {
    return false
  }
}

/** Packs busybox and a hard link for each applet, and imports it as BASE_IMAGE. */
async function importBaseImage(socket: string): Promise<void> {
  const pack = `set -e; root=$(mktemp -d); trap 'rm -rf "$root"' EXIT; cd "$root"; mkdir bin tmp etc
    cp "$(command -v busybox)" bin/busybox; for applet in $(bin/busybox --list); do [ "$applet" = busybox ] || ln bin/busybox "bin/$applet"; done
    echo root:x:0:0:root:/:/bin/sh >etc/passwd; tar -c --mtime=@0 .`
  const tar = spawn('sh', ['-c', pack], { stdio: ['ignore', 'pipe', 'inherit'] })
  const target = `/images/create?fromSrc=-&repo=busybox&tag=test&changes=${encodeURIComponent('CMD ["sh"]')}`
  const { status, body } = await engineRequest(socket, 'POST', target, {
    type: 'application/x-tar',
    content: tar.stdout,
  })
  if (status !== 200) throw new Error(`importing ${BASE_IMAGE}: ${status} ${body}`)
}

async function modernRoot(): Promise<string> {
  const script = spawn('bash', [path.join(HERE, 'modern-root.sh'), CACHE], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [root, [code]] = await Promise.all([text(script.stdout), once(script, 'exit')])
  if (code !== 0) throw new Error(`modern-root.sh ended with ${code}`)
  return root.trim()
}
