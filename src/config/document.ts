import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, visit } from 'yaml'
import { printable } from '../text.ts'
import { type ConfigProblem, formatPath, type Issue } from './errors.ts'
import { type Outside, type Replaced, substitute } from './substitute.ts'

/** A configuration of this shape is 5 deep; what is far deeper would only exhaust the stack. */
const MAX_DEPTH = 32
/** One slip can make a thousand syntax errors of the rest of the file. */
const MAX_SYNTAX_PROBLEMS = 20

/** A YAML file that was read: its value, and the place of everything in it. */
export interface ConfigDocument {
  readonly value: unknown
  /** Values that came from elsewhere: the environment, or files. */
  readonly replaced: readonly Replaced[]
  /** What could not be put in from there; null stands in the value for it. */
  readonly problems: readonly Issue[]
  /** Puts file, line and column to an issue. What is missing is placed at what should hold it. */
  locate(issue: Issue): ConfigProblem
}

export type DocumentResult = { readonly document: ConfigDocument } | { readonly problems: readonly ConfigProblem[] }

/**
 * Reads one YAML 1.2 document, core schema: unique string keys, no tags, no aliases (a reviewer reads a policy where it
 * stands, and there is nothing to expand), no `%YAML` directive that would bring YAML 1.1's `yes` and octal numbers.
 */
export function parseConfigDocument(file: string, source: string, outside: Outside): DocumentResult {
  const lines = new LineCounter()
  const at = (offset: number, path: string, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col, path, message }
  }
  // With logLevel 'silent' the library would take the first of several documents without a word.
  const document = parseDocument(source, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'error',
  })
  const problems = [...document.errors, ...document.warnings]
    .slice(0, MAX_SYNTAX_PROBLEMS)
    .map((error) => at(error.pos[0], '', `not YAML as dockgate reads it: ${oneLine(error.message)}`))
  if (problems.length === 0) problems.push(...refusedNodes(document, at))
  if (problems.length > 0) return { problems }
  const { replaced, problems: missing } = substitute(document, outside)
  return {
    document: {
      replaced,
      problems: missing,
      value: document.toJS({ maxAliasCount: 0 }),
      locate: (issue) => at(offsetOf(document, issue, source), formatPath(issue.path), issue.message),
    },
  }
}

function refusedNodes(
  document: Document.Parsed,
  at: (offset: number, path: string, message: string) => ConfigProblem,
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const refuse = (node: Node | null, message: string): void => {
    problems.push(at(node?.range?.[0] ?? 0, '', message))
  }
  if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2') {
    refuse(null, 'this file is read as YAML 1.2; remove the %YAML directive')
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    refuse(null, 'the file is empty; it wants listeners, issuers, roles and bindings')
  }
  visit(document, {
    Alias: (_key, node) => refuse(node, `the alias *${node.source} is not taken here: write the value out`),
    Value: (_key, node, ancestors) => {
      if (ancestors.length > 2 * MAX_DEPTH) {
        refuse(node, 'nested too deeply')
        return visit.BREAK
      }
      if (node.tag !== undefined) refuse(node, `the tag ${printable(node.tag, 80)} is not taken here: leave it away`)
      return undefined
    },
    Pair: (_key, pair) => {
      // The library that checks the shape skips this one key without a word.
      if (keyOf(pair) === '__proto__') refuse(pair.key as Node, 'unknown key "__proto__"')
    },
  })
  return problems
}

function offsetOf(document: Document.Parsed, issue: Issue, source: string): number {
  let node: unknown = document.contents
  let offset = 0
  for (const [depth, key] of issue.path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => keyOf(item) === String(key))
      if (pair === undefined) return offset
      offset = startOf(pair.key) ?? offset
      if (issue.atKey && depth === issue.path.length - 1) return offset
      node = pair.value
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key]
      offset = startOf(node) ?? offset
    } else {
      return offset
    }
  }
  const start = startOf(node) ?? offset
  return start + (issue.offset === undefined ? 0 : textOffset(node, issue.offset, source))
}

/** Where the text of a scalar begins in its source, when source and text run in step (one line, no escapes). */
function textOffset(node: unknown, offset: number, source: string): number {
  if (!isScalar(node) || !node.range || typeof node.value !== 'string') return 0
  const written = source.slice(node.range[0], node.range[1])
  if (written === node.value) return offset
  return written.slice(1, -1) === node.value ? offset + 1 : 0
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

function keyOf(pair: Pair): string | null {
  return isScalar(pair.key) ? String(pair.key.value) : null
}

function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim(), 300)
}
