import type { OperationId } from '../engine/operations.ts'
import { parseJson } from '../inspect/json/parse.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import { removeToken } from './answers/remove-token.ts'
import type { Errand, Reshaping, Shape } from './types.ts'

/** What they answer when all is well is no JSON, or JSON in which the engine names none of its objects: it passes as it is. */
const RAW: ReadonlySet<OperationId> = new Set<OperationId>([
  'ContainerArchive',
  'ContainerArchiveInfo',
  'ContainerAttach',
  'ContainerAttachWebsocket',
  'ContainerExport',
  'ContainerLogs',
  'ContainerStats',
  'ExecStart',
  'ImageBuild',
  'ImageCreate',
  'ImageGet',
  'ImageGetAll',
  'ImageLoad',
  'ImagePush',
  'ServiceLogs',
  'TaskLogs',
])

/**
 * An errand whose answer shows names as the owner gave them: the prefix, which nobody chooses, is taken out wherever it
 * stands.
 */
export function withoutPrefix(errand: Errand, operation: OperationId, prefix: string): Errand {
  if (prefix === '') return errand
  if (errand.kind === 'answer') return { ...errand, body: parseJson(without(serialiseJson(errand.body), prefix)) }
  return { ...errand, shape: unprefixed(errand.shape, RAW.has(operation), prefix) }
}

function unprefixed(shape: Shape | null, raw: boolean, prefix: string): Shape {
  return (status): Reshaping | null => {
    const inner = shape?.(status) ?? null
    if (raw && status < 400) return inner
    if (inner === null) return { kind: 'stream', change: (chunks) => removeToken(chunks, prefix) }
    if (inner.kind === 'stream')
      return { kind: 'stream', change: (chunks) => removeToken(inner.change(chunks), prefix) }
    return {
      kind: 'whole',
      async change(bytes) {
        const shown = await inner.change(bytes)
        return { status: shown.status, bytes: without(shown.bytes, prefix) }
      },
    }
  }
}

function without(bytes: Buffer, prefix: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(prefix, ''), 'latin1')
}
