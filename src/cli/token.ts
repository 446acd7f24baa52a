import { Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../config/units.ts'
import { LOCAL_AUDIENCE, RESERVED_CLAIMS, signToken } from '../pki/token.ts'
import { printJson, UsageError } from './failure.ts'
import { STATE_FOLDER } from './paths.ts'
import { readTokenKey } from './state.ts'

/** Thirty days. */
const LONGEST_MS = 30 * 24 * 60 * 60 * 1000

interface Options {
  readonly role?: string
  readonly subject: string
  readonly claim: Readonly<Record<string, string>>
  readonly ttl: number
  readonly audience: string
  readonly state: string
  readonly json?: true
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('sign a token with the local key of a state folder')
    .option('--role <role>', 'the claim "role", which the made dockgate.yaml binds to roles', readText)
    .option('--subject <subject>', 'the claim "sub"', readText, 'local')
    .option('--claim <name=value>', 'a further claim, a string; repeatable', addClaim, {})
    .option('--ttl <duration>', 'how long it is good: 15m, 1h, 12h', readTtl, 3_600_000)
    .option('--audience <audience>', 'the claim "aud"', readText, LOCAL_AUDIENCE)
    .option('--state <folder>', 'the state folder that "dockgate start" made', STATE_FOLDER)
    .option('--json', 'token, claims and end as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ dockgate token --role ci --subject me --claim repository=acme/shop --ttl 15m',
    )
    .action(async (options: Options) => {
      const { role, subject, claim, ttl, audience, state, json } = options
      if (role !== undefined && claim.role !== undefined)
        throw new UsageError('--role and --claim role=… say the same; give one')
      const claims = role === undefined ? claim : { ...claim, role }
      const signed = await signToken(readTokenKey(state), { subject, claims, lifetime: ttl, audience })
      if (json) printJson({ token: signed.token, expiresAt: signed.expiresAt.toISOString(), claims: signed.claims })
      else process.stdout.write(`${signed.token}\n`)
    })
}

function addClaim(text: string, claims: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=')
  const name = text.slice(0, at)
  if (at < 1) throw new InvalidArgumentError('write name=value')
  if (RESERVED_CLAIMS.has(name)) throw new InvalidArgumentError(`"${name}" is set by dockgate itself`)
  return { ...claims, [name]: text.slice(at + 1) }
}

function readTtl(text: string): number {
  const lifetime = parseDuration(text)
  // Nothing takes a signed token back before its end.
  if (lifetime === null || lifetime < 1000 || lifetime > LONGEST_MS)
    throw new InvalidArgumentError('write a duration from 1s to 720h: 15m, 1h, 12h')
  return lifetime
}

function readText(text: string): string {
  if (text === '') throw new InvalidArgumentError('write something')
  return text
}
