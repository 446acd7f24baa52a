import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** An entry as Go reads it; text is hex, times are nanoseconds since 1970, empty for none. */
export interface GoEntry {
  readonly Name: string
  readonly Link: string
  readonly User: string
  readonly Group: string
  readonly Type: string
  readonly Mode: number
  readonly UID: number
  readonly GID: number
  readonly Size: number
  readonly Modified: string
  readonly Accessed: string
  readonly Attributes: Readonly<Record<string, string>>
  /** SHA-256. */
  readonly Content: string
}

export interface GoTar {
  /** The entries up to the first error, which is empty for none. */
  read(archive: Buffer): Promise<{ readonly Entries: readonly GoEntry[]; readonly Error: string }>
  stop(): Promise<void>
}

const SOURCE = path.join(import.meta.dirname, 'main.go')
const BUILT = path.join(import.meta.dirname, '../../../../.cache/go-tar')

/** Starts the program of main.go, built once for each source. Rejects where there is no Go compiler. */
export async function startGoTar(): Promise<GoTar> {
  const program = spawn(build(), { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(program, 'spawn')
  const ended = once(program, 'exit')
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = []
  createInterface({ input: program.stdout }).on('line', (line) => waiting.shift()?.resolve(line))
  program.stdin.on('error', () => {})
  program.on('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the Go program ended with ${code}`))
  })
  return {
    async read(archive) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(archive.length)
      const line = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }))
      program.stdin.write(Buffer.concat([length, archive]))
      return JSON.parse(await line)
    },
    async stop() {
      program.stdin.end()
      await ended
    },
  }
}

function build(): string {
  const hash = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16)
  const program = path.join(BUILT, `oracle-${hash}`)
  if (existsSync(program)) return program
  mkdirSync(BUILT, { recursive: true })
  // Under a name of its own first, so that a test run beside this one never starts half a program.
  const unfinished = `${program}.${process.pid}`
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOTOOLCHAIN: 'local',
    GOPROXY: 'off',
    CGO_ENABLED: '0',
  }
  execFileSync('go', ['build', '-o', unfinished, SOURCE], { env })
  renameSync(unfinished, program)
  return program
}
