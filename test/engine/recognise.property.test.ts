import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/engine/operations.ts'
import { recognise } from '../../src/engine/recognise.ts'
import type { Operation, OperationSpec } from '../../src/engine/types.ts'
import { Refusal } from '../../src/refusal.ts'
import { ID } from './examples.ts'
import { decodedPath, engineRuns, queryPairs } from './oracle.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']

/** The operation, or null when it is refused; whatever else is thrown fails the test. */
function recognised(method: string, target: string): Operation | null {
  try {
    return recognise(method, target)
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

const text = (characters: string) => fc.stringMatching(new RegExp(`^${characters}{1,12}$`, 'u'))
const name = text('[A-Za-z0-9]').chain((first) => text('[A-Za-z0-9_.-]').map((rest) => first + rest))
const reference = fc
  .tuple(name, fc.array(name, { maxLength: 2 }), fc.constantFrom('', ':1.0', '@sha256:ab12'))
  .map(([first, more, end]) => [first, ...more].join('/') + end)
const network = fc.oneof(
  name,
  text("[a-zäöüßéж漢字😀 !'()*+,=&$~@:]").filter((value) => value !== '.' && value !== '..'),
)

function values(spec: OperationSpec, parameter: string): fc.Arbitrary<string> {
  if (spec.object?.parameter !== parameter) return name
  switch (spec.object.kind) {
    case 'exec':
      return fc.constant(ID)
    case 'image':
    case 'imageRef':
      return reference
    case 'network':
      return network
    default:
      return name
  }
}

/** An operation with values for its path parameters. */
const called: fc.Arbitrary<{ spec: OperationSpec; params: Record<string, string> }> = fc
  .constantFrom(...OPERATIONS)
  .chain((spec) => {
    const names = [...spec.path.matchAll(/\{(\w+)\+?\}/g)].map(([, parameter = '']) => parameter)
    const each = Object.fromEntries(names.map((parameter) => [parameter, values(spec, parameter)]))
    return fc.record(each).map((params) => ({ spec, params: { ...params } }))
  })

/** The path as Go's net/url writes it: reserved characters that a path may hold stay as they are. */
function pathOf(spec: OperationSpec, params: Record<string, string>): string {
  return spec.path.replace(/\{(\w+)\+?\}/g, (_, parameter) =>
    encodeURIComponent(params[parameter] ?? '')
      .replaceAll('%2F', '/')
      .replaceAll('%3A', ':'),
  )
}

const hex = (character: string) =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

/** Small changes to a target, each of which has been a way around some proxy. */
const change: fc.Arbitrary<(target: string) => string> = fc
  .tuple(
    fc.nat(),
    fc.constantFrom<(before: string, at: string, after: string) => string>(
      (before, at, after) => before + hex(at) + after,
      (before, at, after) => before + hex(at).replaceAll('%', '%25') + after,
      (before, at, after) => before + hex(at).toUpperCase() + after,
      (before, _at, after) => before + after,
      (before, at, after) => before + at + at + after,
      (before, at, after) => before + at.toUpperCase() + after,
      (before, at, after) => `${before}/${at}${after}`,
      (before, at, after) => `${before}/.${at}${after}`,
      (before, at, after) => `${before}/..${at}${after}`,
      (before, at, after) => `${before}%2F${at}${after}`,
      (before, at, after) => `${before}%2e${at}${after}`,
      (before, at, after) => `${before};${at}${after}`,
      (before, at, after) => `${before}#${at}${after}`,
      (before, at, after) => `${before}?${at}${after}`,
      (before, at, after) => `${before}\\${at}${after}`,
      (before, at, after) => `${before} ${at}${after}`,
      (before, at, after) => `${before}/json${at}${after}`,
      (before, at, after) => `/v1.41${before}${at}${after}`,
      (before, at, after) => `/v1.23${before}${at}${after}`,
      (before, at, after) => `/v01.41.${before}${at}${after}`,
      (before, at, after) => `${before}${at}${after}/`,
    ),
  )
  .map(([place, apply]) => (target) => {
    const index = place % Math.max(1, target.length)
    return apply(target.slice(0, index), target[index] ?? '', target.slice(index + 1))
  })

const changed = fc
  .tuple(
    called,
    fc.constantFrom('', '/v1.24', '/v1.41', '/v1.56'),
    fc.array(change, { maxLength: 3 }),
    fc.constantFrom('', '?all=1'),
  )
  .map(([{ spec, params }, version, changes, query]) => ({
    method: spec.method,
    target: changes.reduce((target, apply) => apply(target), version + pathOf(spec, params) + query),
  }))

const request = fc.oneof(
  { weight: 6, arbitrary: changed },
  {
    weight: 1,
    arbitrary: changed.chain(({ target }) => fc.constantFrom(...METHODS).map((method) => ({ method, target }))),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      method: fc.string(),
      target: fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.webPath()),
    }),
  },
)

describe('whatever is asked', () => {
  it('is recognised as what an engine would run, or refused', () => {
    fc.assert(
      fc.property(request, ({ method, target }) => {
        const operation = recognised(method, target)
        if (operation === null) return
        expect(engineRuns(method, decodedPath(target))).toBe(operation.spec.id)
        expect(engineRuns(method, decodedPath(operation.target))).toBe(operation.spec.id)
      }),
      { numRuns: 3000 },
    )
  })

  it('is sent on with the path and the query that were read', () => {
    fc.assert(
      fc.property(request, ({ method, target }) => {
        const operation = recognised(method, target)
        if (operation === null) return
        expect(decodedPath(operation.target)).toBe(decodedPath(target))
        const dropped = new Set(operation.spec.query.filter((known) => known.dropped).map((known) => known.name))
        expect(queryPairs(operation.target)).toEqual(queryPairs(target).filter(([known]) => !dropped.has(known)))
        expect(queryPairs(operation.target)).toEqual(operation.query)
      }),
      { numRuns: 2000 },
    )
  })

  it('is sent on in a spelling that is recognised as the same, and stays the same', () => {
    fc.assert(
      fc.property(request, ({ method, target }) => {
        const operation = recognised(method, target)
        if (operation === null) return
        expect(recognise(method, operation.target)).toEqual(operation)
        expect(operation.target).toMatch(/^[A-Za-z0-9._~:@/?=&%-]+$/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('every operation', () => {
  it('is recognised with the names that its objects may have', () => {
    fc.assert(
      fc.property(called, ({ spec, params }) => {
        const operation = recognise(spec.method, `/v1.44${pathOf(spec, params)}`)
        expect(operation.spec.id).toBe(spec.id)
        expect({ ...operation.params }).toEqual(params)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads back any text that a client writes into a query', () => {
    const written = fc.tuple(
      fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0') && value.isWellFormed()),
      fc.constantFrom<(value: string) => string>(
        encodeURIComponent,
        (value) => new URLSearchParams([['', value]]).toString().slice(1),
        (value) => hex(value),
      ),
    )
    fc.assert(
      fc.property(written, ([value, encode]) => {
        const operation = recognise('GET', `/containers/json?filters=${encode(value)}`)
        expect(operation.query).toEqual([['filters', value]])
        expect(queryPairs(operation.target)).toEqual([['filters', value]])
      }),
      { numRuns: 1000 },
    )
  })
})
