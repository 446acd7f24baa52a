import { Command } from 'commander'
import { ACCESS_CLASSES } from '../engine/access.ts'
import { OPERATIONS } from '../engine/operations.ts'
import type { AccessChange, PolicyDiff, PrincipalChange } from '../policy/diff.ts'
import type { KeyChange } from '../policy/diff-keys.ts'
import { printable } from '../text.ts'
import { printJson } from './failure.ts'

const LINE_LENGTH = 2000

export function diffCommand(): Command {
  return new Command('diff')
    .description('say who gains and who loses what from one configuration to another')
    .argument('<old>', 'a configuration (YAML); the certificates and keys that it names need not be there')
    .argument('<new>', 'another one')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ git show HEAD:dockgate.yaml > old.yaml && dockgate diff old.yaml dockgate.yaml\n\nExit codes, as of diff(1): 0 no difference, 1 some, 2 one of them is wrong.',
    )
    .action(async (before: string, after: string, { json }: { json?: true }) => {
      const { loadPolicy } = await import('../config/load.ts')
      const { diffPolicies } = await import('../policy/diff.ts')
      const diff = diffPolicies(loadPolicy(before), loadPolicy(after))
      if (json) printJson(diff)
      else process.stdout.write(diffText(diff))
      if (!diff.same) process.exitCode = 1
    })
}

function diffText({ same, changes, issuers, reordered, others }: PolicyDiff): string {
  const lines = [
    ...changes.flatMap(changeLines),
    ...issuers.map(({ issuer, keys }) => `issuer ${issuer} is another one: ${keys.join(', ')}`),
    ...reordered.map(
      (issuer) => `bindings of ${issuer} are tried in another order: whoever matches several may get another role`,
    ),
    ...(others.length === 0 ? [] : [`not the same either: ${others.join(', ')}`]),
    ...(same ? ['no difference'] : []),
  ]
  return lines.map((line) => `${printable(line, LINE_LENGTH)}\n`).join('')
}

function changeLines({ who, before, after, gains, losses, keys, root }: AccessChange): string[] {
  const role = after === null ? `no role any more, before: ${before}` : `role ${after}`
  const was = after === null || before === after ? '' : `, before: ${before ?? 'none'}`
  return [
    ...who.map(whoLine),
    `  ${role}${was}`,
    ...(root === null ? [] : [`  become root on the host by ${root}`]),
    ...(gains.length === 0 ? [] : [`  gain ${inWords(gains)}`]),
    ...(losses.length === 0 ? [] : [`  lose ${inWords(losses)}`]),
    ...keys.map(keyLine),
  ]
}

/** Operations by name, and those of a whole access class by its name. */
function inWords(operations: readonly string[]): string {
  const left = new Set(operations)
  const whole: string[] = []
  for (const access of Object.keys(ACCESS_CLASSES)) {
    const ids = OPERATIONS.filter((spec) => spec.carried && spec.access === access).map(({ id }) => id)
    if (ids.length < 2 || !ids.every((id) => left.has(id))) continue
    for (const id of ids) left.delete(id)
    whole.push(`${access} (all ${ids.length})`)
  }
  return [...whole, ...left].join(', ')
}

function whoLine({ issuer, when, owner }: PrincipalChange): string {
  const of = owner === null ? '' : `, owner ${owner.after ?? 'none'}, before: ${owner.before ?? 'none'}`
  return `${when === null ? `everybody of ${issuer}` : `${issuer} when ${when}`}${of}`
}

function keyLine({ key, direction, before, after, added, removed }: KeyChange): string {
  const items = [...added.map((item) => `+ ${item}`), ...removed.map((item) => `- ${item}`)]
  const what = items.length > 0 ? items.join(', ') : `${before ?? 'left out'} -> ${after ?? 'left out'}`
  return `  ${direction === 'other' ? 'changed' : direction}: ${key}: ${what}`
}
