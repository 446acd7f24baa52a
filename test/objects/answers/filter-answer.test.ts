import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decide, rewriteWhole } from '../../../src/objects/answers/decide.ts'
import { filterAnswer, type Plan } from '../../../src/objects/answers/filter-answer.ts'
import { breaksOff, byteByByte, cuts, inChunks, json, spaced, spaces, textFrom } from './streams.ts'

const KEEP_ALL: Plan = { elements: () => true }

function filtered(text: string, plan: Plan): Promise<string> {
  return textFrom(filterAnswer(byteByByte(text), plan))
}

/** Members of these names are arrays that are filtered, and all others pass. */
function inside(names: readonly string[], decide: Decide): Plan {
  return { members: (name) => (names.includes(name) ? { elements: decide } : () => true) }
}

describe('an array that streams past', () => {
  it('is byte for byte the same when everything is kept, however it is chunked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(json), spaces, cuts, async (array, between, at) => {
        const text = spaced(array, between)
        expect(await textFrom(filterAnswer(inChunks(text, at), KEEP_ALL))).toBe(text)
      }),
    )
  })

  it('is the filtered array when some are dropped and some changed, decided at once or later', async () => {
    const fate = fc.constantFrom('keep', 'drop', 'change')
    await fc.assert(
      fc.asyncProperty(
        fc.array(json),
        fc.array(fate),
        spaces,
        cuts,
        fc.boolean(),
        async (array, fates, between, at, late) => {
          let asked = 0
          const fateOf = (index: number) => fates[index % fates.length] ?? 'keep'
          const decide: Decide = (element) => {
            expect(element).toEqual(array[asked])
            const chosen = fateOf(asked++)
            const kept = chosen === 'change' ? () => ['changed'] : chosen === 'keep'
            return late ? Promise.resolve(kept) : kept
          }
          const sent = await textFrom(filterAnswer(inChunks(spaced(array, between), at), { elements: decide }))
          const wanted = array.flatMap((element, index) => {
            if (fateOf(index) === 'drop') return []
            return [fateOf(index) === 'keep' ? element : ['changed']]
          })
          expect(JSON.parse(sent)).toEqual(wanted)
        },
      ),
    )
  })

  it('keeps the text of what is kept: numbers, escapes and white space', async () => {
    const even: Decide = (element) => typeof element === 'number' && element % 2 === 0
    expect(await filtered('[1, 2.0e0,3 ,\n 18014398509481984000,5 ]\n', { elements: even })).toBe(
      '[ 2.0e0 ,\n 18014398509481984000 ]\n',
    )
    expect(await filtered('["\\u0041\\"]", "b"]\n', { elements: (element) => element !== 'b' })).toBe(
      '["\\u0041\\"]"]\n',
    )
  })

  it.each([
    ['the first', '[2,3]', 1],
    ['one between', '[1,3]', 2],
    ['the last', '[1,2]', 3],
  ])('drops %s with its comma', async (_, wanted, dropped) => {
    expect(await filtered('[1,2,3]', { elements: (element) => element !== dropped })).toBe(wanted)
  })

  it('is an empty array when all are dropped, and null when Go had no slice', async () => {
    expect(await filtered('[{},{}]\n', { elements: () => false })).toBe('[]\n')
    expect(await filtered('null\n', { elements: () => false })).toBe('null\n')
  })

  it('keeps the text of numbers in an element that is changed', async () => {
    const change: Decide = () => (value) => [value, 'more']
    expect(await filtered('[{"a": 1.50, "b":9007199254740993}]', { elements: change })).toBe(
      '[[{"a":1.50,"b":9007199254740993},"more"]]',
    )
  })

  it('drops what is without a mark unread, wherever its bytes are cut', async () => {
    const asked: unknown[] = []
    const plan: Plan = { elements: (element) => asked.push(element) > 0, mark: Buffer.from('"a":"b"') }
    expect(await filtered('[{"a":"c"},{"a":"b","n":1},{"x":[1}},{"a":"b"}]\n', plan)).toBe(
      '[{"a":"b","n":1},{"a":"b"}]\n',
    )
    expect(asked).toEqual([{ a: 'b', n: 1 }, { a: 'b' }])
  })

  it('passes what is decided before it asks for more bytes', async () => {
    async function* engine() {
      yield Buffer.from('[1,2,')
      throw new Error('asked for more')
    }
    const answer = filterAnswer(engine(), KEEP_ALL)[Symbol.asyncIterator]()
    expect((await answer.next()).value?.toString()).toBe('[1,2')
  })

  it('passes what is decided before it waits for the next decision', async () => {
    const slow = new Promise<boolean>(() => {})
    const decide: Decide = (element) => (element === 3 ? slow : true)
    const answer = filterAnswer(inChunks('[1,2,3]'), { elements: decide })[Symbol.asyncIterator]()
    expect((await answer.next()).value?.toString()).toBe('[1,2')
  })
})

describe('an object that streams past', () => {
  it('is byte for byte the same when everything is kept, however it is chunked', async () => {
    const names = fc.constantFrom('Volumes', 'Warnings', 'a', '__proto__', '"')
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, fc.array(json)), spaces, cuts, async (object, between, at) => {
        const text = spaced(object, between)
        const plan = inside(['Volumes', 'a', '__proto__'], () => true)
        expect(await textFrom(filterAnswer(inChunks(text, at), plan))).toBe(text)
      }),
    )
  })

  it('filters the arrays of the members that the plan names, and tells which', async () => {
    const asked: string[] = []
    const plan = inside(['A', 'B', 'D'], (element, member) => {
      asked.push(`${member}${element}`)
      return element !== 2
    })
    expect(await filtered('{"A":[1,2],"B":null,"C":[2],"D":[2,2]}\n', plan)).toBe('{"A":[1],"B":null,"C":[2],"D":[]}\n')
    expect(asked).toEqual(['A1', 'A2', 'D2', 'D2'])
  })

  it('drops and changes members with their names and commas', async () => {
    const plan: Plan = { members: (name) => (name === 'c' ? () => () => 'new' : () => name === 'b') }
    expect(await filtered('{"a":1, "b": 2 ,"c":{"d":3},"e":[]}', plan)).toBe('{ "b": 2 ,"c":"new"}')
    expect(await filtered('{"a":1,"e":[]}', plan)).toBe('{}')
  })

  it('adds members at its end, behind what was kept or alone', async () => {
    const added = (kept: boolean): Plan => ({ members: () => () => kept, finish: () => ({ sum: 'own' }) })
    expect(await filtered('{"a":1 }', added(true))).toBe('{"a":1,"sum":"own" }')
    expect(await filtered('{"a":1}', added(false))).toBe('{"sum":"own"}')
  })
})

describe('an answer that cannot be read', () => {
  it.each([
    ['ends in an element', '[1,{"a":'],
    ['ends in a string', '["a'],
    ['ends before its end', '[1'],
    ['is empty', ''],
    ['goes on behind its end', '[1][2]'],
    ['has no comma', '[1 2]'],
    ['has a comma too many', '[1,]'],
    ['begins with a comma', '[,1]'],
    ['is no array', '{"a":1}'],
    ['begins as no array', '7]'],
    ['is an error', '"oops"'],
    ['has an element that is no JSON', '[1,nope]'],
    ['has brackets that do not fit', '[{"a":[1}]]'],
    ['closes as what it is not', '[1}'],
    ['has a byte order mark', '\ufeff[1]'],
    ['is only like null', 'nul'],
  ])('breaks off when it %s', async (_, text) => {
    expect(await breaksOff(filterAnswer(byteByByte(text), KEEP_ALL))).toBe('engine-broken')
    expect(await breaksOff(filterAnswer(inChunks(text), KEEP_ALL))).toBe('engine-broken')
  })

  it.each([
    ['a name that is none', '{1:2}'],
    ['no colon', '{"a" 1}'],
    ['no value', '{"a":}'],
    ['a comma at the end', '{"a":1,}'],
    ['a filtered member that is an object', '{"A":{}}'],
    ['a filtered member that is a number', '{"A":1}'],
  ])('breaks off at an object with %s', async (_, text) => {
    expect(
      await breaksOff(
        filterAnswer(
          byteByByte(text),
          inside(['A'], () => true),
        ),
      ),
    ).toBe('engine-broken')
  })

  it('breaks off when a change needs to read what has a name twice', async () => {
    const change: Plan = { elements: () => (value) => value }
    expect(await breaksOff(filterAnswer(inChunks('[{"a":1,"a":2}]'), change))).toBe('engine-broken')
  })

  it('breaks off when nothing of it is for the client, instead of passing an empty answer', async () => {
    expect(await breaksOff(filterAnswer(inChunks('{"Id":"theirs"}\n'), () => false))).toBe('engine-broken')
  })

  it('breaks off at an element of more than 32 MiB, and does not read on', async () => {
    const mebibyte = Buffer.alloc(1024 * 1024, 'x')
    let sent = 0
    async function* engine() {
      yield Buffer.from('["')
      for (; sent < 100; sent += 1) yield mebibyte
    }
    expect(await breaksOff(filterAnswer(engine(), KEEP_ALL))).toBe('engine-broken')
    expect(sent).toBeLessThan(40)
  })

  it('says no word of what the engine sent', async () => {
    const answer = filterAnswer(inChunks('[{"Env":["PASSWORD=hunter2"],}]'), KEEP_ALL)
    await expect(textFrom(answer)).rejects.toThrow(/^(?!.*hunter2)the engine's answer cannot be read: /)
  })
})

describe('an answer that is changed as a whole', () => {
  it('is the changed value, and keeps its line end', async () => {
    expect(await filtered('{"a":1}\n', () => (value) => [value])).toBe('[{"a":1}]\n')
  })

  it('is the same value when nothing is changed', () => {
    fc.assert(
      fc.property(json, spaces, (value, between) => {
        const written = rewriteWhole(Buffer.from(spaced(value, between)), (same) => same)
        expect(JSON.parse(written.toString())).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
