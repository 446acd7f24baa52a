import { type Command, type Variable, wordsOf } from './command.ts'
import { parseEnvFile } from './env-file.ts'
import type { Root } from './root.ts'

/** What /etc/init.d/docker and distributions' units read options from. */
export const BOOT_FILES = ['/etc/default/docker', '/etc/sysconfig/docker']
/** The names that those files give to dockerd's options. */
const OPTIONS = ['DOCKER_OPTS', 'OPTIONS']

/** The variables with dockerd's options in those files, with the place of each. A shell may read them, so `export` may stand before. */
export function bootVariables(root: Root): ReadonlyMap<string, Variable> {
  const found = new Map<string, Variable>()
  for (const file of BOOT_FILES) {
    for (const { key, value, line } of parseEnvFile(root.read(file) ?? '')) {
      const name = key.replace(/^export\s/, '').trim()
      if (OPTIONS.includes(name) && value.trim() !== '') found.set(name, { value, place: { file, line } })
    }
  }
  return found
}

/** What dockerd is started with on a host without a docker.service: by an init script, with those variables. */
export function bootCommands(root: Root): readonly Command[] {
  return [...bootVariables(root)].map(([name, variable]) => ({
    place: variable.place,
    written: [],
    words: wordsOf(name, variable),
  }))
}
