import type { OperationId } from '../../engine/operations.ts'
import type { JsonValue } from '../../inspect/json/value.ts'
import { Refusal } from '../../refusal.ts'
import { at } from '../edit.ts'
import type { Found } from '../lookup.ts'
import { made } from '../made.ts'
import { bodyOf, type OwnedRequest, onObject, type Rule, send, withBody } from '../request.ts'
import { ownerIn, ownStamps, type Stamps } from '../stamps.ts'
import { parameterOf, putBack, type Twin } from '../twin.ts'
import type { Errand, Shape } from '../types.ts'
import { relabelledAs } from '../updated.ts'
import { hidingServices } from './conflict.ts'
import { makeVolumes, namedVolumes, volumeLock, withVolumes } from './named-volumes.ts'
import { remembered } from './remembered.ts'
import { literal, ownSpec, SERVICE_MOUNTS } from './service-spec.ts'

type Finish = (checked: OwnedRequest['checked'], stamps: Stamps) => OwnedRequest['checked']

/** A service of what is the owner's, with its volumes made before. */
async function served(request: OwnedRequest, current: JsonValue, finish: Finish): Promise<Errand> {
  const { checked, owner, world } = request
  const stamps = ownStamps(owner)
  const { spec, written, unknown } = await ownSpec(bodyOf(checked), request, current)
  const volumes = namedVolumes(spec, SERVICE_MOUNTS)
  // Later tasks look for the names again, so all of them have the prefix.
  const called = new Map(volumes.map(({ name }) => [name, `${owner.prefix}${name}`]))
  const release = await world.locks.hold([...called.values()].map(volumeLock))
  try {
    await makeVolumes(volumes, called, request, stamps)
  } catch (cause) {
    release()
    throw cause
  }
  const sent = withBody(checked, withVolumes(spec, SERVICE_MOUNTS, called, literal(stamps)))
  const errand = send(finish(sent, stamps), told(request, written), release)
  return unknown ? { ...errand, reason: 'object-unknown' } : errand
}

const create: Rule = (request) => served(request, null, made)

/** The whole spec is replaced, or the one before comes back: what that names is looked at too. */
const update = onObject('service', 'id', async (request, found) => {
  if (isRollback(request)) await checkPrevious(request, found)
  return served(request, at(found.inspected, 'Spec') ?? null, (checked) => relabelledAs(checked, found.inspected))
})

function isRollback({ checked }: OwnedRequest): boolean {
  return !['', 'none'].includes(parameterOf(checked.operation, 'rollback'))
}

async function checkPrevious(request: OwnedRequest, { inspected }: Found): Promise<void> {
  const previous = at(inspected, 'PreviousSpec') ?? null
  if (previous === null) return
  const labels = [at(previous, 'Labels'), at(previous, 'TaskTemplate', 'ContainerSpec', 'Labels')]
  const isOwn =
    labels.every((each) => ownerIn(each) === request.owner.key) &&
    namedVolumes(previous, SERVICE_MOUNTS).every(({ name }) => name.startsWith(request.owner.prefix))
  const { unknown } = await ownSpec(previous, request, at(inspected, 'Spec') ?? null)
  if (isOwn && !unknown) return
  throw new Refusal(
    'objects-unbounded',
    'the spec before the last update names what is not yours: send one of your own',
  )
}

/** An error says what the client wrote, and of services no more than the owner's. */
function told(request: OwnedRequest, written: readonly Twin[]): Shape {
  return (status) => {
    if (status < 400) return remembered(request, 'service')(status)
    const hidden = hidingServices(request, status)
    return {
      kind: 'whole',
      async change(bytes) {
        const shown = await hidden.change(bytes)
        return { status, bytes: written.reduce(putBack, shown.bytes) }
      },
    }
  }
}

export const SERVICE_RULES: Partial<Record<OperationId, Rule>> = {
  ServiceCreate: create,
  ServiceUpdate: update,
  ServiceInspect: onObject('service', 'id'),
  ServiceDelete: onObject('service', 'id'),
  ServiceLogs: onObject('service', 'id'),
}
