import { normaliseCapability } from '../../policy/profile/capability.ts'
import { cleanPath } from '../../policy/profile/paths.ts'
import { parsePortRule } from '../../policy/profile/ports.ts'
import type { CheckedFields, FieldValue } from '../fields.ts'
import { DEFAULT_CAPABILITIES } from '../judge/capabilities.ts'
import type { JudgeContext } from '../judge/types.ts'
import { entries, flagOf, items, lastName, member, numberOf, textOf, wholeOf } from '../judge/values.ts'
import type { FactSheet } from './facts.ts'
import { noteLimits } from './limits.ts'
import { noteMounts } from './mounts.ts'

/** What patterns cannot tell of a body: how a mount is made, numbers, switches. */
export function noteBody(checked: CheckedFields, context: JudgeContext, sheet: FactSheet): void {
  const fields = (key: Parameters<CheckedFields['bounded']['get']>[0]) => checked.bounded.get(key) ?? []
  noteMounts(checked, context, sheet)
  noteVolumes(fields('workload.volumes'), context, sheet)
  noteNetworks(fields('workload.networks'), context, sheet)
  notePorts(fields('workload.ports'), sheet)
  noteCapabilities(fields('workload.capabilities'), sheet)
  noteDevices(fields('workload.devices'), context, sheet)
  noteGpus(fields('workload.gpus'), sheet)
  noteLimits(context, fields('workload.limits'), sheet)
  if (fields('workload.privileged').length > 0) sheet.set('privileged', true)
  if (fields('workload.autoRemove').length > 0) sheet.set('autoRemove', true)
  for (const field of fields('workload.user')) {
    if (lastName(field) === 'User') sheet.set('user', sheet.text(textOf(field)))
    else for (const group of items(field)) sheet.add('groups', textOf(group))
  }
  if (context.operation.spec.id === 'ContainerExec') noteExec(checked, sheet)
}

/** Those without a name, which no pattern is asked about. */
function noteVolumes(fields: readonly FieldValue[], { operation, body }: JudgeContext, sheet: FactSheet): void {
  const made = operation.spec.id === 'VolumeCreate' && textOf(member(wholeOf(body), 'Name')) === ''
  if (made || fields.some((field) => lastName(field) === 'Volumes' && entries(field).length > 0))
    sheet.add('volumes', '')
}

/**
 * Names that may be ids, which no pattern is asked about: a role has to list them as they are. Those of a service are
 * ids with the docker client.
 */
const MAY_BE_ID = /^[0-9a-z]{1,64}$/
const HEX = /^[0-9a-f]+$/
const WITHOUT_ASKING: ReadonlySet<string> = new Set(['default', 'bridge', 'none', 'host'])

function noteNetworks(fields: readonly FieldValue[], { operation }: JudgeContext, sheet: FactSheet): void {
  const { id: connected = '' } = operation.spec.id === 'NetworkConnect' ? operation.params : {}
  if (HEX.test(connected)) sheet.add('networks', connected)
  for (const field of fields) {
    const attached = items(field).map((attachment) => textOf(member(attachment, 'Target')))
    const named = field.name === 'HostConfig.NetworkMode' ? [textOf(field)] : []
    const joined = field.name === 'NetworkingConfig.EndpointsConfig' ? entries(field).map(([name]) => name) : []
    const ids = [
      ...attached.filter((name) => MAY_BE_ID.test(name)),
      ...[...named, ...joined].filter((name) => HEX.test(name)),
    ]
    for (const id of ids) if (!WITHOUT_ASKING.has(id)) sheet.add('networks', id)
  }
}

function notePorts(fields: readonly FieldValue[], sheet: FactSheet): void {
  for (const field of fields) {
    if (lastName(field) === 'PublishAllPorts') {
      for (const protocol of ['tcp', 'udp', 'sctp']) sheet.add('ports', `0/${protocol}`)
    } else if (lastName(field) === 'PortBindings') {
      for (const [port, bindings] of entries(field)) noteBindings(port, bindings, sheet)
    } else {
      for (const port of items(field)) {
        const protocol = textOf(member(port, 'Protocol')) || 'tcp'
        notePort('', String(numberOf(member(port, 'PublishedPort'))), protocol, sheet)
      }
    }
  }
}

function noteBindings(port: string, bindings: FieldValue, sheet: FactSheet): void {
  const [, protocol = 'tcp'] = port.split('/')
  const listed = items(bindings)
  for (const field of listed.length === 0 ? [bindings] : listed) {
    notePort(textOf(member(field, 'HostIp')), textOf(member(field, 'HostPort')), protocol, sheet)
  }
}

function notePort(address: string, port: string, protocol: string, sheet: FactSheet): void {
  const where = address === '' ? '' : `${address.includes(':') ? `[${address}]` : address}:`
  const rule = `${where}${port || '0'}/${protocol.toLowerCase()}`
  if ('problem' in parsePortRule(rule)) sheet.cut()
  else sheet.add('ports', rule)
}

function noteCapabilities(fields: readonly FieldValue[], sheet: FactSheet): void {
  for (const field of fields.flatMap(items)) {
    const name = normaliseCapability(textOf(field))
    if (name === null) sheet.cut()
    else if (!DEFAULT_CAPABILITIES.has(name)) sheet.add('capabilities', name)
  }
}

/** A link and what it leads to: a role has to list both. */
function noteDevices(fields: readonly FieldValue[], { hostPaths }: JudgeContext, sheet: FactSheet): void {
  for (const device of fields.filter((field) => lastName(field) === 'Devices').flatMap(items)) {
    const path = cleanPath(textOf(member(device, 'PathOnHost')))
    const permissions = sheet.text(textOf(member(device, 'CgroupPermissions')) || 'rwm')
    const real = path === null ? null : (hostPaths?.(path)?.path ?? path)
    for (const each of new Set([path, real]))
      if (each !== null) sheet.add('devices', { path: sheet.text(each), permissions })
  }
}

function noteGpus(fields: readonly FieldValue[], sheet: FactSheet): void {
  let count = 0
  for (const field of fields) {
    const generic = lastName(field) === 'GenericResources'
    for (const request of items(field)) {
      const asked = generic ? member(request, 'DiscreteResourceSpec', 'Value') : member(request, 'Count')
      const all = items(member(request, 'DeviceIDs')).some((id) => textOf(id) === 'all')
      count += all || numberOf(asked) < 0 ? Number.POSITIVE_INFINITY : numberOf(asked)
    }
  }
  if (fields.length > 0) sheet.part('gpus').set('count', Number.isFinite(count) ? count : 'unlimited')
}

/** The program alone: its arguments may hold secrets, and so may a text that is no plain name. */
const PLAIN_PROGRAM = /^[A-Za-z0-9._+/-]{1,128}$/

function noteExec({ value }: CheckedFields, sheet: FactSheet): void {
  const exec = sheet.part('exec')
  const body = wholeOf(value)
  const user = textOf(member(body, 'User'))
  const program = textOf(items(member(body, 'Cmd'))[0] ?? wholeOf(null))
  if (user !== '') exec.set('user', sheet.text(user))
  if (flagOf(member(body, 'Privileged'))) exec.set('privileged', true)
  if (!PLAIN_PROGRAM.test(program)) sheet.cut()
  else exec.set('command', program.replace(/^.*\//, '…/'))
}
