import { cleanPath } from '../../policy/profile/paths.ts'
import type { DeviceRule, MountRule, WorkloadProfile } from '../../policy/profile/types.ts'
import type { JsonValue } from '../json/value.ts'
import { parseBind, writeBind } from './binds.ts'
import { type Body, partOf, pathOf } from './places.ts'
import type { JudgeContext } from './types.ts'
import { items, mapItems, member, replaceAt, textOf, wholeOf, withMembers } from './values.ts'

const BINDS = ['HostConfig', 'Binds'] as const
const DEVICES = ['HostConfig', 'Devices'] as const

/** Each may lead through forty links, and a body of 4 MiB has room for twenty thousand. */
export const MOST_HOST_PATHS = 128

/** The paths of the host that a body names, cleaned: what `JudgeContext.hostPaths` will be asked; the first of them. */
export function hostPathsIn(context: Body): readonly string[] {
  const root = wholeOf(context.body)
  const mounts = partOf('mounts', context)
  const devices = [member(root, 'HostConfig', 'Devices'), member(root, 'Devices')].flatMap(items)
  const paths = [
    ...items(member(root, ...BINDS)).map((bind) => parseBind(textOf(bind))?.source ?? ''),
    ...(mounts === null ? [] : items(mounts)).map((mount) => textOf(member(mount, 'Source'))),
    ...devices.map((device) => textOf(member(device, 'PathOnHost'))),
  ]
  return [...new Set(paths.flatMap((path) => cleanPath(path) ?? []))].slice(0, MOST_HOST_PATHS)
}

/**
 * The path of the host that the engine is to mount: the one without symbolic links where those can be seen, as a link
 * could be made to lead elsewhere between the judgement and the mount. Null when there is none that can be judged.
 */
export function hostPath(source: string, { hostPaths }: Pick<JudgeContext, 'hostPaths'>): string | null {
  const path = cleanPath(source)
  return path === null || hostPaths === null ? path : (hostPaths(path)?.path ?? null)
}

/**
 * The body with bind mounts and devices of what `hostPath` says, as far as it says anything. Where every path of the host
 * is allowed, none is written otherwise than it came.
 */
export function withHostPaths(workload: WorkloadProfile, context: JudgeContext): JsonValue {
  const mounts = pathOf('mounts', context)
  if (context.hostPaths === null || mounts === null) return context.body
  let { body } = context
  if (!workload.mounts.some(isEveryMount)) {
    body = replaceAt(body, mounts, (list) => mapItems(list, (mount) => resolveMount(mount, context)))
    body = replaceAt(body, BINDS, (list) => mapItems(list, (bind) => resolveBind(bind, context)))
  }
  if (workload.devices.some(isEveryDevice)) return body
  return replaceAt(body, DEVICES, (list) => mapItems(list, (device) => resolveDevice(device, context)))
}

function isEveryMount({ source, readOnly }: MountRule): boolean {
  return source.text === '/**' && !readOnly
}

function isEveryDevice({ path, permissions }: DeviceRule): boolean {
  return (path.text === '/**' || path.text === '/dev/**') && permissions.size === 3
}

function resolveDevice(value: JsonValue, context: JudgeContext): JsonValue {
  const source = textOf(member(wholeOf(value), 'PathOnHost'))
  const path = hostPath(source, context)
  return path === null || path === source ? value : withMembers(value, { PathOnHost: path })
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
