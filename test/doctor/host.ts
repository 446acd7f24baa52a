import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Diagnosis, diagnose } from '../../src/doctor/diagnose.ts'
import type { Finding } from '../../src/doctor/types.ts'

/** A root folder made for a test. */
export interface Host {
  readonly folder: string
  write(path: string, content: string, mode?: number): void
  link(path: string, target: string): void
  /** What doctor finds in it; nobody is asked. */
  look(more?: { config?: string; engine?: string; now?: number }): Promise<Diagnosis>
  /** The findings with this id. */
  find(id: string, more?: { config?: string; now?: number }): Promise<readonly Finding[]>
}

const folders: string[] = []

/** Makes a root folder with these files in it. */
export function makeHost(files: Readonly<Record<string, string>> = {}): Host {
  const folder = mkdtempSync(join(tmpdir(), 'dockgate-host-'))
  folders.push(folder)
  const at = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    return join(folder, path)
  }
  const host: Host = {
    folder,
    write: (path, content, mode = 0o644) => writeFileSync(at(path), content, { mode }),
    link: (path, target) => symlinkSync(target, at(path)),
    look: ({ config, engine, now = Date.now() } = {}) =>
      diagnose({ root: folder, engine: engine ?? null, config: config ?? null, now }),
    find: async (id, more) => (await host.look(more)).findings.filter((one) => one.id === id),
  }
  for (const [path, content] of Object.entries(files)) host.write(path, content)
  return host
}

/** Removes every host that was made. */
export function removeHosts(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
