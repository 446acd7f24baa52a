import { open } from 'node:fs/promises'
import { METHODS } from 'node:http'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { readSmallFile, whyUnreadable } from '../config/read-file.ts'
import type { Config } from '../config/schema.ts'
import type { Principal } from '../identity/principal.ts'
import { readCaller } from './explain-caller.ts'
import { UsageError } from './failure.ts'

/** Who asks: somebody who is taken as proved, or whoever a token proves. */
export type Caller = { readonly principal: Principal } | { readonly token: string }

export interface RequestBody {
  /** Bytes; null: not known before the end. */
  readonly length: number | null
  readonly stream: Readable
}

/** A request that somebody could make. */
export interface Question {
  readonly caller: Caller
  /** In upper case. */
  readonly method: string
  /** Path and query, as a client would send them. */
  readonly target: string
  /** Beside those that every request has. */
  readonly headers: readonly Header[]
  readonly body: RequestBody | null
}

export type Header = readonly [name: string, value: string]

/** As they stand on the command line. */
export interface QuestionOptions {
  readonly as?: string
  readonly token?: string
  readonly header?: readonly Header[]
  readonly body?: string
}

const STDIN = '-'

/**
 * Makes the question of a command line, and opens the body, which whoever takes the question must close.
 *
 * @throws UsageError for what cannot be a request, and for files that cannot be read
 */
export async function readQuestion(
  method: string,
  target: string,
  options: QuestionOptions,
  issuers: Config['issuers'],
): Promise<Question> {
  const { as, token, header = [], body } = options
  const upper = method.toUpperCase()
  if (!METHODS.includes(upper)) throw new UsageError(`"${method}" is no HTTP method; write METHOD PATH: GET /_ping`)
  if ([as, token, body].filter((source) => source === STDIN).length > 1) {
    throw new UsageError('only one of --as, --token and --body can be read from standard input ("-")')
  }
  const caller = await readCallerOption(as, token, issuers)
  const opened = body === undefined ? null : await openBody(body)
  const json: readonly Header[] = opened === null || has(header, 'content-type') ? [] : [JSON_TYPE]
  return { caller, method: upper, target, headers: [...json, ...header], body: opened }
}

const JSON_TYPE: Header = ['Content-Type', 'application/json']

function has(headers: readonly Header[], wanted: string): boolean {
  return headers.some(([name]) => name.toLowerCase() === wanted)
}

async function readCallerOption(
  as: string | undefined,
  token: string | undefined,
  issuers: Config['issuers'],
): Promise<Caller> {
  if (as !== undefined) {
    const name = as === STDIN ? 'standard input' : as
    return { principal: readCaller(name, await readText(as, '--as'), issuers) }
  }
  if (token === undefined) throw new UsageError('say who asks: --as FILE (claims) or --token TOKEN')
  if (token === STDIN) return { token: (await text(process.stdin)).trim() }
  return { token: token.startsWith('@') ? (await readText(token.slice(1), '--token')).trim() : token }
}

async function readText(file: string, option: string): Promise<string> {
  if (file === STDIN) return text(process.stdin)
  const read = readSmallFile(file)
  if ('problem' in read) throw new UsageError(`${option}: ${file} ${read.problem}`)
  return read.text
}

async function openBody(file: string): Promise<RequestBody> {
  if (file === STDIN) return { length: null, stream: process.stdin }
  try {
    const handle = await open(file)
    const facts = await handle.stat()
    if (!facts.isDirectory()) return { length: facts.isFile() ? facts.size : null, stream: handle.createReadStream() }
    await handle.close()
  } catch (error) {
    throw new UsageError(`--body: ${file} ${whyUnreadable(error)}`)
  }
  throw new UsageError(`--body: ${file} is a directory, not a file`)
}
