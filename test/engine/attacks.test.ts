import { describe, expect, it } from 'vitest'
import { recognise } from '../../src/engine/recognise.ts'
import { outcome, refusal } from './examples.ts'

const MALFORMED = 'target-malformed'
const UNKNOWN = 'operation-unknown'

describe('T1 a path that is encoded twice, or more than it need be, is refused', () => {
  it.each([
    '/containers/%252e%252e/json',
    '/images/a%252Fb/json',
    '/networks/a%25',
    '/cont%61iners/json',
    '/containers/%6a/json',
    '/containers/%2d/json',
    '/v1%2e41/containers/json',
    '/%76%31.41/info',
  ])('%s', (target) => expect(outcome('GET', target)).toBe(MALFORMED))
})

describe('T2 a path that is not clean is refused', () => {
  it.each([
    '/../info',
    '/./info',
    '//info',
    '/v1.41//info',
    '/v1.41/../info',
    '/v1.41/./info',
    '/containers/../images/json',
    '/containers//json',
    '/images/a/../../containers/json',
    '/images/a/./b/json',
    '/images/a//b/json',
    '/containers/%2e%2e/images/json',
    '/containers/%2E/json',
    '/networks/..',
    '/networks/a/..',
    '/networks/.',
  ])('%s', (target) => expect(outcome('GET', target)).toBe(MALFORMED))
})

describe('T4 and T13 a version is v1.24 or newer, written canonically, and stands once', () => {
  it.each(['/v1.24/info', '/v1.41/info', '/v1.999/info', '/info'])('%s is recognised', (target) => {
    expect(outcome('GET', target)).toBe('SystemInfo')
  })

  it.each(['/v1.23/info', '/v1.12/info', '/v1.0/info', '/v0.1/info', '/v2.0/info', '/v1.1000/info', '/v99.0/info'])(
    '%s is a version that is not supported',
    (target) => expect(outcome('GET', target)).toBe('version-unsupported'),
  )

  it.each([
    '/V1.41/info',
    '/v/info',
    '/v1/info',
    '/v1./info',
    '/v.41/info',
    '/v1.44./info',
    '/v1.44.0.0/info',
    '/v1.41.0/info',
    '/v1.041/info',
    '/v0001.41.0.0/info',
    '/v01.41/info',
    '/v1..41/info',
    '/v1.41/v1.41/info',
    '/v1.41/v1/info',
    '/v1.41/V1.41/info',
  ])('%s is no version', (target) => expect(outcome('GET', target)).toBe(MALFORMED))

  it.each(['/v1.41', '/v1.4a/info', '/vv1.41/info', '/1.41/info'])('%s is no operation', (target) => {
    expect(outcome('GET', target)).toBe(UNKNOWN)
  })

  it('a version may be part of a name', () => {
    expect(recognise('GET', '/v1.41/containers/v1.41/json').params.id).toBe('v1.41')
  })
})

describe('T5 what is no plain character of a path is refused', () => {
  it.each([
    '/info;x',
    '/info;x=1',
    '/containers/a;b/json',
    '/containers/a%00/json',
    '/containers/a%5cb/json',
    '/containers/a\\b/json',
    '/containers/a%0a/json',
    '/containers/a%0d%0aX:y/json',
    '/containers/a%7f/json',
    '/networks/a%1fb',
    '/info\n',
    '/info\r\nX: y',
    '/info ',
    '/info\t',
    '/\u0000info',
    '/networks/é',
    '/networks/%e9',
    '/networks/%c0%af',
    '/networks/%ed%a0%80',
    '/networks/%',
    '/networks/%4',
    '/networks/%zz',
    '/networks/a"b',
    '/networks/a<b',
    '/networks/a|b',
    '/networks/a{b}',
    '/networks/a^b`c',
  ])('%j', (target) => expect(outcome('GET', target)).toBe(MALFORMED))

  it.each([
    '/INFO',
    '/Containers/json',
    '/containers/JSON',
    '/containers/a%20b/json',
    '/volumes/a%3Bb',
    '/networks/a%23b',
  ])('%s is no operation', (target) => expect(outcome('GET', target)).toBe(UNKNOWN))

  it('two normalisation forms of one name stay two names', () => {
    expect(recognise('GET', '/networks/%C3%A9').target).toBe('/networks/%C3%A9')
    expect(recognise('GET', '/networks/e%CC%81').target).toBe('/networks/e%CC%81')
  })

  it('characters that look like a slash or a dot are not taken for them', () => {
    expect(recognise('GET', '/networks/a%EF%BC%8Fb').params.id).toBe('a／b')
    expect(outcome('GET', '/containers/a%EF%BC%8Fb/json')).toBe(UNKNOWN)
  })
})

describe('T6 a target is in origin form, without a fragment, and ends in no slash', () => {
  it.each([
    'http://docker/info',
    'http://docker/v1.41/info',
    'tcp://docker:2375/info',
    'docker:2375',
    'info',
    '*',
    '',
    '/info#',
    '/info#x',
    '/info?#x',
    '/info/',
    '/v1.41/',
    '/v1.41/info/',
    '/containers/json/',
    '/containers/a/json/',
    '/',
  ])('%j', (target) => {
    for (const method of ['GET', 'OPTIONS']) expect(outcome(method, target)).toBe(MALFORMED)
  })

  it('what follows the question mark never takes part in the path', () => {
    expect(refusal('GET', '/info?/../containers/json').reason).toBe('query-unknown')
    expect(recognise('GET', '/info?').target).toBe('/info')
  })
})

describe('T7 only the names of images, plugins and networks span slashes', () => {
  it.each([
    ['POST', '/containers/mine/x/exec'],
    ['GET', '/containers/mine/x/json'],
    ['GET', '/containers/mine/attach/ws/json'],
    ['DELETE', '/containers/mine/x'],
    ['POST', '/exec/a/b/start'],
    ['GET', '/volumes/a/b'],
    ['GET', '/nodes/a/b'],
    ['POST', '/services/a/b/update'],
    ['GET', '/secrets/a/b'],
    ['GET', '/debug/pprof/a/b'],
    ['POST', '/moby.buildkit.v1.Control/a/b'],
  ])('%s %s', (method, target) => expect(outcome(method, target)).toBe(UNKNOWN))

  it('the operation is decided from the end of the path', () => {
    const operation = recognise('GET', '/images/a/json/b/history')
    expect([operation.spec.id, operation.params.name]).toEqual(['ImageHistory', 'a/json/b'])
  })
})

describe('T9 what is not in the table is no operation', () => {
  it.each([
    ['GET', '/containers/a/attestations'],
    ['GET', '/containers/a/processes'],
    ['POST', '/containers/a/json'],
    ['GET', '/containers/a'],
    ['GET', '/containers'],
    ['GET', '/images/a'],
    ['GET', '/images/a/new'],
    ['GET', '/containers/a/attach'],
    ['POST', '/containers/a/attach/ws'],
    ['GET', '/session'],
    ['GET', '/grpc'],
    ['GET', '/__proto__'],
    ['GET', '/constructor/json'],
    ['GET', '/{/json'],
    ['GET', '/%7B/json'],
  ])('%s %s', (method, target) => expect(outcome(method, target)).not.toMatch(/^[A-Z]/))
})

describe('T11 a method is one of six words, in capitals', () => {
  it.each(['get', 'Get', 'GET ', 'PATCH', 'TRACE', 'CONNECT', 'PRI', '', '__proto__', 'constructor', 'QUERY'])(
    '%j',
    (method) => expect(outcome(method, '/info')).toBe(UNKNOWN),
  )

  it.each(['/info', '/containers/json', '/containers/a/json', '/images/json'])('HEAD %s is no operation', (target) => {
    expect(outcome('HEAD', target)).toBe(UNKNOWN)
  })
})

describe('T14 an empty name is refused', () => {
  it.each([
    ['DELETE', '/networks/'],
    ['DELETE', '/v1.41/networks/'],
    ['DELETE', '/containers/'],
    ['DELETE', '/images/'],
    ['DELETE', '/volumes/'],
    ['DELETE', '/plugins/'],
    ['GET', '/plugins/'],
    ['GET', '/containers//json'],
    ['POST', '/networks//connect'],
    ['GET', '/exec//json'],
    ['POST', '/exec//start'],
    ['DELETE', '/networks/#'],
  ])('%s %s', (method, target) => expect(outcome(method, target)).toBe(MALFORMED))
})

describe('T15 the deletion of a checkpoint is not the deletion of a container', () => {
  it('is CheckpointDelete, with both names', () => {
    const operation = recognise('DELETE', '/containers/a/checkpoints/b?dir=x')
    expect(operation.spec.id).toBe('CheckpointDelete')
    expect({ ...operation.params }).toEqual({ id: 'a', checkpoint: 'b' })
  })

  it('is nothing without the name of the checkpoint', () => {
    expect(outcome('DELETE', '/containers/a/checkpoints')).toBe(UNKNOWN)
    expect(outcome('DELETE', '/containers/a/checkpoints/')).toBe(MALFORMED)
    expect(outcome('DELETE', '/containers/a/checkpoints/b/c')).toBe(UNKNOWN)
  })
})

describe('T27 a query is read without doubt', () => {
  it.each([
    ['GET', '/containers/json?all=1&all=0', 'query-repeated'],
    ['GET', '/containers/json?all=1&%61ll=0', 'query-repeated'],
    ['POST', '/containers/a/attach?stdin=0&stdin=1', 'query-repeated'],
    ['GET', '/containers/json?All=1', 'query-unknown'],
    ['GET', '/containers/json?all=1;limit=2', 'query-malformed'],
    ['GET', '/containers/json?;', 'query-malformed'],
    ['GET', '/containers/json?=1', 'query-unknown'],
    ['GET', '/containers/json?all%00=1', 'query-malformed'],
    ['GET', '/containers/json?__proto__=1', 'query-unknown'],
    ['GET', '/info?all=1', 'query-unknown'],
    ['GET', '/containers/json?filters={"label":["a"]}', MALFORMED],
  ])('%s %s', (method, target, reason) => expect(outcome(method, target)).toBe(reason))
})
