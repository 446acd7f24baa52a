import type { CheckedFields, FieldValue } from '../fields.ts'
import { parseBind } from '../judge/binds.ts'
import { hostPath } from '../judge/host-paths.ts'
import { isSizeOption, tmpfsSize } from '../judge/tmpfs-options.ts'
import type { JudgeContext } from '../judge/types.ts'
import { entries, flagOf, items, lastName, member, numberOf, textOf } from '../judge/values.ts'
import type { FactSheet, MountFact } from './facts.ts'

/** Binds, mounts and file systems in memory, of containers and services. */
export function noteMounts({ bounded }: CheckedFields, context: JudgeContext, sheet: FactSheet): void {
  for (const field of bounded.get('workload.mounts') ?? []) {
    for (const item of items(field)) {
      if (lastName(field) === 'Binds') noteBind(textOf(item), context, sheet)
      else noteMount(item, context, sheet)
    }
  }
  for (const field of bounded.get('workload.tmpfs') ?? []) {
    if (lastName(field) !== 'Tmpfs') continue
    for (const [target, mount] of entries(field)) {
      const options = textOf(mount).split(',')
      add({ type: 'tmpfs', target, readOnly: options.includes('ro'), ...memory(options, null) }, sheet)
    }
  }
}

function noteBind(text: string, context: JudgeContext, sheet: FactSheet): void {
  const bind = parseBind(text)
  if (bind === null) {
    sheet.cut()
    return
  }
  const { source, target, propagation } = bind
  const type = source.startsWith('/') ? 'bind' : 'volume'
  // A label is written to every file.
  const readOnly = bind.readOnly && !bind.relabels
  add({ type, ...onHost(type, source, context), target, readOnly, ...stated(propagation) }, sheet)
}

function noteMount(mount: FieldValue, context: JudgeContext, sheet: FactSheet): void {
  const type = textOf(member(mount, 'Type'))
  const bindOptions = member(mount, 'BindOptions')
  // As the judge has it: what is mounted below stays writable.
  const below = flagOf(member(bindOptions, 'ReadOnlyNonRecursive')) && !flagOf(member(bindOptions, 'NonRecursive'))
  const tmpfs = member(mount, 'TmpfsOptions')
  const options = items(member(tmpfs, 'Options')).map((option) => items(option).map(textOf).join('='))
  add(
    {
      type,
      ...onHost(type, textOf(member(mount, 'Source')), context),
      target: textOf(member(mount, 'Target')),
      readOnly: flagOf(member(mount, 'ReadOnly')) && !below,
      ...stated(textOf(member(bindOptions, 'Propagation'))),
      ...(type === 'tmpfs' ? memory(options, numberOf(member(tmpfs, 'SizeBytes'))) : {}),
    },
    sheet,
  )
}

/** Where links can be seen, what they lead to is what a role has to list. */
function onHost(type: string, source: string, context: JudgeContext): Pick<MountFact, 'source'> {
  if (source === '') return {}
  return { source: type === 'bind' ? (hostPath(source, context) ?? source) : source }
}

function stated(propagation: string): Pick<MountFact, 'propagation'> {
  return propagation === '' ? {} : { propagation }
}

/** A size beside the options counts as one among them; what cannot be told is none. */
function memory(options: readonly string[], size: number | null): Pick<MountFact, 'size' | 'options'> {
  const sizes = options.filter(isSizeOption).map(tmpfsSize)
  if (size !== null && size > 0) sizes.push(size)
  const known = sizes.length > 0 && !sizes.includes(null)
  const special = ['exec', 'suid', 'dev'].filter((option) => options.includes(option))
  return {
    ...(known ? { size: Math.max(...sizes.map(Number)) } : {}),
    ...(special.length > 0 ? { options: special } : {}),
  }
}

function add(mount: MountFact, sheet: FactSheet): void {
  const { type, source, target, propagation } = mount
  sheet.add('mounts', {
    ...mount,
    type: sheet.text(type),
    ...(source === undefined ? {} : { source: sheet.text(source) }),
    target: sheet.text(target),
    ...(propagation === undefined ? {} : { propagation: sheet.text(propagation) }),
  })
  if (type === 'volume' && source === undefined) sheet.add('volumes', '')
}
