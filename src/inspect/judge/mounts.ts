import type { FieldValue } from '../fields.ts'
import { type Bind, parseBind } from './binds.ts'
import { finding, lacking, listing, shown, unlessHostField } from './findings.ts'
import { hostPath, MOST_HOST_PATHS } from './host-paths.ts'
import { judgeImage } from './images.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { flagOf, isOfService, items, lastName, member, textOf } from './values.ts'
import { judgeVolumeName } from './volumes.ts'

/** What a bind mount asks for beside its source. */
interface Access {
  readonly readOnly: boolean
  readonly relabels: boolean
  readonly propagation: string
}

/** The engine's own where none is given. */
const DEFAULT_PROPAGATION = 'rprivate'

/** Entries of Binds and Mounts: each is a directory of the host, a volume, a file system in memory or an image. */
export const judgeMounts: WorkloadJudge = (fields, context) =>
  fields.flatMap((field) =>
    items(field).flatMap((item) =>
      lastName(field) === 'Binds' ? judgeBind(item, context) : judgeMount(item, context),
    ),
  )

function judgeBind(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const bind = parseBind(textOf(field))
  if (bind === null) return [finding(field, shown(field.value), 'mounts', 'it is not [source:]target[:options]')]
  if (!bind.source.startsWith('/')) return judgeVolumeName(field, bind.source, context)
  return judgePath(field, bind.source, bind, context)
}

function judgeMount(mount: FieldValue, context: WorkloadContext): readonly Finding[] {
  const type = member(mount, 'Type')
  const source = member(mount, 'Source')
  switch (textOf(type)) {
    case 'bind':
      return judgePath(source, textOf(source), accessOf(mount), context)
    case 'volume':
      return judgeVolumeName(source, textOf(source), context)
    case 'tmpfs':
      return context.workload.tmpfs === null ? [finding(type, shown(type.value), 'tmpfs', lacking('tmpfs'))] : []
    case 'image':
      return isOfService(mount) ? judgeOther(type, context) : judgeImage(source, context)
    default:
      return judgeOther(type, context)
  }
}

/** Swarm takes the types in any case, and every one that it does not know, such as `image`, for a bind. */
function judgeOther(type: FieldValue, context: WorkloadContext): readonly Finding[] {
  const types = isOfService(type) ? 'bind, volume and tmpfs' : 'bind, volume, tmpfs and image'
  return unlessHostField(type, shown(textOf(type)), `the types are ${types}`, context)
}

function accessOf(mount: FieldValue): Access {
  const options = member(mount, 'BindOptions')
  // What is mounted below the directory stays writable, unless it is left out.
  const below = flagOf(member(options, 'ReadOnlyNonRecursive')) && !flagOf(member(options, 'NonRecursive'))
  return {
    readOnly: flagOf(member(mount, 'ReadOnly')) && !below,
    relabels: false,
    propagation: textOf(member(options, 'Propagation')),
  }
}

function judgePath(
  field: FieldValue,
  source: string,
  access: Access | Bind,
  context: WorkloadContext,
): readonly Finding[] {
  const { workload, principal } = context
  const refuse = (why: string) => [finding(field, shown(field.value), 'mounts', why)]
  const path = hostPath(source, context)
  if (path === null) {
    return refuse(`it is no path that can be judged: absolute, its links readable, one of ${MOST_HOST_PATHS} at most`)
  }
  // Swarm fills in what stands between braces, on the node.
  if (isOfService(field) && path.includes('{{')) return refuse('a path with a template cannot be judged')
  if (lastName(field) === 'Binds' && path.includes(':'))
    return refuse(`on the host it is ${shown(path)}, and a colon ends a path`)
  const there = workload.mounts.filter((rule) => rule.source.matches(path, principal))
  if (there.length === 0) {
    const link = path === source ? '' : `; on the host it is ${shown(path)}`
    return refuse(
      `${listing(
        'mounts',
        workload.mounts.map((rule) => rule.source),
      )}${link}`,
    )
  }
  const writable = access.readOnly && !access.relabels ? there : there.filter((rule) => !rule.readOnly)
  if (writable.length === 0) {
    return refuse(access.relabels ? 'z and Z change files that the role has read-only' : 'the role has it read-only')
  }
  const propagation = access.propagation || DEFAULT_PROPAGATION
  const modes: ReadonlySet<string> = new Set(writable.flatMap((rule) => [...rule.propagation]))
  if (modes.has(propagation)) return []
  return refuse(`the role has it with propagation ${[...modes].join(', ')}, not ${shown(propagation)}`)
}
