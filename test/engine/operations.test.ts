import { describe, expect, it } from 'vitest'
import { OPERATION_BY_ID, OPERATIONS } from '../../src/engine/operations.ts'
import type { OperationSpec } from '../../src/engine/types.ts'
import { DOCUMENTED, FACTS, type Fact } from './facts.ts'

/** Carried as headers of the connection or of every request, not of the operation. */
const COMMON_HEADERS = ['upgrade', 'connection', 'content-type', 'accept', 'accept-encoding', 'user-agent']

/** BuildKit has an access class of its own here; the facts file it under what it can do at least. */
const BUILDKIT = [
  'Session',
  'Grpc',
  'GrpcBuildkitControl',
  'GrpcBuildkitGateway',
  'GrpcContainerdContent',
  'GrpcOtlpTraces',
]

const bySpec = (id: string): OperationSpec => {
  const spec = OPERATIONS.find((candidate) => candidate.id === id)
  if (spec === undefined) throw new Error(`${id} is not in the table`)
  return spec
}

function templateOf(fact: Fact): string {
  return fact.pathParams.reduce(
    (path, { name, mayContainSlash }) =>
      mayContainSlash || name === 'anyroute' ? path.replace(`{${name}}`, `{${name}+}`) : path,
    fact.path,
  )
}

describe('the table of operations', () => {
  it('has 128 operations, each under an id of its own', () => {
    expect(OPERATIONS).toHaveLength(128)
    expect(OPERATION_BY_ID.size).toBe(128)
    expect(OPERATIONS.map((spec) => spec.id).sort()).toEqual(FACTS.map((fact) => fact.id).sort())
  })

  it('has each method and path once', () => {
    expect(new Set(OPERATIONS.map((spec) => `${spec.method} ${spec.path}`)).size).toBe(128)
  })

  it('names each query parameter of an operation once', () => {
    for (const spec of OPERATIONS) {
      const names = spec.query.map((parameter) => parameter.name)
      expect(new Set(names).size, spec.id).toBe(names.length)
    }
  })

  it('finds the object of an operation in its path or its query', () => {
    for (const spec of OPERATIONS) {
      if (spec.object === null) continue
      const places = [...spec.path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => name)
      expect([...places, ...spec.query.map((parameter) => parameter.name)], spec.id).toContain(spec.object.parameter)
    }
  })

  it('never lets free text, JSON or secrets of a query into records', () => {
    const secret = ['buildargs', 'remote', 'filters', 'q', 'term', 'changes', 'comment', 'author', 'ps_args', 'fromSrc']
    const never = new Set([...secret, 'labels', 'message', 'path', 'session', 'outputs', 'cachefrom', 'detachKeys'])
    const recordable = OPERATIONS.flatMap((spec) => spec.query.filter((parameter) => parameter.recordable))
    expect(recordable.filter((parameter) => never.has(parameter.name))).toEqual([])
  })

  it('never records what it drops', () => {
    const dropped = OPERATIONS.flatMap((spec) => spec.query.filter((parameter) => parameter.dropped))
    expect(dropped.filter((parameter) => parameter.recordable)).toEqual([])
  })
})

describe.each(FACTS.map((fact) => [fact.id, fact] as const))('%s', (id, fact) => {
  const spec = bySpec(id)

  it('is routed as the engine routes it', () => {
    expect([spec.method, spec.path]).toEqual([fact.method, templateOf(fact)])
    expect([spec.since, spec.until]).toEqual([fact.since, fact.until])
    expect(spec.carried).toBe(fact.kind === 'http')
  })

  it('has the access class of what it can do', () => {
    expect(spec.access).toBe(BUILDKIT.includes(id) ? 'buildkit' : fact.access)
    expect(spec.elevated?.access).toBe(fact.accessWhen?.[0]?.access)
    for (const { when } of fact.accessWhen ?? []) {
      expect(when).toContain(spec.elevated?.query)
      if (spec.elevated?.belowVersion) expect(when).toContain(spec.elevated.belowVersion)
    }
  })

  it('streams, and takes a body, as the facts say', () => {
    expect([spec.stream, spec.body]).toEqual([fact.stream, fact.body])
  })

  it('reads the query parameters and headers that the facts name, and names the same object', () => {
    const read = spec.query.filter((parameter) => !parameter.dropped).map((parameter) => parameter.name)
    expect(read.sort()).toEqual([...fact.query].sort())
    const headers = fact.headers
      .map((header) => header.toLowerCase())
      .filter((header) => !COMMON_HEADERS.includes(header))
    expect([...spec.headers].sort()).toEqual(headers.sort())
    expect(spec.object?.kind ?? null).toBe(fact.objectRef)
  })
})

describe.each([...new Set(DOCUMENTED.map((documented) => documented.version))])('the document of API %s', (version) => {
  const operations = DOCUMENTED.filter((documented) => documented.version === version)

  it('has no path that the table lacks', () => {
    for (const { id, method, path } of operations) {
      const spec = bySpec(id)
      expect(`${spec.method} ${spec.path.replaceAll('+}', '}')}`).toBe(`${method} ${path}`)
    }
  })

  it('has no query parameter that the table lacks, and no list that the table reads once', () => {
    for (const { id, query, lists } of operations) {
      const parameters = bySpec(id).query.filter((parameter) => !parameter.dropped)
      expect(
        parameters.map((parameter) => parameter.name),
        id,
      ).toEqual(expect.arrayContaining([...query]))
      const repeatable = parameters.filter((parameter) => parameter.repeat).map((parameter) => parameter.name)
      expect(repeatable, id).toEqual(expect.arrayContaining([...lists]))
    }
  })
})
