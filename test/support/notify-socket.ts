import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { vi } from 'vitest'

/** A service manager that listens: what systemd does with NOTIFY_SOCKET. */
export interface NotifySocket {
  readonly path: string
  /** What it was told, oldest first; each a list of assignments. */
  readonly messages: readonly (readonly string[])[]
  /** Resolves with the first message from there on that has this assignment, and its place. */
  told(assignment: string, from?: number): Promise<number>
  close(): Promise<void>
}

/** Starts one at a path of the folder. Needs Python 3.9, which Debian's python3-docker brings. */
export async function notifySocket(folder: string): Promise<NotifySocket> {
  const socket = path.join(folder, 'notify.sock')
  const child = spawn('/usr/bin/python3', [path.join(import.meta.dirname, 'notify-socket.py'), socket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)
  const messages: (readonly string[])[] = []
  await once(lines, 'line')
  lines.on('line', (line) => messages.push((JSON.parse(line) as string).trim().split('\n')))
  return {
    path: socket,
    messages,
    told: (assignment, from = 0) =>
      vi.waitFor(
        () => {
          const index = messages.findIndex((message, place) => place >= from && message.includes(assignment))
          if (index < 0) throw new Error(`nobody said ${assignment}, but: ${JSON.stringify(messages.slice(from))}`)
          return index
        },
        { timeout: 50_000, interval: 10 },
      ),
    async close() {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}
