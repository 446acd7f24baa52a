import { describe, expect, it } from 'vitest'
import {
  HEADER_JUDGEMENTS,
  PATH_JUDGEMENTS,
  QUERY_JUDGEMENTS,
  STREAM_JUDGEMENTS,
} from '../../../src/engine/fields/parameters.ts'
import type { Judgement } from '../../../src/engine/fields/types.ts'
import { OPERATIONS } from '../../../src/engine/operations.ts'
import { REVIEWED } from './facts.ts'
import { allFields, JUDGEMENTS, PARTS } from './tables.ts'

type Table = ReadonlyMap<string, ReadonlyMap<string, Judgement>>

/** Headers of the connection, which no operation has in its list. */
const OF_THE_CONNECTION = ['Content-Type', 'Upgrade']

function names(table: Table): string[] {
  return [...table].flatMap(([id, judged]) => [...judged.keys()].map((name) => `${id} ${name}`)).sort()
}

function judgement(table: Table, operation: string, name: string): Judgement | null {
  return table.get(operation)?.get(name) ?? null
}

const REVIEWED_PARAMETERS = REVIEWED.filter(({ operation, where, path }) => {
  if (operation === '*' || where === 'body') return false
  return where !== 'header' || !OF_THE_CONNECTION.includes(path)
}).map((fact) => {
  const { operation, where, path } = fact
  const spec = OPERATIONS.find((candidate) => candidate.id === operation)
  const byWhere = {
    query: judgement(QUERY_JUDGEMENTS, operation, path),
    header: judgement(HEADER_JUDGEMENTS, operation, path.toLowerCase()),
    // Which object is meant is known to every operation.
    path:
      judgement(PATH_JUDGEMENTS, operation, path.slice(1)) ??
      (spec?.object?.parameter === path.slice(1) ? 'objects' : null),
  }
  return { ...fact, judge: byWhere[where as keyof typeof byWhere] }
})

describe('the judgements of parameters', () => {
  it('are there for every query parameter that is forwarded, and for no other', () => {
    const forwarded = OPERATIONS.flatMap((spec) =>
      spec.query.filter((parameter) => !parameter.dropped).map((parameter) => `${spec.id} ${parameter.name}`),
    )
    expect(names(QUERY_JUDGEMENTS)).toEqual(forwarded.sort())
  })

  it('are there for every header of an operation, and for no other', () => {
    expect(names(HEADER_JUDGEMENTS)).toEqual(
      OPERATIONS.flatMap((spec) => spec.headers.map((name) => `${spec.id} ${name}`)).sort(),
    )
  })

  it('are there for every tar archive, and for no other body', () => {
    const archives = OPERATIONS.filter((spec) => spec.body === 'tar').map((spec) => spec.id)
    expect([...STREAM_JUDGEMENTS.keys()].sort()).toEqual(archives.sort())
  })

  it('speak of path parameters that there are', () => {
    for (const [id, judged] of PATH_JUDGEMENTS) {
      const path = OPERATIONS.find((spec) => spec.id === id)?.path ?? ''
      for (const name of judged.keys()) expect(path, id).toMatch(new RegExp(`\\{${name}\\+?\\}`))
    }
  })

  it('are there for every parameter that was reviewed', () => {
    expect(REVIEWED_PARAMETERS.filter(({ judge }) => judge === null)).toEqual([])
    expect(REVIEWED_PARAMETERS.length).toBeGreaterThan(100)
  })

  it('let nothing pass unseen that reaches the host or other tenants', () => {
    const grave = REVIEWED_PARAMETERS.filter(({ severity }) => severity === 'high' || severity === 'critical')
    expect(grave.filter(({ judge }) => judge === 'harmless')).toEqual([])
    expect(grave.length).toBeGreaterThan(30)
  })

  it('let pass what was found harmless', () => {
    expect(REVIEWED_PARAMETERS.filter(({ severity, judge }) => severity === 'none' && judge !== 'harmless')).toEqual([])
  })
})

it('every judgement is a word that there is, and every part of a role bounds something', () => {
  const parameters = [QUERY_JUDGEMENTS, HEADER_JUDGEMENTS, PATH_JUDGEMENTS].flatMap((table: Table) =>
    [...table.values()].flatMap((judged) => [...judged.values()]),
  )
  const used = new Set([...allFields().map(({ field }) => field.judge), ...parameters, ...STREAM_JUDGEMENTS.values()])
  expect([...used].filter((judge) => !JUDGEMENTS.has(judge))).toEqual([])
  expect(PARTS.filter((part) => !used.has(part))).toEqual([])
})
