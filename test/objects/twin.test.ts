import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recognise } from '../../src/engine/recognise.ts'
import { parameterOf, puttingBack, renamed, twinOf, withPrefix } from '../../src/objects/twin.ts'

const name = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,30}$/)

describe('a name that nobody has', () => {
  test.each([
    ['image', 'busybox:test', /^z[0-9a-f]{31}:test$/],
    ['image', 'registry.acme.io:5000/team/app@sha256:abc', /^registry\.acme\.io:5000\/team\/z[0-9a-f]{31}@sha256:abc$/],
    ['image', 'abc123', /^z[0-9a-f]{31}$/],
    ['image', `sha256:${'a'.repeat(64)}`, /^sha256:[0-9a-f]{64}$/],
    ['exec', 'a'.repeat(64), /^[0-9a-f]{64}$/],
    ['container', 'web', /^z[0-9a-f]{31}$/],
    ['network', 'my net', /^z[0-9a-f]{31}$/],
  ] as const)('of the kind %s for %s has its shape', (kind, given, shape) => {
    const { whole } = twinOf(kind, given)
    expect(whole).toMatch(shape)
    expect(whole).not.toBe(given)
  })

  test('is another one each time', () => {
    expect(twinOf('container', 'web').whole).not.toBe(twinOf('container', 'web').whole)
  })

  test('is replaced by the given one wherever the engine repeats it', async () => {
    await fc.assert(
      fc.asyncProperty(name, name, fc.constantFrom('container', 'image', 'volume'), async (given, other, kind) => {
        const twin = twinOf(kind as 'container', given)
        const said = (text: string) => Buffer.from(JSON.stringify({ message: `no ${text}, ${other}: ${text}` }))
        const reshaping = puttingBack(twin)(404)
        if (reshaping?.kind !== 'whole') throw new Error('not whole')
        expect(await reshaping.change(said(twin.whole))).toEqual({ status: 404, bytes: said(given) })
      }),
    )
  })

  test('leaves characters that JSON escapes as JSON writes them', async () => {
    const twin = twinOf('network', 'né"t')
    const reshaping = puttingBack(twin)(404)
    if (reshaping?.kind !== 'whole') throw new Error('not whole')
    const { bytes } = await reshaping.change(Buffer.from(JSON.stringify({ message: twin.whole })))
    expect(JSON.parse(bytes.toString())).toEqual({ message: 'né"t' })
  })
})

describe('an operation about another object', () => {
  test('has the other name in its path, and the rest of its target', () => {
    const operation = recognise('POST', '/v1.41/containers/web/stop?t=3')
    expect(renamed(operation, 'id', 'f00').target).toBe('/v1.41/containers/f00/stop?t=3')
    expect(parameterOf(renamed(operation, 'id', 'f00'), 'id')).toBe('f00')
  })

  test('has the other name in its query, where it is named there', () => {
    const operation = recognise('POST', '/commit?container=web&repo=app')
    expect(renamed(operation, 'container', 'f00').target).toBe('/commit?container=f00&repo=app')
  })

  test('gets a prefix before a name of its query, and none where there is no name', () => {
    expect(withPrefix(recognise('POST', '/containers/create?name=db'), 'name', 'o-1-').target).toBe(
      '/containers/create?name=o-1-db',
    )
    expect(withPrefix(recognise('POST', '/containers/create'), 'name', 'o-1-').target).toBe('/containers/create')
    expect(withPrefix(recognise('POST', '/containers/create?name='), 'name', 'o-1-').target).toBe(
      '/containers/create?name=',
    )
  })
})
