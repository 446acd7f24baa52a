import { describe, expect, it } from 'vitest'
import { archiveRules, judgeArchiveFields } from '../../../src/inspect/judge/archive.ts'
import { operation } from '../../policy/fixtures.ts'
import { contextOf, query, querySent, refused } from './asked.ts'

const ROLE = 'archive: {get: ["/srv/**"], put: ["/srv/in/*"]}'

const get = (path: string) => `GET /v1.41/containers/box/archive${query({ path })}`
const head = (path: string) => `HEAD /v1.41/containers/box/archive${query({ path })}`
const put = (path: string) => `PUT /v1.41/containers/box/archive${query({ path, copyUIDGID: '1' })}`

describe('files that are fetched (T82)', () => {
  it.each([
    ['/srv/a', '/srv/a'],
    ['/srv', '/srv'],
    ['srv/a', '/srv/a'],
    ['/srv//a/./b', '/srv/a/b'],
    ['/etc/../srv/a', '/srv/a'],
    ['/srv/a/', '/srv/a/'],
    ['/srv/a/.', '/srv/a/.'],
    ['/srv/*', '/srv/*'],
    ['/srv/a b', '/srv/a b'],
  ])('takes %s, and sends %s', (path, clean) => {
    expect(querySent(ROLE, get(path))).toEqual({ path: clean })
    expect(querySent(ROLE, head(path))).toEqual({ path: clean })
  })

  it.each(['/etc/shadow', '/srv2', '/srv/../etc/shadow', '/', '.', '..', '/srv/..', '/Srv', '/srv\n', '/srv\\..\\etc'])(
    'refuses %j',
    (path) => {
      expect(refused(ROLE, get(path))).toHaveLength(1)
      expect(refused(ROLE, head(path))).toHaveLength(1)
      expect(refused('', get(path))).toHaveLength(1)
    },
  )

  it('names the path that was judged, and the key', () => {
    expect(refused(ROLE, get('/srv/../etc/shadow'))).toEqual(['path: "/etc/shadow" (archive.get)'])
  })

  it('takes the root where the role has everything', () => {
    const all = 'archive: {get: ["/**"]}'
    expect(querySent(all, get('/'))).toEqual({ path: '/' })
    expect(querySent(all, get('.'))).toEqual({ path: '/.' })
    expect(querySent(all, get('..'))).toEqual({ path: '/' })
  })

  it('leaves it to the engine to refuse a request without a path', () => {
    expect(querySent('', 'GET /containers/box/archive')).toEqual({})
  })

  it('judges the field of the old way to fetch a file', () => {
    const context = { ...contextOf(ROLE), operation: operation('ContainerCopy'), body: null, hostPaths: null }
    const asked = (value: string) => judgeArchiveFields([{ path: 'Resource', name: 'Resource', value }], context)
    expect(asked('/srv/a')).toEqual([])
    expect(asked('/srv/../etc/shadow')).toMatchObject([{ field: 'Resource', key: 'archive.get' }])
  })
})

describe('directories that are written to (T82)', () => {
  it('takes one that the role lists, and sends it clean', () => {
    expect(querySent(ROLE, put('/srv/in//x/'))).toEqual({ path: '/srv/in/x/', copyUIDGID: '1' })
  })

  it.each(['/srv/in', '/srv/in/x/y', '/srv/in/x/..', '/etc', '/'])('refuses %s', (path) => {
    expect(refused(ROLE, put(path))[0]).toMatch(/^path: ".*" \(archive\.put\)$/)
  })

  it('is refused where the role has no part for it', () => {
    expect(refused('archive: {get: ["/**"]}', put('/srv/in/x'))).toHaveLength(1)
  })
})

describe('how the entries of an archive are judged (T82)', () => {
  const refuse = () => new Error()
  const rules = (role: string) => archiveRules(contextOf(role).profile, refuse)

  it.each([
    ['archive: {put: ["/srv/**"]}', { anyLinks: false, special: false, refuse }],
    ['archive: {put: ["/srv/**", "/**"]}', { anyLinks: true, special: false, refuse }],
    ['{archive: {put: ["/srv/**"]}, workload: {privileged: true}}', { anyLinks: false, special: true, refuse }],
    ['{archive: {put: ["/**"]}, workload: {privileged: true}}', null],
    ['', { anyLinks: false, special: false, refuse }],
  ])('by %s', (role, wanted) => {
    expect(rules(role)).toEqual(wanted)
  })
})
