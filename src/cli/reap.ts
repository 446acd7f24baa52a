import { Command } from 'commander'
import type { LoadedConfig } from '../config/load.ts'
import type { Leftover, Which } from '../objects/leftovers.ts'
import type { Outcome } from '../objects/reap.ts'
import { printJson, say, UsageError } from './failure.ts'
import { table } from './table.ts'

interface Options {
  readonly config: string
  readonly owner?: string
  readonly expired?: true
  readonly dryRun?: true
  readonly json?: true
}

const STDERR = 2

const EXAMPLES = `
Examples:
  $ dockgate reap --config dockgate.yaml --expired --dry-run
      what has outlived the "lifetime" of its role, or the token of its maker; a gate that runs removes it by itself
  $ dockgate reap --config dockgate.yaml --owner 'github:acme/shop#1234'
      everything of one owner, running or not: of a repository that is gone, or of a job that went wild

Only what was made through the gate for an owner is ever removed: containers (with their unnamed volumes), networks,
volumes, images without a name, and services, secrets and configs. Images with a name stay. It works beside a gate that
runs; each removal leaves a record where the gate writes its own; on standard error where that is standard output, or
a file whose records are chained.
Exit code 1: something could not be removed, and the table says why.`

export function reapCommand(): Command {
  return new Command('reap')
    .description('remove what an owner has, or what has expired')
    .requiredOption('-c, --config <file>', 'the configuration (YAML)')
    .option('--owner <key>', 'everything of this owner; the key is in records, and "dockgate explain" shows it')
    .option('--expired', 'what is to be gone by now, of all owners')
    .option('--dry-run', 'list it, and remove nothing')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const which = whichOf(options)
      const { loadConfig } = await import('../config/load.ts')
      if (!(await reaped(which, options, loadConfig(options.config)))) process.exitCode = 1
    })
}

function whichOf({ owner, expired }: Options): Which {
  if ((owner === undefined) === (expired === undefined)) {
    throw new UsageError('what? give either --owner with a key, or --expired')
  }
  if (owner === '') throw new UsageError('--owner: an owner key is not empty')
  return owner === undefined ? { kind: 'expired', now: Date.now() } : { kind: 'owner', key: owner }
}

/** Returns whether everything that was to go is gone. */
async function reaped(which: Which, options: Options, { file, config }: LoadedConfig): Promise<boolean> {
  if (config.ledger === undefined) {
    throw new UsageError(`${file} names no ledger: a gate has owners where it has one (ledger: {file: ledger.sqlite})`)
  }
  const { createEngine } = await import('../forward/engine.ts')
  const { createAsk } = await import('../gate/ask.ts')
  const { createReach, findLeftovers } = await import('../objects/leftovers.ts')
  const { openLedger } = await import('../objects/ledger.ts')
  const engine = createEngine(config.engine.slice('unix://'.length))
  const ledger = openLedger(config.ledger.file)
  try {
    const reach = createReach(createAsk(engine), ledger)
    if (options.dryRun) {
      const { leftovers, problems } = await findLeftovers(which, reach)
      print(
        leftovers.map((leftover) => ({ leftover, removal: null })),
        problems,
        options,
      )
      return problems.length === 0
    }
    const outcomes: Outcome[] = []
    const problems = await removed(which, reach, config, outcomes)
    print(outcomes, problems, options)
    return problems.length === 0 && outcomes.every(({ removal }) => removal.result !== 'failed')
  } finally {
    ledger.close()
    await engine.close()
  }
}

async function removed(
  which: Which,
  reach: Parameters<typeof import('../objects/reap.ts').reap>[1],
  config: LoadedConfig['config'],
  outcomes: Outcome[],
): Promise<readonly string[]> {
  const { openRecords } = await import('../audit/writer.ts')
  const { makeReapRecord } = await import('../audit/reap-record.ts')
  const { reap } = await import('../objects/reap.ts')
  // A chain has one writer, and that is the gate.
  const { chain, ...options } = config.records
  const records = await openRecords(chain === undefined ? options : {}, STDERR)
  records.begin(null)
  try {
    const { problems } = await reap(which, reach, (outcome) => {
      outcomes.push(outcome)
      const { leftover, removal } = outcome
      const { kind, id, name, owner } = leftover
      if (removal.result === 'gone') return
      const reason = which.kind === 'owner' ? 'asked' : 'expired'
      const why = removal.result === 'failed' ? removal.why : null
      records.write(makeReapRecord({ owner, object: { kind, name, id }, reason, why }))
    })
    return problems
  } finally {
    await records.close()
  }
}

interface Row {
  readonly leftover: Leftover
  /** Null: nothing was tried. */
  readonly removal: Outcome['removal'] | null
}

function print(rows: readonly Row[], problems: readonly string[], { json, dryRun }: Options): void {
  if (json) {
    printJson({ objects: rows.map(({ leftover, removal }) => ({ ...leftover, ...(removal ?? {}) })), problems })
    return
  }
  if (rows.length > 0) {
    const head = ['KIND', 'NAME', 'OWNER', ...(dryRun ? [] : ['RESULT'])]
    const lines = table([head, ...rows.map(cells)])
    process.stdout.write(`${lines.map((line) => line.slice(2)).join('\n')}\n`)
  }
  process.stdout.write(`${sum(rows)}\n`)
  for (const problem of problems) say(problem)
}

function cells({ leftover: { kind, name, owner }, removal }: Row): string[] {
  if (removal === null) return [kind, name, owner]
  return [kind, name, owner, removal.result === 'failed' ? `failed: ${removal.why}` : removal.result]
}

/** `removed 3: 2 containers, 1 volume`, and what failed. */
function sum(rows: readonly Row[]): string {
  if (rows.length === 0) return 'nothing to remove'
  const failed = rows.filter(({ removal }) => removal?.result === 'failed').length
  const meant = rows.filter(({ removal }) => removal === null)
  if (meant.length > 0) return `to be removed: ${counted(meant)}`
  const done = rows.filter(({ removal }) => removal?.result === 'removed')
  const words = done.length === 0 ? 'removed nothing' : `removed ${counted(done)}`
  return failed === 0 ? words : `${words}; ${failed} could not be removed`
}

function counted(rows: readonly Row[]): string {
  const counts = new Map<string, number>()
  for (const { leftover } of rows) counts.set(leftover.kind, (counts.get(leftover.kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`).join(', ')
}
