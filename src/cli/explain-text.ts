import { printable, quoted } from '../text.ts'
import type { Explanation } from './explain-description.ts'

type Binding = Explanation['bindings'][number]

const LABEL_WIDTH = 11
const LINE_LENGTH = 2000
const SHOWN = 200

/** The explanation for a person: the answer first, then the way to it. */
export function explanationText(explanation: Explanation): string {
  const { allowed, status, reason, message } = explanation
  const lines = [
    allowed ? 'allowed' : `refused: ${status} ${reason}`,
    ...(allowed ? [] : message.split('\n')),
    '',
    ...row('request', [`${explanation.request.method} ${explanation.request.target}`]),
    ...row('operation', [operationText(explanation)]),
    ...row('caller', [callerText(explanation)]),
    ...row('bindings', explanation.bindings.flatMap(bindingText)),
    ...row('role', roleText(explanation)),
    ...row('owner', ownerText(explanation)),
    ...row('fields', fieldsText(explanation)),
    ...row('sent', sentText(explanation)),
    ...row('note', explanation.notes),
  ]
  return `${lines.map((line) => printable(line, LINE_LENGTH)).join('\n')}\n`
}

function row(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? label : '').padEnd(LABEL_WIDTH) + line)
}

function operationText({ operation }: Explanation): string {
  return operation === null ? 'not recognised' : `${operation.id} (${operation.access})`
}

function callerText({ caller, operation }: Explanation): string {
  if (caller === null) return operation === null ? 'not looked at: refused before' : 'not proved'
  const proof = caller.proof === 'token' ? 'proved by the token' : 'taken as verified'
  return `${quoted(caller.subject, SHOWN)} of issuer "${caller.issuer}", ${proof}`
}

function bindingText({ issuer, role, when, outcome, error }: Binding, index: number): string[] {
  const outcomes = {
    matched: 'matches',
    'issuer-differs': 'no, the issuer is another one',
    'condition-false': 'no, its condition is false',
    'condition-error': `no, its condition cannot be evaluated: ${error}`,
    'not-reached': 'not tried, as one before it matches',
  }
  const number = `${index + 1}. `
  const condition = when === null ? [] : [`${' '.repeat(number.length)}when ${printable(when, SHOWN)}`]
  return [`${number}${issuer} -> ${role}: ${outcomes[outcome]}`, ...condition]
}

function roleText({ role, operation, allowed }: Explanation): string[] {
  if (role === null) return allowed ? ['none is needed: whoever is known may do this'] : []
  const base = role.extends === null ? '' : ` (extends ${role.extends})`
  const outcome =
    role.allowedBy === null
      ? `its "allow" lacks ${role.wouldAllow.map((item) => `"${item}"`).join(' or ')}`
      : `"${role.allowedBy}" in its "allow" gives ${operation?.id}`
  return [`${role.name}${base}: ${outcome}`]
}

function ownerText({ owner, role }: Explanation): string[] {
  if (owner === null) return []
  const reach = role === null || role.objects === 'all' ? '' : "; nobody else's objects are seen or touched"
  return [`${quoted(owner.key, SHOWN + 56)}, by the template ${quoted(owner.template, SHOWN)}${reach}`]
}

function fieldsText({ role, findings, allowed }: Explanation): string[] {
  if (findings.length > 0) return [`${findings.length} not allowed: see above`]
  return allowed && role !== null ? ['all that is asked for is allowed'] : []
}

function sentText({ sent }: Explanation): string[] {
  if (sent === null) return []
  const bodies = { none: '', json: ', with a JSON body (--json shows it)', stream: ', with the body as it comes' }
  return [`${sent.method} ${sent.target}${bodies[sent.body]}`]
}
