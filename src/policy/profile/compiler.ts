import type { Findings } from '../../config/findings.ts'
import { compilePattern, type Pattern, type PatternKind } from './pattern.ts'

/** Where in the configuration something stands, and where its problems go. */
export interface Place {
  readonly path: readonly PropertyKey[]
  readonly findings: Findings
}

export function below(place: Place, ...keys: readonly PropertyKey[]): Place {
  return { ...place, path: [...place.path, ...keys] }
}

/** Compiles one pattern; null when it is none, with the problem reported. */
export function compileOne(text: string, kind: PatternKind, { path, findings }: Place): Pattern | null {
  const pattern = compilePattern(text, kind)
  if (!('problem' in pattern)) return pattern
  findings.problem(path, pattern.problem, pattern.offset === undefined ? {} : { offset: pattern.offset })
  return null
}

/** Compiles a list of patterns, of which those that are none are left out and reported. */
export function compileAll(texts: readonly string[] | undefined, kind: PatternKind, place: Place): Pattern[] {
  return compileEach(texts, place, (text, at) => compileOne(text, kind, at))
}

/** Compiles the entries of a list, each with its own place; null stands for one that was reported. */
export function compileEach<From, To>(
  entries: readonly From[] | undefined,
  place: Place,
  compile: (entry: From, at: Place) => To | null,
): To[] {
  return (entries ?? []).flatMap((entry, index) => compile(entry, below(place, index)) ?? [])
}
