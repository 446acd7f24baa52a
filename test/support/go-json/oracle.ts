import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** How Go's encoding/json reads a document, in the canonical form that main.go describes; null is an error of Go's. */
interface GoReading {
  readonly value: string | null
  readonly map: string | null
  readonly struct: string | null
}

export interface GoJson {
  read(document: Buffer): Promise<GoReading>
  stop(): Promise<void>
}

const COMPILER = 'go'
const SOURCE = path.join(import.meta.dirname, 'main.go')
const BUILT = path.join(import.meta.dirname, '../../../.cache/go-json')

/** Starts the program of main.go, built once for each source and compiler. Rejects where there is no Go compiler. */
export async function startGoJson(): Promise<GoJson> {
  const program = spawn(build(), { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(program, 'spawn')
  const ended = once(program, 'exit')
  const waiting: { resolve(reading: GoReading): void; reject(error: Error): void }[] = []
  createInterface({ input: program.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)))
  program.stdin.on('error', () => {})
  program.on('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the Go program ended with ${code}`))
  })
  return {
    read(document) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(document.length)
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        program.stdin.write(Buffer.concat([length, document]))
      })
    },
    async stop() {
      program.stdin.end()
      await ended
    },
  }
}

function build(): string {
  const compiler = go('version')
  const hash = createHash('sha256').update(compiler).update(readFileSync(SOURCE)).digest('hex').slice(0, 16)
  const program = path.join(BUILT, `oracle-${hash}`)
  if (existsSync(program)) return program
  mkdirSync(BUILT, { recursive: true })
  // Under a name of its own first, so that a test run beside this one never starts half a program.
  const unfinished = `${program}.${process.pid}`
  go('build', '-o', unfinished, SOURCE)
  renameSync(unfinished, program)
  return program
}

/** Runs the compiler so that it uses nothing but its own standard library: no module, no network, no C compiler. */
function go(...argv: string[]): string {
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOTOOLCHAIN: 'local',
    GOPROXY: 'off',
    CGO_ENABLED: '0',
  }
  try {
    return execFileSync(COMPILER, argv, { env, encoding: 'utf8' })
  } catch (cause) {
    throw new Error('the Go compiler failed, or is missing (Debian: golang-go): node .ci/prepare.mjs --tests', {
      cause,
    })
  }
}
