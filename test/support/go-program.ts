import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** A program that reads questions, each behind its length in 4 bytes (big endian), and answers each in a line of JSON. */
export interface GoProgram<Answer> {
  ask(question: Buffer): Promise<Answer>
  stop(): Promise<void>
}

const COMPILER = 'go'
const CACHE = path.join(import.meta.dirname, '../../.cache')

/**
 * Starts the program of the Go files in a folder, built in `.cache` under the folder's name, once for each source and
 * compiler. Rejects where there is no Go compiler.
 */
export async function startGoProgram<Answer>(folder: string): Promise<GoProgram<Answer>> {
  const program = spawn(buildGoProgram(folder), { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(program, 'spawn')
  const ended = once(program, 'exit')
  const waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = []
  createInterface({ input: program.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)))
  program.stdin.on('error', () => {})
  program.on('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the Go program ended with ${code}`))
  })
  return {
    ask(question) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(question.length)
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        program.stdin.write(Buffer.concat([length, question]))
      })
    },
    async stop() {
      program.stdin.end()
      await ended
    },
  }
}

/** Builds the Go files of a folder unless that is done already, and gives the program's path. Throws where there is no compiler. */
export function buildGoProgram(folder: string): string {
  const names = readdirSync(folder).filter((name) => name.endsWith('.go'))
  const sources = names.sort().map((name) => path.join(folder, name))
  const built = path.join(CACHE, path.basename(folder))
  const hash = createHash('sha256').update(go('version'))
  for (const source of sources) hash.update(readFileSync(source))
  const program = path.join(built, `program-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(program)) return program
  mkdirSync(built, { recursive: true })
  // Under a name of its own first, so that a test run beside this one never starts half a program.
  const unfinished = `${program}.${process.pid}`
  go('build', '-o', unfinished, ...sources)
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
