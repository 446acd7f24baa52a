import type { OperationId } from '../../engine/operations.ts'
import { configList, secretList, serviceList, taskList } from '../answers/swarm.ts'
import { filtersOf, withFilters } from '../filters.ts'
import { made } from '../made.ts'
import { onObject, type Rule, send, withOperation } from '../request.ts'
import { ownStamps } from '../stamps.ts'
import { putBack, type Twin, twinOf } from '../twin.ts'
import { relabelledAs } from '../updated.ts'
import { withoutServices } from './conflict.ts'
import { narrowed, ownOnly } from './lists.ts'
import { remembered } from './remembered.ts'

/** Its name is one for all owners, and the engine's own conflict tells of it no more than the name. */
const create =
  (kind: 'secret' | 'config'): Rule =>
  (request) =>
    send(made(request.checked, ownStamps(request.owner)), remembered(request, kind))

const update = (kind: 'secret' | 'config'): Rule =>
  onObject(kind, 'id', ({ checked }, { inspected }) => send(relabelledAs(checked, inspected)))

const list =
  (plan: typeof serviceList): Rule =>
  (request) =>
    send(withOperation(request.checked, ownOnly(request)), narrowed(request, plan))

/** The label that the engine looks for is the service's. Services are looked up by the engine: only one's own are there. */
const tasks: Rule = async (request) => {
  const { checked, owner, world } = request
  const operation = ownOnly(request)
  const filters = filtersOf(operation)
  const twins: Twin[] = []
  const services: string[] = []
  for (const name of filters.get('service') ?? []) {
    const found = await world.lookup('service', name, owner)
    const twin = found === null ? twinOf('service', name) : null
    if (twin !== null) twins.push(twin)
    services.push(found?.id ?? twin?.whole ?? '')
  }
  const sent = services.length === 0 ? operation : withFilters(operation, new Map([...filters, ['service', services]]))
  const own = narrowed(request, taskList)
  return send(withOperation(checked, sent), (status) => {
    if (status === 200 || twins.length === 0) return own(status)
    return { kind: 'whole', change: (bytes) => ({ status, bytes: twins.reduce(putBack, bytes) }) }
  })
}

/** Nodes and plugins are the host's: everybody may see them, and nothing in them tells whose objects there are. */
const everybodys: Rule = ({ checked }) => send(checked)

export const SWARM_RULES: Partial<Record<OperationId, Rule>> = {
  SecretCreate: create('secret'),
  SecretInspect: onObject('secret', 'id'),
  SecretUpdate: update('secret'),
  SecretDelete: onObject('secret', 'id', withoutServices),
  ConfigCreate: create('config'),
  ConfigInspect: onObject('config', 'id'),
  ConfigUpdate: update('config'),
  ConfigDelete: onObject('config', 'id', withoutServices),
  TaskInspect: onObject('task', 'id'),
  TaskLogs: onObject('task', 'id'),
  ServiceList: list(serviceList),
  SecretList: list(secretList),
  ConfigList: list(configList),
  TaskList: tasks,
  NodeList: everybodys,
  NodeInspect: everybodys,
  PluginList: everybodys,
  PluginInspect: everybodys,
  PluginInspectLegacy: everybodys,
}
