import { ConfigError } from '../config/errors.ts'
import { readGroups } from './accounts.ts'
import { askEngine, type EngineFacts, engineFindings, silentEngine } from './engine.ts'
import { exposureFindings } from './exposure.ts'
import { brokenGate, gateFindings } from './gate.ts'
import { hardeningFindings } from './hardening.ts'
import { listeningFindings } from './listening.ts'
import { openRoot, type Root } from './root.ts'
import { serviceFindings } from './service.ts'
import { readSetUp, type SetUp, settingsFor } from './set-up.ts'
import { socketFindings, socketPathOf } from './socket-file.ts'
import { tlsFileFindings } from './tls-files.ts'
import { change, type Finding, SEVERITIES, type Severity } from './types.ts'

export interface Question {
  /** The root folder to look at; absolute. */
  readonly root: string
  /** The path of the engine's socket; null: the one that the root's files name, asked only when the root is `/`. */
  readonly engine: string | null
  /** A gate's configuration to look at, or null. */
  readonly config: string | null
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** What `dockgate doctor --json` prints. */
export interface Diagnosis {
  /** Of this shape. */
  readonly version: 1
  readonly root: string
  /** The engine's socket, and what the engine says of itself; null when it was not asked or does not answer. */
  readonly engine: { readonly socket: string; readonly facts: EngineFacts | null }
  readonly counts: Readonly<Record<Severity, number>>
  /** The gravest first. */
  readonly findings: readonly Finding[]
}

/** Looks at a host's engine. Reads files and asks the engine two questions; changes nothing. */
export async function diagnose({ root: folder, engine, config, now }: Question): Promise<Diagnosis> {
  const root = openRoot(folder)
  const setUp = readSetUp(root)
  const socket = engine ?? socketPathOf(setUp)
  const asked = engine !== null || folder === '/' ? await ask(setUp, socket) : { facts: null, findings: [] }
  const found = [
    ...exposureFindings(setUp),
    ...listeningFindings(setUp),
    ...serviceFindings(setUp),
    ...setUp.daemonJson.findings,
    ...socketFindings(setUp, socket, readGroups(root)),
    ...tlsFileFindings(setUp, now),
    ...asked.findings,
    ...(config === null ? [] : await gate(setUp, config, socket)),
    ...hardeningFindings(setUp),
  ]
  const findings = [...found, ...unread(root)].sort((a, b) => rank(a) - rank(b))
  const counts = { danger: 0, warning: 0, note: 0 }
  for (const { severity } of findings) counts[severity] += 1
  return { version: 1, root: folder, engine: { socket, facts: asked.facts }, counts, findings }
}

function rank({ severity }: Finding): number {
  return SEVERITIES.indexOf(severity)
}

async function ask(setUp: SetUp, socket: string): Promise<{ facts: EngineFacts | null; findings: readonly Finding[] }> {
  const named = settingsFor(setUp, 'authorization-plugins').map(({ value }) => value)
  try {
    const facts = await askEngine(socket)
    return { facts, findings: engineFindings(facts, socket, named) }
  } catch (error) {
    return { facts: null, findings: [silentEngine(socket, error)] }
  }
}

async function gate(setUp: SetUp, file: string, socket: string): Promise<readonly Finding[]> {
  // Half a second to load, for those who ask for it.
  const { loadConfig } = await import('../config/load.ts')
  try {
    return gateFindings(setUp, loadConfig(file), socket)
  } catch (error) {
    if (error instanceof ConfigError) return [brokenGate(file, error)]
    throw error
  }
}

/** What could not be read may hold anything: it is said, so that silence about it is not taken for good news. */
function unread(root: Root): Finding[] {
  return [...root.unread].map(([path, reason]) => ({
    id: 'unread',
    severity: 'warning',
    where: path,
    what: `${path} could not be read: ${reason}`,
    why: 'What it says is missing from this list.',
    change: change({ text: 'run doctor as root' }),
  }))
}
