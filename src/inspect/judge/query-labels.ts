import type { FieldValue } from '../fields.ts'
import { judgeLabel } from './labels.ts'
import { badParameter, type QueryRequest, shownText } from './query-request.ts'

/** One label, of an image that is built, imported or committed: as one of a container. */
export function judgeQueryLabel(request: QueryRequest, name: string, field: FieldValue): void {
  const { operation, profile, context } = request
  const { workload } = profile
  if (workload === null) {
    request.refuse(field.path, shownText(name), 'workload.labels', 'the role has no workload.labels')
    return
  }
  const judged = judgeLabel(name, field, { ...context, operation, workload, body: null, hostPaths: null })
  for (const { field: where, asked, key, why } of judged) request.refuse(where, asked, key, why)
}

/** The instructions that the engine takes here. */
const INSTRUCTIONS: ReadonlySet<string> = new Set([
  'CMD',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'ONBUILD',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
])

const INSTRUCTION = /^[ \t]*([A-Za-z]+)(?:[ \t]+(.*))?$/s
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/

/**
 * `changes`: Dockerfile instructions that are written into an image, of which LABEL is judged. The engine joins them with
 * line feeds and reads them as a Dockerfile, so what could make one line of two, or change how lines are read, is refused,
 * and so is a LABEL whose names are not written plainly.
 */
export function judgeChanges(request: QueryRequest): void {
  for (const [index, change] of request.values('changes').entries()) {
    for (const line of change.split('\n')) {
      if (line.trim() !== '') judgeInstruction(request, `changes[${index}]`, line)
    }
  }
}

function judgeInstruction(request: QueryRequest, path: string, line: string): void {
  const [, word, rest = ''] = INSTRUCTION.exec(line) ?? []
  const instruction = word?.toUpperCase()
  if (instruction === undefined || !INSTRUCTIONS.has(instruction) || /\\[ \t\r]*$/.test(line)) {
    throw badParameter(request, 'changes', 'has what is no instruction of one line, or none that may be here')
  }
  if (instruction !== 'LABEL') return
  const names = labelNames(rest)
  if (names === null) {
    throw badParameter(request, 'changes', 'has a LABEL that is not written plainly: LABEL name=value, without "\\"')
  }
  for (const name of names)
    judgeQueryLabel(request, name, { path: `${path}[${shownText(name)}]`, name: 'changes', value: '' })
}

/** `LABEL a=1 b="2 3"`, or the old `LABEL a 1 2`, which is one label. Null for what another reader may take otherwise. */
function labelNames(text: string): readonly string[] | null {
  if (text.includes('\\')) return null
  const words = splitWords(text)
  const [first] = words ?? []
  if (words === null || first === undefined) return null
  const names = first.includes('=') ? words.map((word) => word.slice(0, Math.max(word.indexOf('='), 0))) : [first]
  return names.every((name) => PLAIN_NAME.test(name)) ? names : null
}

/** At white space outside of quotes; null for what is not printable ASCII there, and for a quote without an end. */
function splitWords(text: string): readonly string[] | null {
  const words: string[] = []
  let word = ''
  let quote = ''
  for (const character of text) {
    if (quote === '' && !/[\t\r -~]/.test(character)) return null
    if (quote !== '' ? character === quote : /["']/.test(character)) quote = quote === '' ? character : ''
    if (quote === '' && /[\t\r ]/.test(character)) {
      if (word !== '') words.push(word)
      word = ''
    } else word += character
  }
  if (word !== '') words.push(word)
  return quote === '' ? words : null
}
