import { describe, expect, it } from 'vitest'
import { compileCondition } from '../../src/policy/condition.ts'
import { conditionKey, implies } from '../../src/policy/implies.ts'

const condition = (text: string | null) => {
  const made = text === null ? null : compileCondition(text)
  if (made !== null && 'problem' in made) throw new Error(made.problem)
  return made
}

describe('one condition implies another', () => {
  it.each([
    ['claims.a == "x"', null],
    ['claims.a == "x"', 'claims.a=="x"'],
    ['claims.a == "x" && claims.b == "y"', 'claims.b == "y"'],
    ['claims.a == "x" && (claims.b == "y" && subject == "z")', 'subject == "z" && claims.a == "x"'],
    [null, null],
  ])('%s: %s', (first, second) => {
    expect(implies(condition(first), condition(second))).toBe(true)
  })

  it.each([
    [null, 'claims.a == "x"'],
    ['claims.a == "x"', 'claims.a == "y"'],
    ['claims.a == "x"', 'claims.b == "x"'],
    ['claims.a == "x"', 'claims.a != "x"'],
    ['claims.a == "1"', 'claims.a == 1'],
    ['claims.a == 1u', 'claims.a == 2u'],
    ['claims.a == b"x"', 'claims.a == b"y"'],
    ['claims.a == "x" || claims.b == "y"', 'claims.a == "x"'],
    ['claims.b == "y"', 'claims.a == "x" && claims.b == "y"'],
    ['claims.l.exists(x, x == "a")', 'claims.l.exists(x, x == "b")'],
    ['request.time < timestamp("2027-02-01T00:00:00Z")', 'request.time < timestamp("2028-02-01T00:00:00Z")'],
  ])('not known of %s: %s', (first, second) => {
    expect(implies(condition(first), condition(second))).toBe(false)
  })
})

it.each([
  'has(claims.a) ? claims.a == "x" : false',
  'claims.l.all(x, x.startsWith("a")) && claims.m["k"][0] == 1.5',
  'claims.l.map(x, x + "y").filter(x, size(x) > 2).exists_one(x, x == "zy")',
  'request.address.inNetwork("10.0.0.0/8") && request.time.getHours("Europe/Berlin") < 18',
  'claims.n in [1, 2, -3] || claims.n == 2u || !(claims.b == true) || claims.c == null || claims.d == {"a": 1} || claims.e == b"x"',
])('knows %s again, and nothing else', (text) => {
  const key = conditionKey(condition(text))
  expect(conditionKey(condition(`(${text.replaceAll(' ', '  ')})`))).toBe(key)
  expect(conditionKey(condition(`!(${text})`))).not.toBe(key)
})
