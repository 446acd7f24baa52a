import http from 'node:http'
import { readWhole } from '../read-whole.ts'
import { change, type Finding, type FindingId } from './types.ts'

const ANSWER_MS = 3000
const ANSWER_BYTES = 1024 * 1024
/** Docker 20.10, the oldest that a distribution still keeps in repair. */
const OLD_API = '1.41'
/** The newest that the gate has the operations of. */
const KNOWN_API = '1.56'

/** What an engine says of itself (GET /version and GET /info of the Engine API). */
export interface EngineFacts {
  readonly version: string
  readonly apiVersion: string
  readonly minApiVersion: string
  readonly rootless: boolean
  readonly authorizationPlugins: readonly string[]
}

/**
 * Asks the engine at a unix socket; two GET requests, which change nothing, of three seconds and 1 MiB at most.
 *
 * @throws Error when nobody answers, or not as an engine
 */
export async function askEngine(socketPath: string): Promise<EngineFacts> {
  const version = objectOf(await get(socketPath, '/version'))
  const info = objectOf(await get(socketPath, '/info'))
  return {
    version: textOf(version.Version),
    apiVersion: textOf(version.ApiVersion),
    minApiVersion: textOf(version.MinAPIVersion),
    rootless: textsOf(info.SecurityOptions).some((one) => one === 'name=rootless' || one.startsWith('name=rootless,')),
    authorizationPlugins: textsOf(objectOf(info.Plugins).Authorization),
  }
}

/** What is to know about an engine; `named`: the authorisation plugins that files name. */
export function engineFindings(facts: EngineFacts, socketPath: string, named: readonly string[]): readonly Finding[] {
  const { version, apiVersion, minApiVersion, rootless, authorizationPlugins } = facts
  const finding = (id: FindingId, severity: Finding['severity'], what: string, why: string, text: string): Finding => ({
    id,
    severity,
    where: socketPath,
    what,
    why,
    change: change({ text }),
  })
  const old = below(apiVersion, OLD_API)
  const strange = below(KNOWN_API, minApiVersion)
  const unseen = authorizationPlugins.filter((one) => !named.includes(one))
  return [
    ...(old
      ? [
          finding(
            'engine-old',
            'warning',
            `the engine is ${version} (API ${apiVersion})`,
            'It no longer gets fixes of what lets containers out.',
            'update it',
          ),
        ]
      : []),
    ...(strange
      ? [
          finding(
            'engine-api-unknown',
            'warning',
            `the engine takes API ${minApiVersion} and newer only; the gate knows up to ${KNOWN_API}`,
            'The gate refuses what it does not know, so clients would get nothing through.',
            'update dockgate',
          ),
        ]
      : []),
    ...(rootless
      ? [
          finding(
            'engine-rootless',
            'note',
            'the engine is rootless',
            'Where a finding says root on the host, it is the user of the engine here.',
            'nothing to do',
          ),
        ]
      : []),
    ...unseen.map((one) =>
      finding(
        'authorization-plugin',
        'note',
        `the engine asks the authorisation plugin "${one}"`,
        'No file that was read names it.',
        'see how the engine was started',
      ),
    ),
  ]
}

/** The engine cannot be asked. */
export function silentEngine(socketPath: string, error: unknown): Finding {
  const { code, message } = error as NodeJS.ErrnoException
  return {
    id: 'engine-silent',
    severity: 'note',
    where: socketPath,
    what: `the engine does not answer on ${socketPath} (${code ?? message})`,
    why: 'Its version, its plugins and whether it is rootless are not known here.',
    change: change({
      run: ['systemctl status docker.service docker.socket'],
      text: 'name another socket with --engine',
    }),
  }
}

async function get(socketPath: string, path: string): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get({ socketPath, path, headers: { Host: 'docker' }, agent: false, signal }, resolve).once('error', reject)
  })
  const bytes = await readWhole(answer, ANSWER_BYTES)
  if (bytes === null) answer.destroy()
  if (answer.statusCode !== 200 || bytes === null)
    throw new Error(`${path}: no answer of an engine (${answer.statusCode})`)
  return JSON.parse(bytes.toString('utf8'))
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** Whether the API version `a` is below `b`; false when one of them is none. */
function below(a: string, b: string): boolean {
  const [first, second] = [numbersOf(a), numbersOf(b)]
  if (first === null || second === null) return false
  return first[0] < second[0] || (first[0] === second[0] && first[1] < second[1])
}

function numbersOf(version: string): [number, number] | null {
  const found = /^([0-9]{1,4})\.([0-9]{1,4})$/.exec(version)
  return found === null ? null : [Number(found[1]), Number(found[2])]
}
