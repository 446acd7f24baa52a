import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { roleLines } from '../support/role-lines.ts'

/** The gate and a mock engine, each in a process of its own. */
export interface Place {
  /** `http://127.0.0.1:PORT`, plain TCP on loopback. */
  readonly url: string
  /** `Bearer …` of a principal with this role. */
  readonly authorization: Readonly<Record<string, string>>
  /** The gate's own CPU time so far, user and system, in microseconds (in steps of the kernel's clock tick). */
  cpu(): number
  close(): void
}

const TICK_US = 10_000

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Starts both. `roles` is YAML by name. */
export async function startPlace(roles: Readonly<Record<string, string>>): Promise<Place> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dockgate-bench-'))
  const socket = path.join(folder, 'engine.sock')
  const key = createTokenKey()
  writeFileSync(path.join(folder, 'token.pem'), publicTokenKey(key))
  writeFileSync(path.join(folder, 'dockgate.yaml'), configuration(socket, roles))
  const engine = spawn(process.execPath, [file('engine.ts'), socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  await says(engine, 'ready')
  const gate = spawn(
    process.execPath,
    [file('../../src/cli/main.ts'), 'serve', '--config', path.join(folder, 'dockgate.yaml')],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const port = /tcp:\/\/127\.0\.0\.1:(\d+)/.exec(await says(gate, 'listening'))?.[1]
  const authorization: Record<string, string> = {}
  for (const role of Object.keys(roles)) {
    const { token } = await signToken(key, {
      subject: 'bench',
      claims: { role, owner: 'acme/app' },
      lifetime: 3_600_000,
    })
    authorization[role] = `Bearer ${token}`
  }
  return {
    url: `http://127.0.0.1:${port}`,
    authorization,
    cpu: () => cpuOf(gate.pid ?? 0),
    close() {
      for (const child of [gate, engine]) child.kill('SIGKILL')
      rmSync(folder, { recursive: true })
    },
  }
}

/** utime and stime of /proc/PID/stat (proc(5)); the command in the second field may hold spaces. */
function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

function says(child: ChildProcess, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const stream = child.stdout ?? child.stderr
    stream?.on('data', (chunk: Buffer) => {
      said += chunk
      if (said.includes(word)) resolve(said)
    })
    child.once('exit', () => reject(new Error(`ended before it said ${word}: ${said}`)))
  })
}

const configuration = (socket: string, roles: Readonly<Record<string, string>>) => `
listeners: [{ name: plain, address: '127.0.0.1:0' }]
engine: unix://${socket}
issuers: { local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } } }
roles:
${roleLines(roles).roles}bindings:
${roleLines(roles).bindings}records: { file: records.jsonl }
${roleLines(roles).ledger}`
