import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../src/config/errors.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'

const DAY_MS = 86_400_000

/** A configuration that loads without problem or warning; tests replace single lines of it, counted from 1. */
export const SOUND: readonly string[] = [
  'listeners:',
  '  - address: 127.0.0.1:2375',
  'issuers:',
  '  local: {jwt: {issuer: local, audience: dockgate, publicKey: local.pub}}',
  'roles:',
  '  observer: {allow: [read]}',
  'bindings:',
  '  - {role: observer, issuer: local}',
]

/** A temporary directory with a public key in it, and ways to put a configuration there and load it. */
export interface Workspace {
  readonly directory: string
  write(name: string, content: string | Uint8Array, mode?: number): string
  load(text: string): LoadedConfig
  /** Loads `SOUND` with some lines replaced. */
  loadWith(lines: Readonly<Record<number, string>>): LoadedConfig
  /** The problems of a text, as printed, the directory left away. */
  problems(text: string): string[]
  problemsWith(lines: Readonly<Record<number, string>>): string[]
  warningsWith(lines: Readonly<Record<number, string>>): string[]
  remove(): void
}

export function createWorkspace(): Workspace {
  const directory = mkdtempSync(join(tmpdir(), 'dockgate-config-'))
  const write = (name: string, content: string | Uint8Array, mode = 0o600): string => {
    const file = join(directory, name)
    writeFileSync(file, content, { mode })
    return file
  }
  write(
    'local.pub',
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
  )
  const load = (text: string) => loadConfig(write('dockgate.yaml', text))
  const short = (message: string) => message.replaceAll(`${directory}/`, '')
  const problems = (text: string): string[] => {
    try {
      load(text)
    } catch (error) {
      if (error instanceof ConfigError) return short(error.message).split('\n')
      throw error
    }
    return []
  }
  return {
    directory,
    write,
    load,
    loadWith: (lines) => load(soundWith(lines)),
    problems,
    problemsWith: (lines) => problems(soundWith(lines)),
    warningsWith: (lines) =>
      load(soundWith(lines)).warnings.map(({ line, column, path, message }) =>
        short(`${line}:${column}: ${path}: ${message}`),
      ),
    remove: () => rmSync(directory, { recursive: true }),
  }
}

function soundWith(lines: Readonly<Record<number, string>>): string {
  return SOUND.map((line, index) => lines[index + 1] ?? line).join('\n')
}

/** A self-signed certificate and its private key, as PEM. Days count from now. */
export function certificateFor(days: { from?: number; to?: number } = {}, ca = true): MadeCertificate {
  return makeTestCertificate({
    subject: [{ CN: 'dockgate test' }],
    ca,
    notBefore: new Date(Date.now() + (days.from ?? -1) * DAY_MS),
    notAfter: new Date(Date.now() + (days.to ?? 365) * DAY_MS),
  })
}
