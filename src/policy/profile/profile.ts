import { ConfigError, formatPath } from '../../config/errors.ts'
import { createFindings, type Findings } from '../../config/findings.ts'
import type {
  ArchiveConfig,
  BuildConfig,
  ExecConfig,
  ProfileConfig,
  RegistriesConfig,
} from '../../config/profile-schema.ts'
import { quoted } from '../../text.ts'
import type { CommandRule } from './command.ts'
import { below, compileAll, type Place } from './compiler.ts'
import { compileLimits } from './limits.ts'
import type { ArchiveProfile, BuildProfile, ExecProfile, Profile, RegistriesProfile } from './types.ts'
import { compileWorkload } from './workload.ts'

/**
 * Compiles the parts of a role beside its operations.
 *
 * @throws ConfigError with every problem; without places, as the configuration's file is not known here
 */
export function compileProfile(parts: ProfileConfig): Profile {
  const findings = createFindings()
  const profile = compileParts(parts, [], findings)
  if (findings.problems.length === 0) return profile
  throw new ConfigError(
    findings.problems.map(({ path, message }) => ({ file: '', line: 0, column: 0, path: formatPath(path), message })),
  )
}

/** As `compileProfile`, with the problems and warnings going to `findings`, their paths beginning with `path`. */
export function compileParts(parts: ProfileConfig, path: readonly PropertyKey[], findings: Findings): Profile {
  const compile = <From, To>(
    key: keyof ProfileConfig,
    part: From | undefined,
    compiler: (part: From, place: Place) => To,
  ) => (part === undefined ? null : compiler(part, below({ path, findings }, key)))
  return {
    workload: compile('workload', parts.workload, compileWorkload),
    exec: compile('exec', parts.exec, compileExec),
    build: compile('build', parts.build, compileBuild),
    registries: compile('registries', parts.registries, compileRegistries),
    archive: compile('archive', parts.archive, compileArchive),
  }
}

function compileExec({ users, privileged, commands, environment }: ExecConfig, place: Place): ExecProfile {
  return {
    users: typeof users === 'string' ? users : compileAll(users, 'name', below(place, 'users')),
    privileged: privileged ?? false,
    commands: compileCommands(commands ?? [], below(place, 'commands')),
    environment: compileAll(environment, 'name', below(place, 'environment')),
  }
}

function compileCommands(commands: CommandRule, place: Place): CommandRule {
  if (commands === 'any') return commands
  for (const [index, words] of commands.entries()) {
    if (words.some((word) => word.includes('*') || word.includes('${'))) {
      const what = `${quoted(words.join(' '), 80)} would be taken literally, stars and all`
      place.findings.warn([...place.path, index], `${what}; a command allows every one that begins with its words`)
    }
  }
  return commands
}

function compileBuild(config: BuildConfig, place: Place): BuildProfile {
  const names = (key: 'networks' | 'arguments' | 'outputs') => compileAll(config[key], 'name', below(place, key))
  const images = (key: 'cacheFrom' | 'tags') => compileAll(config[key], 'reference', below(place, key))
  return {
    networks: names('networks'),
    remotes: compileAll(config.remotes, 'url', below(place, 'remotes')),
    arguments: names('arguments'),
    cacheFrom: images('cacheFrom'),
    outputs: names('outputs'),
    tags: images('tags'),
    entitlements: new Set(config.entitlements),
    limits: compileLimits(config.limits),
  }
}

function compileRegistries(config: RegistriesConfig, place: Place): RegistriesProfile {
  return {
    pull: compileAll(config.pull, 'reference', below(place, 'pull')),
    push: compileAll(config.push, 'reference', below(place, 'push')),
    load: config.load ?? false,
    import: config.import ?? false,
    save: config.save ?? false,
    export: config.export ?? false,
  }
}

function compileArchive({ get, put }: ArchiveConfig, place: Place): ArchiveProfile {
  return {
    get: compileAll(get, 'path', below(place, 'get')),
    put: compileAll(put, 'path', below(place, 'put')),
  }
}
