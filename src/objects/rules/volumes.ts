import type { OperationId } from '../../engine/operations.ts'
import { edited, textAt } from '../edit.ts'
import { made } from '../made.ts'
import { bodyOf, type OwnedRequest, onObject, type Rule, send, withBody } from '../request.ts'
import { ownStamps } from '../stamps.ts'
import { parameterOf } from '../twin.ts'
import type { Errand } from '../types.ts'
import { nameTaken, volumeLock, volumeName } from './named-volumes.ts'

/** A volume has no id: while something is done about it, nobody else does anything about its name. */
async function holding(called: string, { world }: OwnedRequest, then: () => Errand | Promise<Errand>): Promise<Errand> {
  const release = await world.locks.hold([volumeLock(called)])
  try {
    const errand = await then()
    if (errand.kind === 'send') return { ...errand, over: release }
    release()
    return errand
  } catch (cause) {
    release()
    throw cause
  }
}

/** The engine answers with the volume that there is, whoever has it; so it is asked only for one's own, and for new ones. */
const create: Rule = async (request) => {
  const { checked, owner, world } = request
  const name = textAt(bodyOf(checked), 'Name')
  const stamps = ownStamps(owner)
  if (name === '') return send(made(checked, stamps))
  const called = await volumeName(name, request)
  return holding(called, request, async () => {
    const own = await world.lookup('volume', name, owner)
    if (own === null && (await world.inspect('volume', called)).status !== 404) return nameTaken(name)
    world.memory.note('volume', called, owner.key)
    return send(
      made(
        withBody(
          checked,
          edited(bodyOf(checked), ['Name'], () => called),
        ),
        stamps,
      ),
    )
  })
}

const own = onObject('volume', 'name')

const held: Rule = async (request) => {
  const called = await volumeName(parameterOf(request.checked.operation, 'name'), request)
  return holding(called, request, () => own(request))
}

export const VOLUME_RULES: Partial<Record<OperationId, Rule>> = {
  VolumeCreate: create,
  VolumeInspect: own,
  VolumeUpdate: held,
  VolumeDelete: held,
}
