import { allowsPort, type PortRequest, type PortRule, writePortRule } from '../../policy/profile/ports.ts'
import { printable } from '../../text.ts'
import type { FieldValue } from '../fields.ts'
import { finding, lacking, listing } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { entries, items, lastName, member, numberOf, textOf } from './values.ts'

/** An image may expose ports of any protocol. */
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const

/** Host ports that are published: one by one, all that an image exposes, and those of services. */
export const judgePorts: WorkloadJudge = (fields, context) =>
  fields.flatMap((field) => {
    switch (lastName(field)) {
      case 'PortBindings':
        return entries(field).flatMap(([port, bindings]) => judgeBindings(port, bindings, context))
      case 'PublishAllPorts':
        return judgeAll(field, context)
      default:
        return items(field).flatMap((port) => judgeServicePort(port, context))
    }
  })

function judgeBindings(port: string, bindings: FieldValue, context: WorkloadContext): readonly Finding[] {
  const slash = port.indexOf('/')
  const protocol = slash < 0 ? 'tcp' : port.slice(slash + 1)
  const listed = items(bindings)
  // Below API 1.53 engines publish a port without any on a free one of every address (moby's pull request 50874).
  return (listed.length === 0 ? [bindings] : listed).flatMap((field) => {
    const address = textOf(member(field, 'HostIp'))
    return judge(field, { address, port: textOf(member(field, 'HostPort')), protocol }, context)
  })
}

function judgeAll(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  return PROTOCOLS.flatMap((protocol) => judge(field, { address: '', port: '0', protocol }, context))
}

/** On every address of every node; without a number, or with 0, it is the engine's choice. */
function judgeServicePort(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const port = String(numberOf(member(field, 'PublishedPort')))
  return judge(field, { address: '', port, protocol: textOf(member(field, 'Protocol')) || 'tcp' }, context)
}

function judge(field: FieldValue, request: PortRequest, { workload: { ports } }: WorkloadContext): readonly Finding[] {
  if (allowsPort(ports, request)) return []
  return [finding(field, written(request), 'ports', why(ports, request.protocol))]
}

/** Ports of another protocol are no answer. */
function why(ports: readonly PortRule[], protocol: string): string {
  const alike = ports.filter((rule) => rule.protocol === protocol)
  if (ports.length === 0) return lacking('ports')
  return alike.length === 0
    ? `the role lists no ports of ${printable(protocol, 16)}`
    : listing('ports', alike.map(writePortRule))
}

function written({ address, port, protocol }: PortRequest): string {
  const where = address === '' ? 'any address' : address
  const which = port === '' || port === '0' ? 'any free port' : `port ${port}`
  return printable(`${which} on ${where}, ${protocol}`, 80)
}
