import { allowsCommand } from '../../policy/profile/command.ts'
import { matchesAny } from '../../policy/profile/pattern.ts'
import type { Profile } from '../../policy/profile/types.ts'
import { mayBeRoot } from '../../policy/profile/user.ts'
import type { CheckedFields } from '../fields.ts'
import type { JsonValue } from '../json/value.ts'
import { listed, type QueryRequest, shownText } from './query-request.ts'
import type { Finding, JudgeContext } from './types.ts'
import { flagOf, items, member, textOf, wholeOf } from './values.ts'

/** A process that is to run in a container, and how its parts are called where it is asked for. */
interface Process {
  readonly user: string
  readonly privileged: boolean
  readonly command: readonly string[]
  /** `NAME=value`; null where it cannot be known. */
  readonly environment: readonly string[] | null
  readonly fields: {
    readonly user: string
    readonly privileged: string
    readonly command: string
    readonly environment: string
  }
}

/** Whether the role allows every exec, so that there is nothing to learn of one. */
export function allowsEveryExec({ exec }: Profile): boolean {
  if (exec === null || !exec.privileged || exec.users !== 'any' || exec.commands !== 'any') return false
  return exec.environment.some(({ text }) => text === '*')
}

/** The body that makes an exec. An empty user is the container's own. */
export function judgeExec({ value }: Pick<CheckedFields, 'value'>, context: JudgeContext): readonly Finding[] {
  const body = wholeOf(value)
  return judgeProcess(
    {
      user: textOf(member(body, 'User')),
      privileged: flagOf(member(body, 'Privileged')),
      command: items(member(body, 'Cmd')).map(textOf),
      environment: items(member(body, 'Env')).map(textOf),
      fields: { user: 'User', privileged: 'Privileged', command: 'Cmd', environment: 'Env' },
    },
    context,
  )
}

/**
 * An exec that exists, by the engine's answer to its inspect: for the start of one whose making was not judged. The
 * answer does not tell the environment, so only a role that lets every variable be set may start it.
 */
export function judgeInspectedExec(inspected: JsonValue, context: JudgeContext): readonly Finding[] {
  const config = member(wholeOf(inspected), 'ProcessConfig')
  const entrypoint = member(config, 'entrypoint')
  // What is absent would count as nothing asked for.
  if (typeof entrypoint.value !== 'string') {
    const why = 'the engine does not tell what it would run'
    return [{ field: entrypoint.path, asked: 'what is not known', key: 'exec.commands', why }]
  }
  return judgeProcess(
    {
      user: textOf(member(config, 'user')),
      privileged: flagOf(member(config, 'privileged')),
      command: [entrypoint, ...items(member(config, 'arguments'))].map(textOf),
      environment: null,
      fields: {
        user: member(config, 'user').path,
        privileged: member(config, 'privileged').path,
        command: entrypoint.path,
        environment: 'Env',
      },
    },
    context,
  )
}

function judgeProcess(process: Process, { profile, principal }: JudgeContext): readonly Finding[] {
  const { user, privileged, command, environment, fields } = process
  const { users = [], commands = [], environment: names = [], privileged: mayBePrivileged = false } = profile.exec ?? {}
  const findings: Finding[] = []
  const refuse = (field: string, asked: string, key: string, why: string) =>
    findings.push({ field, asked, key: `exec.${key}`, why })

  if (users === 'nonRoot') {
    if (mayBeRoot(user)) {
      const why = 'the role has users: nonRoot: state a number above zero, such as 1000:1000, as a name proves nothing'
      refuse(fields.user, user === '' ? 'nothing' : shownText(user), 'users', why)
    }
  } else if (users !== 'any' && user !== '' && !matchesAny(users, user, principal)) {
    refuse(fields.user, shownText(user), 'users', listed('exec.users', users))
  }
  if (privileged && !mayBePrivileged) refuse(fields.privileged, 'true', 'privileged', 'the role has no exec.privileged')
  if (!allowsCommand(commands, command)) {
    const what =
      commands === 'any' || commands.length === 0 ? 'the role has no exec.commands' : 'the role lists other commands'
    refuse(fields.command, shownCommand(command), 'commands', what)
  }
  if (environment === null) {
    if (!names.some(({ text }) => text === '*')) {
      const why = 'it was not made through this gate, and the engine does not tell its variables; make it anew'
      refuse(fields.environment, 'what is not known', 'environment', why)
    }
    return findings
  }
  for (const [index, variable] of environment.entries()) {
    const name = nameOf(variable)
    if (matchesAny(names, name, principal)) continue
    refuse(`${fields.environment}[${index}]`, shownText(name), 'environment', listed('exec.environment', names))
  }
  return findings
}

/** Its arguments may hold secrets. */
function shownCommand([first = '', ...more]: readonly string[]): string {
  return more.length === 0 ? shownText(first) : `${shownText(first)} with ${more.length} more`
}

function nameOf(variable: string): string {
  const equals = variable.indexOf('=')
  return equals < 0 ? variable : variable.slice(0, equals)
}

/** Who types into a container's first process may run whatever that runs: a shell, as a rule. */
export function judgeAttach({ operation, profile, refuse }: QueryRequest): void {
  if (!operation.elevated || profile.exec?.commands === 'any') return
  const why =
    profile.exec === null
      ? 'the role has no exec.commands'
      : 'whatever is typed is no command that the role lists: it wants any'
  refuse('stdin', 'true', 'exec.commands', why)
}
