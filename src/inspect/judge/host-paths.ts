import { cleanPath } from '../../policy/profile/paths.ts'
import type { JsonValue } from '../json/value.ts'
import { parseBind, writeBind } from './binds.ts'
import { type Body, partOf, pathOf } from './places.ts'
import type { JudgeContext } from './types.ts'
import { items, mapItems, member, replaceAt, textOf, wholeOf, withMembers } from './values.ts'

const BINDS = ['HostConfig', 'Binds'] as const

/** Every path of the host that a body names, cleaned: what `JudgeContext.hostPaths` will be asked. */
export function hostPathsIn(context: Body): readonly string[] {
  const root = wholeOf(context.body)
  const mounts = partOf('mounts', context)
  const devices = [member(root, 'HostConfig', 'Devices'), member(root, 'Devices')].flatMap(items)
  const paths = [
    ...items(member(root, ...BINDS)).map((bind) => parseBind(textOf(bind))?.source ?? ''),
    ...(mounts === null ? [] : items(mounts)).map((mount) => textOf(member(mount, 'Source'))),
    ...devices.map((device) => textOf(member(device, 'PathOnHost'))),
  ]
  return [...new Set(paths.flatMap((path) => cleanPath(path) ?? []))]
}

/**
 * The path of the host that the engine is to mount: the one without symbolic links where those can be seen, as a link
 * could be made to lead elsewhere between the judgement and the mount. Null when there is none that can be judged.
 */
export function hostPath(source: string, { hostPaths }: Pick<JudgeContext, 'hostPaths'>): string | null {
  const path = cleanPath(source)
  return path === null || hostPaths === null ? path : (hostPaths(path)?.path ?? null)
}

/** The body with bind mounts of what `hostPath` says, as far as it says anything. */
export function withHostPaths(context: JudgeContext): JsonValue {
  if (context.hostPaths === null) return context.body
  const mounts = pathOf('mounts', context)
  if (mounts === null) return context.body
  const body = replaceAt(context.body, mounts, (list) => mapItems(list, (mount) => resolveMount(mount, context)))
  return replaceAt(body, BINDS, (list) => mapItems(list, (bind) => resolveBind(bind, context)))
}

function resolveMount(value: JsonValue, context: JudgeContext): JsonValue {
  const mount = wholeOf(value)
  const source = textOf(member(mount, 'Source'))
  const path = hostPath(source, context)
  if (textOf(member(mount, 'Type')) !== 'bind' || path === null || path === source) return value
  return withMembers(value, { Source: path })
}

function resolveBind(value: JsonValue, context: JudgeContext): JsonValue {
  const bind = parseBind(textOf(wholeOf(value)))
  const path = bind === null ? null : hostPath(bind.source, context)
  if (bind === null || path === null || path === bind.source || path.includes(':')) return value
  return writeBind({ ...bind, source: path })
}
