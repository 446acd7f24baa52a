import type { WorkloadProfile } from '../../policy/profile/types.ts'
import { isJsonObject, type JsonValue } from '../json/value.ts'
import { type Body, pathOf } from './places.ts'
import { UNLIMITED } from './quantities.ts'
import { isSizeOption } from './tmpfs-options.ts'
import { jsonInteger, mapItems, member, numberOf, replaceAt, textOf, wholeOf, withMembers } from './values.ts'

/** The body with the role's largest size for every file system in memory that states none: the kernel's is half of the memory. */
export function withTmpfsSizes(body: JsonValue, { tmpfs }: WorkloadProfile, { operation }: Body): JsonValue {
  const mounts = pathOf('mounts', { operation, body })
  if (mounts === null || tmpfs === null || tmpfs.size === UNLIMITED) return body
  const { size } = tmpfs
  const sized = replaceAt(body, mounts, (list) => mapItems(list, (mount) => sizeMount(mount, size)))
  return replaceAt(sized, ['HostConfig', 'Tmpfs'], (value) => sizeEach(value, size))
}

function sizeMount(mount: JsonValue, size: number): JsonValue {
  if (textOf(member(wholeOf(mount), 'Type')) !== 'tmpfs') return mount
  return replaceAt(mount, ['TmpfsOptions'], (value) => {
    // Engines before 27 do not read Options, in which a size may stand too; it counts where they are read.
    if (numberOf(member(wholeOf(value), 'SizeBytes')) !== 0) return value
    return withMembers(value, { SizeBytes: jsonInteger(size) })
  })
}

function sizeEach(value: JsonValue, size: number): JsonValue {
  if (!isJsonObject(value)) return value
  const sized: Record<string, JsonValue> = Object.create(null)
  for (const [path, item] of Object.entries(value)) {
    const options = textOf(wholeOf(item))
    if (!hasSize(options)) sized[path] = options === '' ? `size=${size}` : `${options},size=${size}`
  }
  return Object.keys(sized).length === 0 ? value : withMembers(value, sized)
}

function hasSize(options: string): boolean {
  return options.split(',').some(isSizeOption)
}
