import type { WorkloadProfile } from '../../policy/profile/types.ts'
import type { FieldValue } from '../fields.ts'
import { finding, lacking, shown, unlessHostField } from './findings.ts'
import { most } from './quantities.ts'
import { isSizeOption, tmpfsSize } from './tmpfs-options.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { entries, items, lastName, numberOf, textOf } from './values.ts'

type TmpfsRule = NonNullable<WorkloadProfile['tmpfs']>

/** Options that take something away, or say what holds without them. Values are for the kernel alone. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['', 'defaults', 'ro', 'rw', 'nosuid', 'nodev', 'noexec', 'sync', 'async', 'dirsync'],
  ...['atime', 'noatime', 'diratime', 'nodiratime', 'relatime', 'norelatime', 'strictatime', 'nostrictatime'],
  ...['mode', 'uid', 'gid', 'nr_inodes'],
])

/** The kernel takes one page of options. */
const LONGEST = 4096

/** File systems in memory: what stands in Tmpfs, and the options of mounts of that type. */
export const judgeTmpfs: WorkloadJudge = (fields, context) =>
  fields.flatMap((field) => {
    const { tmpfs } = context.workload
    if (lastName(field) === 'Tmpfs') {
      return tmpfs === null
        ? [finding(field, shown(field.value), 'tmpfs', lacking('tmpfs'))]
        : entries(field).flatMap(([, mount]) => judgeOptions(mount, textOf(mount), tmpfs, context))
    }
    // Whoever judges the mount says that there is none.
    if (tmpfs === null) return []
    if (lastName(field) === 'SizeBytes') return judgeSize(field, numberOf(field), tmpfs)
    return items(field).flatMap((option) => judgeOptions(option, items(option).map(textOf).join('='), tmpfs, context))
  })

/** Options as mount(8) has them, the last of a kind counting; here each has to be allowed. */
function judgeOptions(field: FieldValue, text: string, tmpfs: TmpfsRule, context: WorkloadContext): readonly Finding[] {
  if (text.length > LONGEST)
    return [finding(field, shown(text), 'tmpfs.options', `options have ${LONGEST} bytes at most`)]
  const allowed: ReadonlySet<string> = tmpfs.options
  return text.split(',').flatMap((option) => {
    const [name = ''] = option.split('=', 1)
    if (isSizeOption(option)) return judgeSize(field, tmpfsSize(option), tmpfs, option)
    if (HARMLESS.has(name) || allowed.has(option)) return []
    if (['exec', 'suid', 'dev'].includes(option)) {
      const list = [...allowed].join(', ')
      return [
        finding(
          field,
          shown(option),
          'tmpfs.options',
          list === '' ? lacking('tmpfs.options') : `the role lists ${list}`,
        ),
      ]
    }
    return unlessHostField(field, shown(option), 'the option is not one for a file system in memory', context)
  })
}

/** Zero is the kernel's word for no limit. */
function judgeSize(
  field: FieldValue,
  size: number | null,
  { size: largest }: TmpfsRule,
  option?: string,
): readonly Finding[] {
  if (largest === Number.POSITIVE_INFINITY || (size !== null && size > 0 && size <= largest)) return []
  return [
    finding(
      field,
      shown(option ?? field.value),
      'tmpfs.size',
      `state ${most('bytes', largest)}, as a whole number of bytes or with k, m or g`,
    ),
  ]
}
