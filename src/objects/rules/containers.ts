import type { OperationId } from '../../engine/operations.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { textAt } from '../edit.ts'
import type { Found } from '../lookup.ts'
import { type OwnedRequest, onObject, type Rule, send, withOperation } from '../request.ts'
import { aboutNothing, parameterOf, withPrefix } from '../twin.ts'
import type { Shape } from '../types.ts'

const own = onObject('container', 'id')

/** The id of a new exec leads to its container; whoever knows it may start it. */
const noted =
  ({ world }: OwnedRequest, { id }: Found): Shape =>
  (status) => {
    if (status !== 201) return null
    return {
      kind: 'whole',
      change(bytes) {
        const exec = textAt(parseJson(bytes), 'Id')
        if (exec !== '') world.containers.noteExec(exec, id)
        return { status, bytes }
      },
    }
  }

/** An exec is its container's. */
const ownExec: Rule = async ({ checked, owner, world }) => {
  const key = await world.containers.ownerOfExec(parameterOf(checked.operation, 'id'))
  return key === owner.key ? send(checked) : aboutNothing(checked, 'exec', 'id')
}

/** The new name is one of the owner's. */
const rename = onObject('container', 'id', ({ checked, owner }) =>
  send(withOperation(checked, withPrefix(checked.operation, 'name', owner.prefix))),
)

export const CONTAINER_RULES: Partial<Record<OperationId, Rule>> = {
  ContainerInspect: own,
  ContainerTop: own,
  ContainerLogs: own,
  ContainerChanges: own,
  ContainerExport: own,
  ContainerStats: own,
  ContainerResize: own,
  ContainerStart: own,
  ContainerStop: own,
  ContainerRestart: own,
  ContainerRename: rename,
  ContainerKill: own,
  ContainerUpdate: own,
  ContainerPause: own,
  ContainerUnpause: own,
  ContainerAttach: own,
  ContainerAttachWebsocket: own,
  ContainerWait: own,
  ContainerDelete: own,
  ContainerArchiveInfo: own,
  ContainerArchive: own,
  PutContainerArchive: own,
  ContainerCopy: own,
  CheckpointList: own,
  CheckpointCreate: own,
  CheckpointDelete: own,
  ContainerExec: onObject('container', 'id', (request, found) => send(request.checked, noted(request, found))),
  ExecStart: ownExec,
  ExecResize: ownExec,
  ExecInspect: ownExec,
}
