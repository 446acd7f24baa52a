import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Draft, rolesOf } from '../init/draft.ts'
import type { Place, PlacedFile } from '../init/place.ts'
import { isRootRole, type RoleName } from '../init/roles.ts'

/** What is shown of what is made; everything else is certificates and keys, of which only the name is. */
const TEXTS = ['dockgate.yaml', 'dockgate.service', 'clients.txt'] as const
/** diff(1): there are differences. */
const DIFFERENT = 1

/** What would change in files that are there, for a person to read before it does. */
export function differences(folder: string, place: Place, files: readonly PlacedFile[]): string {
  const changed = files.filter(({ state }) => state === 'changed').map(({ name }) => name)
  const texts = changed.filter(isText).map((name) => difference(join(folder, name), join(place.staged, name)))
  const others = changed.filter((name) => !isText(name)).map((name) => `changed: ${join(folder, name)}\n`)
  return [...texts, ...others].join('')
}

function isText(name: string): boolean {
  return (TEXTS as readonly string[]).includes(name)
}

/** As diff(1) shows it; where there is none, both texts whole. */
function difference(old: string, made: string): string {
  const labels = ['--label', old, '--label', `${old} (new)`]
  try {
    return execFileSync('diff', ['-u', ...labels, '--', old, made], { encoding: 'utf8' })
  } catch (error) {
    const { status, stdout } = error as { status?: number | null; stdout?: string }
    if (status === DIFFERENT && stdout !== undefined) return stdout
    return `--- ${old}\n${readFileSync(old, 'utf8')}+++ ${old} (new)\n${readFileSync(made, 'utf8')}`
  }
}

/** Everything that would be written: texts whole, the rest by name. */
export function whole(folder: string, place: Place, files: readonly PlacedFile[]): string {
  const texts = TEXTS.map((name) => `==> ${join(folder, name)}\n${readFileSync(join(place.staged, name), 'utf8')}\n`)
  const others = files.filter(({ name, state }) => !isText(name) && state !== 'same')
  const lines = others.map(({ name, state }) => {
    const mode = (statSync(join(place.staged, name)).mode & 0o777).toString(8).padStart(4, '0')
    return `==> ${join(folder, name)} (${state}, mode ${mode}, not shown)\n`
  })
  return [...texts, ...lines, '\n'].join('')
}

/** Who is root on the host from now on, for the person to know. */
export function rootLines({ everybody, people, ci, proxy }: Draft): string[] {
  const isRoot = (role: RoleName) => isRootRole(role, proxy)
  const who = [
    ...(everybody !== null && isRoot(everybody) ? ['everybody with a certificate of the authority'] : []),
    ...people.filter(({ role }) => isRoot(role)).map(({ name }) => name),
    ...(ci !== null && isRoot(ci.role) ? [`the jobs of ${ci.preset}`] : []),
  ]
  const roles = rolesOf({ everybody, people, ci }).filter(isRoot).join(', ')
  return who.length === 0 ? [] : [`ROOT ON THIS HOST, by role ${roles}: ${who.join(', ')}`]
}
