import type { Exchange } from '../audit/exchange.ts'
import type { OperationId } from '../engine/operations.ts'

/** What goes on in a session, for people and metrics. */
export const SESSION_KINDS = [
  'exec',
  'attach',
  'logs',
  'events',
  'stats',
  'wait',
  'build',
  'image',
  'archive',
  'other',
] as const
export type SessionKind = (typeof SESSION_KINDS)[number]

const KINDS: ReadonlyMap<OperationId, SessionKind> = new Map<OperationId, SessionKind>([
  ['ExecStart', 'exec'],
  ['ContainerAttach', 'attach'],
  ['ContainerAttachWebsocket', 'attach'],
  ['ContainerLogs', 'logs'],
  ['ServiceLogs', 'logs'],
  ['TaskLogs', 'logs'],
  ['SystemEvents', 'events'],
  ['ContainerStats', 'stats'],
  ['ContainerWait', 'wait'],
  ['ImageBuild', 'build'],
  ['Session', 'build'],
  ['Grpc', 'build'],
  ['ImageCreate', 'image'],
  ['ImagePush', 'image'],
  ['ImageLoad', 'image'],
  ['ImageGet', 'image'],
  ['ImageGetAll', 'image'],
  ['ContainerArchive', 'archive'],
  ['PutContainerArchive', 'archive'],
  ['ContainerExport', 'archive'],
])

/** The kind of a session; a request that is answered at once is `other`. */
export function sessionKind({ operation }: Exchange): SessionKind {
  return (operation && KINDS.get(operation.spec.id)) ?? 'other'
}
