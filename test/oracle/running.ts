import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

/*
 * What the preset ci-run means for a process that runs: read from the kernel, which has the last word on what the engine
 * made of a container.
 */

interface Mount {
  readonly point: string
  readonly type: string
  /** The folder of the file system that is mounted. */
  readonly root: string
  readonly readOnly: boolean
  /** Bytes; null where the file system has no size of its own. */
  readonly size: number | null
  /** Whether it is made of layers of the engine's. */
  readonly layered: boolean
}

/** What the kernel says of a container's first process. */
export interface Running {
  readonly mounts: readonly Mount[]
  readonly capabilities: bigint
  readonly seccomp: string
  /** Those that it shares with the engine. */
  readonly shared: readonly string[]
  readonly devices: readonly string[]
  readonly processors: number
  readonly memory: number
  readonly processes: number
}

const SCRIPT = path.join(import.meta.dirname, 'running.sh')
const GiB = 1024 ** 3
/** The bits of the 14 that every container has. */
const CAPABILITIES = 0xa80425fbn
/** In the engine's data: a volume, what it writes for a container, and layers where it copies them (vfs). */
const OWN_FOLDER = /\/dockgate-engine-[^/]+\/data\/(volumes\/[^/]+\/_data(\/|$)|containers\/[0-9a-f]{64}\/|vfs\/dir\/)/
const UNLIMITED = Number.POSITIVE_INFINITY

/** @param enter how a program comes to see the engine's processes; @param pid as the engine numbers it */
export async function observeProcess(enter: readonly string[], pid: number): Promise<Running> {
  const [program = '', ...argv] = [...enter, 'bash', '-s', String(pid)]
  const run = promisify(execFile)(program, argv)
  run.child.stdin?.end(readFileSync(SCRIPT))
  return read((await run).stdout)
}

function read(text: string): Running {
  const lines = text.split('\n').map((line) => line.split(' '))
  const all = (name: string) => lines.filter(([first]) => first === name).map(([, ...words]) => words)
  const one = (name: string) => all(name)[0] ?? []
  const [quota, period] = one('processors')
  return {
    mounts: all('mount').map(readMount),
    capabilities: BigInt(`0x${one('capabilities')[0]}`),
    seccomp: one('seccomp')[0] ?? '',
    shared: all('shared').map(([name = '']) => name),
    devices: all('device').map(([name = '']) => name),
    processors: limit(quota) / Number(period),
    memory: limit(one('memory')[0]),
    processes: limit(one('processes')[0]),
  }
}

/** A line of proc(5)'s mountinfo. */
function readMount([, , , root = '', point = '', options = '', ...rest]: readonly string[]): Mount {
  const [type = '', , superOptions = ''] = rest.slice(rest.indexOf('-') + 1)
  const size = /(?:^|,)size=([0-9]+)k/.exec(superOptions)?.[1]
  return {
    point,
    type,
    root,
    readOnly: options.split(',').includes('ro') || superOptions.split(',').includes('ro'),
    size: size === undefined ? null : Number(size) * 1024,
    layered: type === 'overlay' && /\/dockgate-engine-[^/]+\/data\/overlay2\//.test(superOptions),
  }
}

function limit(text: string | undefined): number {
  const value = Number(text)
  return Number.isNaN(value) || value < 0 ? UNLIMITED : value
}

/** Everything that is outside the preset, beside a container of which nothing was asked: nothing where all is within. */
export function judgeProcess(running: Running, plain: Running): readonly string[] {
  const { mounts, processors, memory, processes } = running
  const kernel = kernelMounts(running)
  const found: ReadonlyArray<readonly [outside: boolean, what: string]> = [
    [(running.capabilities & ~CAPABILITIES) !== 0n, `capabilities ${running.capabilities.toString(16)}`],
    [running.seccomp !== plain.seccomp, `seccomp ${running.seccomp}`],
    [running.shared.length > 0, `shares ${running.shared}`],
    [!(processors > 0 && processors <= 2), `processors ${processors}`],
    [!(memory > 0 && memory <= 4 * GiB), `memory ${memory}`],
    [!(processes > 0 && processes <= 2048), `processes ${processes}`],
    ...running.devices.map((name) => [!plain.devices.includes(name) && name !== 'console', `device ${name}`] as const),
    ...kernelMounts(plain).map((mount) => [!kernel.includes(mount), `not there: ${mount}`] as const),
    ...kernel.map((mount) => [!kernelMounts(plain).includes(mount), `not masked: ${mount}`] as const),
    ...mounts.map((mount) => [!isKernel(mount) && !isOwn(mount), `mount ${JSON.stringify(mount)}`] as const),
  ]
  return found.filter(([outside]) => outside).map(([, what]) => what)
}

/** What shows the kernel itself, and the masks over it. */
function kernelMounts({ mounts }: Running): readonly string[] {
  return mounts.filter(isKernel).map(({ point, type, readOnly }) => `${point} ${type} ${readOnly ? 'ro' : 'rw'}`)
}

function isKernel({ point }: Mount): boolean {
  return /^\/(proc|sys)(\/|$)/.test(point)
}

function isOwn({ point, type, root, readOnly, size, layered }: Mount): boolean {
  if (layered || OWN_FOLDER.test(root) || type === 'devpts' || type === 'mqueue') return true
  if (type === 'tmpfs') return size !== null && size <= GiB
  return point === '/sbin/docker-init' && readOnly
}
