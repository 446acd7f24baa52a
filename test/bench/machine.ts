import { spawnSync } from 'node:child_process'
import os from 'node:os'
import { findProgram } from './places/place.ts'

/** What the figures were measured on, and with. */
export function describeMachine(): Readonly<Record<string, string>> {
  const cpus = os.cpus()
  return {
    processors: `${cpus.length} × ${cpus[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    haproxy: version('haproxy', '-v'),
    nginx: version('nginx', '-v'),
    dockerd: version('dockerd', '--version'),
  }
}

function version(name: string, flag: string): string {
  const program = findProgram(name)
  if (program === null) return 'not installed'
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' })
  const [found = 'unknown'] = /\d+\.\d+[\w.+~-]*/.exec(stdout + stderr) ?? []
  return found
}
