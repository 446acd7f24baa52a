import { createReadStream, statSync } from 'node:fs'
import { Command } from 'commander'
import type { Source } from '../learn/learn.ts'
import { say, UsageError } from './failure.ts'

interface Options {
  readonly from: readonly string[]
  readonly principal?: readonly string[]
  readonly role: string
}

const STDIN = '-'
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

const TEXT = `
Every request that was let through counts, also under a role with "observe: true"; what was refused does not. Values
stand in the role as they were asked for, many alike as one pattern (docs/learn.md says when). What makes its holder root
on the host is marked. Lines that are no records are counted and named, and change nothing.

Examples:
  $ dockgate learn --from /var/log/dockgate/records.jsonl --role ci > role.yaml
  $ journalctl -u dockgate -o cat | dockgate learn --from - --principal github/repo:acme/shop:ref:refs/heads/main

Exit codes: 0 a role was written, 1 there was nothing to learn from, 2 the command line is wrong.`

export function learnCommand(): Command {
  return new Command('learn')
    .description('write the smallest role that would have allowed what records say was done')
    .requiredOption('--from <records...>', 'files of records, JSON lines ("-": standard input)')
    .option('--principal <issuer/subject...>', 'only what these did: the name of the issuer, a slash, the subject')
    .option('--role <name>', 'the name of the role', 'learned')
    .addHelpText('after', TEXT)
    .action(async ({ from, principal = [], role }: Options) => {
      if (!NAME.test(role)) throw new UsageError(`--role: ${role} is no name of a role`)
      const sources = from.map(openSource)
      const { learn } = await import('../learn/learn.ts')
      const lesson = await learn(sources, { role, principals: principal.map(readPrincipal) })
      for (const problem of lesson.problems) say(problem)
      if (lesson.bad > lesson.problems.length)
        say(`and ${lesson.bad - lesson.problems.length} more lines that are no records`)
      for (const missing of lesson.missing) say(`nothing was let through for ${missing}`)
      if (lesson.role === null)
        throw new Error('there is nothing to learn from: no record of a request that was let through')
      process.stdout.write(lesson.role)
    })
}

function readPrincipal(text: string): string {
  const slash = text.indexOf('/')
  if (slash > 0 && slash < text.length - 1) return text
  throw new UsageError(`--principal: ${text} is no ISSUER/SUBJECT, such as github/repo:acme/shop:ref:refs/heads/main`)
}

function openSource(name: string): Source {
  if (name === STDIN) return { name: 'standard input', stream: process.stdin }
  try {
    if (statSync(name).isDirectory()) throw new UsageError(`--from: ${name} is a directory`)
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`--from: ${(error as Error).message}`)
  }
  return { name, stream: createReadStream(name) }
}
