import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A machine on which everything may be installed and broken: Debian's systemd over a copy of this one's files. */
export interface Machine {
  /**
   * Runs a bash script there as root to its end (`set -e`), and returns its output, both streams together.
   *
   * @throws Error (as a rejection) with the output when it does not end with 0
   */
  run(script: string): Promise<string>
  stop(): Promise<void>
}

const BOOTED_WITHIN = 30_000
const RUN_WITHIN = 140_000

/** Boots one (about a second). Needs root, systemd, and a cgroup2 hierarchy. `folders` of this machine are seen there. */
export async function startMachine(folders: readonly string[]): Promise<Machine> {
  const state = mkdtempSync(path.join(os.tmpdir(), 'dockgate-machine-'))
  const supervisor = spawn('bash', [path.join(import.meta.dirname, 'machine.sh'), state, ...folders], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [supervisor.stdout, supervisor.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log = (log + chunk).slice(-4000)
    })
  }
  const ended = once(supervisor, 'close')
  const stop = async () => {
    supervisor.stdin.end()
    await ended
  }
  const pidFile = path.join(state, 'pid')
  const run = (script: string) =>
    new Promise<string>((resolve, reject) => {
      const enter = ['--target', readFileSync(pidFile, 'utf8').trim(), '--all', '--wdns=/', '--']
      const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', LC_ALL: 'C.UTF-8', HOME: '/root' }
      const shell = ['bash', '-euo', 'pipefail', '-c', `exec 2>&1\n${script}`]
      execFile('nsenter', [...enter, ...shell], { env, timeout: RUN_WITHIN, encoding: 'utf8' }, (error, output) => {
        if (error === null) resolve(output)
        else reject(new Error(`${script}\nended with ${error.code ?? error.signal} and said:\n${output}\n${log}`))
      })
    })

  try {
    for (const deadline = Date.now() + BOOTED_WITHIN; ; await delay(25)) {
      if (existsSync(pidFile) && (await run('systemctl is-active test.target').catch(() => '')) === 'active\n') break
      if (supervisor.exitCode !== null || Date.now() > deadline) throw new Error(`it does not boot: ${log}`)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { run, stop }
}
