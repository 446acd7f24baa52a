import { describe, expect, it } from 'vitest'
import { boolValue } from '../../src/engine/query.ts'
import { recognise } from '../../src/engine/recognise.ts'
import { outcome, refusal } from './examples.ts'

describe('T28 a boolean is read as the engine reads it', () => {
  it.each([
    '',
    '0',
    'no',
    'false',
    'none',
    'NO',
    'False',
    'nOnE',
    ' 0 ',
    '\t\n\v\f\rno',
    '\u0085no\u00a0',
    '\u2003false\u3000',
  ])('%j is false', (value) => expect(boolValue(value)).toBe(false))

  it.each([
    '1',
    'true',
    'yes',
    'on',
    'f',
    'n',
    'off',
    'null',
    '00',
    '0.0',
    '-0',
    'nil',
    '\ufeff',
    '\ufeff0',
    'falſe',
    'n o',
  ])('%j is true', (value) => expect(boolValue(value)).toBe(true))
})

describe('a query', () => {
  it('keeps the order of the client', () => {
    const operation = recognise('GET', '/containers/json?size=1&all=0&limit=3')
    expect(operation.query).toEqual([
      ['size', '1'],
      ['all', '0'],
      ['limit', '3'],
    ])
    expect(operation.target).toBe('/containers/json?size=1&all=0&limit=3')
  })

  it('is decoded once, and encoded again in one spelling', () => {
    const operation = recognise('GET', "/containers/json?filters=%7b%22a%22:+['%2b%2525']%7d")
    expect(operation.query).toEqual([['filters', `{"a": ['+%25']}`]])
    expect(operation.target).toBe('/containers/json?filters=%7B%22a%22%3A%20%5B%27%2B%2525%27%5D%7D')
  })

  it('may have empty pieces, names without a value, and values with "=" and "?"', () => {
    const operation = recognise('GET', '/containers/json?&&all&limit=&filters=a=b?c&')
    expect(operation.query).toEqual([
      ['all', ''],
      ['limit', ''],
      ['filters', 'a=b?c'],
    ])
    expect(operation.target).toBe('/containers/json?all=&limit=&filters=a%3Db%3Fc')
  })

  it('may repeat what the engine reads as a list', () => {
    const operation = recognise('POST', '/build?t=a:1&t=b:2&extrahosts=x:1&extrahosts=y:2')
    expect(operation.query.map(([name]) => name)).toEqual(['t', 't', 'extrahosts', 'extrahosts'])
    expect(operation.target).toBe('/build?t=a%3A1&t=b%3A2&extrahosts=x%3A1&extrahosts=y%3A2')
  })

  it('loses what no engine reads, however often it came', () => {
    const operation = recognise('GET', '/containers/json?trunc_cmd=0&all=1&trunc_cmd=1')
    expect(operation.query).toEqual([['all', '1']])
    expect(operation.target).toBe('/containers/json?all=1')
  })

  it.each(['all=%', 'all=%4', 'all=%zz', 'all=%ff', 'all=%c0%af', 'all=%ed%a0%80', '%=1', 'filters=a%00b'])(
    'is refused when it cannot be decoded: %s',
    (query) => expect(outcome('GET', `/containers/json?${query}`)).toBe('query-malformed'),
  )

  it('has at most 1024 pieces', () => {
    expect(outcome('POST', `/build?${'t=a&'.repeat(1023)}t=a`)).toBe('ImageBuild')
    expect(outcome('POST', `/build?${'t=a&'.repeat(1024)}t=a`)).toBe('query-malformed')
  })
})

describe('the refusal of a query', () => {
  it.each([
    ['GET', '/containers/json?filter=x', 'ContainerList has no query parameter "filter"; did you mean "filters"?'],
    ['GET', '/containers/json?ALL=1', 'ContainerList has no query parameter "ALL"; did you mean "all"?'],
    ['GET', '/containers/json?FILTER=x', 'ContainerList has no query parameter "FILTER"; did you mean "filters"?'],
    ['GET', '/containers/json?wallpaper=1', 'ContainerList has no query parameter "wallpaper"'],
    ['GET', '/containers/json?limit=1&limit=2', 'ContainerList: the query parameter "limit" may appear only once'],
    ['GET', '/info?x=1', 'SystemInfo has no query parameter "x"'],
    ['POST', '/containers/a/attach?hijak=1', 'ContainerAttach has no query parameter "hijak"'],
  ])('%s %s names the operation and the parameter', (method, target, message) => {
    expect(refusal(method, target).message).toBe(message)
  })

  it('shows no value, which may be a secret', () => {
    for (const query of [
      'buildargs=hunter2&nope=hunter2',
      'buildargs=hunter2;',
      'buildargs=hunter2%ff',
      't=hunter2#',
    ]) {
      expect(refusal('POST', `/build?${query}`).message).not.toContain('hunter2')
    }
  })

  it('shows only the beginning of a long name, on one line', () => {
    const { message } = refusal('GET', `/info?${'%0a%1b'.repeat(5000)}=1`)
    expect(message.length).toBeLessThan(200)
    expect(message).toMatch(/^[\x20-\x7e…]*$/)
  })
})
