import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { Command } from 'commander'
import type { Verdict } from '../audit/verify.ts'
import { readSmallFile } from '../config/read-file.ts'
import { PkiError } from '../pki/errors.ts'
import { PRIVATE_FILE, PUBLIC_FILE, writeNewFile } from '../pki/files.ts'
import { printable } from '../text.ts'
import { printJson, UsageError } from './failure.ts'
import { near } from './paths.ts'

/** Longer than a path. */
const LINE_LENGTH = 5000

const EXAMPLES = `
Examples:
  $ dockgate audit key /etc/dockgate/records.key
      a key for records: { file: …, chain: { key: records.key } }, and beside it records.key.pub, which verifies
  $ dockgate audit verify --key records.key.pub records.1.jsonl records.2.jsonl
      the files in the order in which they were written
  $ dockgate audit schema > record-v1.json

Exit codes of verify: 0 the chain holds, 1 it does not, 2 the command line is wrong or a file cannot be read.`

export function auditCommand(): Command {
  const command = new Command('audit').description('the chain of records: its key, whether it holds; and their schema')
  for (const make of [verifyCommand, keyCommand, schemaCommand]) command.addCommand(make())
  return command.addHelpText('after', EXAMPLES)
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('find what was removed, changed, moved or repeated in chained records')
    .argument('<file...>', 'files of records, in the order in which they were written')
    .option('--key <file>', 'the public key of the checkpoints; without it, signatures are not checked')
    .option('--json', 'as JSON')
    .action(async (files: string[], { key, json }: { readonly key?: string; readonly json?: true }) => {
      const { linesOf } = await import('../audit/lines.ts')
      const { verifyChain } = await import('../audit/verify.ts')
      const publicKey = key === undefined ? null : readPublicKey(key)
      const verdict = await verifyChain(linesOf(files), publicKey).catch((error: unknown) => {
        throw new UsageError(error instanceof Error ? error.message : String(error))
      })
      const holds = isSound(verdict)
      if (json) printJson({ holds, signatures: publicKey === null ? 'not checked' : 'checked', ...verdict })
      else
        process.stdout.write(
          inWords(verdict, publicKey !== null)
            .map(lineOf)
            .join(''),
        )
      if (!holds) process.exitCode = 1
    })
}

function keyCommand(): Command {
  return new Command('key')
    .description('make a key that signs checkpoints (Ed25519); what exists is not overwritten')
    .argument('<file>', 'the private key, for the gate alone; FILE.pub is the public one')
    .action((file: string) => {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      })
      try {
        writeNewFile(file, privateKey, PRIVATE_FILE)
        writeNewFile(`${file}.pub`, publicKey, PUBLIC_FILE)
      } catch (error) {
        throw error instanceof PkiError ? new UsageError(error.message) : error
      }
      process.stdout.write(`${near(file)}: the gate's, named by records.chain.key; whoever has it can forge records\n`)
      process.stdout.write(
        `${near(`${file}.pub`)}: for "dockgate audit verify --key"; keep a copy on another machine\n`,
      )
    })
}

function schemaCommand(): Command {
  return new Command('schema').description('print the JSON Schema of a record').action(async () => {
    const { recordSchemaText } = await import('../audit/record-schema.ts')
    process.stdout.write(recordSchemaText())
  })
}

function readPublicKey(file: string): KeyObject {
  const read = readSmallFile(file)
  if ('problem' in read) throw new UsageError(`--key: ${file} ${read.problem}`)
  try {
    const key = createPublicKey(read.text)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below, as for a key of another kind.
  }
  throw new UsageError(`--key: ${file} holds no Ed25519 key in PEM form`)
}

/** What stands in a file that somebody forged may be meant for the terminal. */
const lineOf = (text: string) => `${printable(text, LINE_LENGTH)}\n`

/** A file in which nothing is chained proves nothing. */
function isSound({ broken, first }: Verdict): boolean {
  return broken === 0 && first !== null
}

function inWords(verdict: Verdict, signatures: boolean): string[] {
  const { lines, unchained, first, last, checkpoints, breaks, broken, torn, unsigned, unsignedFrom } = verdict
  const words = breaks.map(({ file, line, seq, what }) => {
    const which = seq === null ? '' : ` (number ${seq} of the chain)`
    return `BROKEN  ${file}:${line}${which}: ${what}`
  })
  if (broken > breaks.length) words.push(`BROKEN  and ${broken - breaks.length} more`)
  if (first === null) words.push('BROKEN  no line is in a chain')
  if (first !== null && first > 1)
    words.push(`note    it begins at number ${first}: what came before is not in these files`)
  if (unchained > 0)
    words.push(`note    ${unchained} lines before the chain begins: nothing tells whether they were changed`)
  if (torn > 0)
    words.push(`note    ${torn} unfinished lines, as the gate found them when it started: it had been killed`)
  if (unsignedFrom !== null) {
    const where = `${unsignedFrom.file}:${unsignedFrom.number}`
    words.push(
      `note    unverifiable: ${unsigned} lines from ${where} on, behind the last checkpoint; whether more came is not known`,
    )
  }
  const signed = signatures
    ? `${checkpoints} checkpoints, signed by this key`
    : `${checkpoints} checkpoints, signatures not checked`
  const range = first === null ? '' : `, numbers ${first} to ${last}`
  words.push(`${isSound(verdict) ? 'holds' : 'DOES NOT HOLD'}: ${lines} lines${range}; ${signed}`)
  return words
}
