import { describe, expect, it } from 'vitest'
import { OPERATION_BY_ID, OPERATIONS } from '../../../src/engine/operations.ts'
import { recognise } from '../../../src/engine/recognise.ts'
import { judgeQuery } from '../../../src/inspect/judge/query.ts'
import { retarget } from '../../../src/inspect/judge/query-request.ts'
import { EXAMPLES } from '../../engine/examples.ts'
import { contextOf, query, refused, sent } from './asked.ts'

const VALUES: Readonly<Record<string, string>> = {
  buildargs: '{"a":"b"}',
  cachefrom: '["a"]',
  changes: 'CMD x',
  labels: '{"a":"b"}',
  outputs: '[{"Type":"local"}]',
  ulimits: '[{"Name":"core","Soft":1,"Hard":1}]',
}

/** The operation with a value of every parameter that it has, so that each asks for something. */
function everything(id: string, path: string): string {
  const spec = OPERATIONS.find((operation) => operation.id === id)
  const parameters = (spec?.query ?? []).filter(({ dropped }) => dropped === undefined).map(({ name }) => name)
  return `${spec?.method} ${path}${query(Object.fromEntries(parameters.map((name) => [name, VALUES[name] ?? '1'])))}`
}

const OPERATOR = `
workload: {hostFields: ["*"], labels: {}, privileged: true}
exec: {commands: any}
build: {tags: ["**"], remotes: ["https://**"], limits: {memory: unlimited, memorySwap: unlimited, cpus: unlimited, shmSize: unlimited}}
registries: {pull: ["**"], push: ["**"], load: true, import: true, save: true, export: true}
archive: {get: ["/**"], put: ["/**"]}`

describe('the table of judges', () => {
  it.each(EXAMPLES.map(([id, , path]) => [id, path]))('has no parameter of %s without a judge', (id, path) => {
    const spec = OPERATION_BY_ID.get(id as never)
    const headers = (spec?.headers ?? []).flatMap((name) => [name.replace('*', 'x'), 'abcd'])
    const request = everything(id, path)
    const [method = '', target = ''] = request.split(' ')
    const { findings } = judgeQuery(recognise(method, target), headers, contextOf('{}', { buildkit: true }))
    expect(findings.map(({ why }) => why).filter((why) => why.includes('no judge'))).toEqual([])
  })

  it.each(EXAMPLES.map(([id, , path]) => [id, path]))('leaves nothing of %s to refuse to an operator', (id, path) => {
    // A pull and an import at once, and a build with everything, are asked for by no client.
    const plain: Readonly<Record<string, string>> = {
      ImageBuild: 'POST /build?t=a',
      ImageCreate: `POST ${path}?fromImage=a`,
    }
    const request = plain[id] ?? everything(id, path)
    expect(refused(OPERATOR, request, { buildkit: true })).toEqual([])
  })

  it('gives back the operation itself where nothing is to be judged', () => {
    const operation = recognise('GET', '/v1.41/containers/json?all=1&filters=%7B%7D')
    expect(judgeQuery(operation, [], contextOf('')).operation).toBe(operation)
  })
})

describe('the target that is sent', () => {
  it.each(EXAMPLES.map(([id, spec, path]) => [id, spec.method, path]))(
    'is written for %s as it is recognised',
    (_, method, path) => {
      for (const version of ['', '/v1.41']) {
        const operation = recognise(method, `${version}${path}`)
        expect(retarget(operation, operation.query)).toEqual(operation)
      }
    },
  )

  it('recognises to what was judged', () => {
    const role = 'registries: {pull: ["**"]}'
    const target = sent(role, 'POST /v1.41/images/create?fromImage=acme.io/x&tag=1&platform=a%26b%20c')
    const operation = recognise('POST', target)
    expect(operation.target).toBe(target)
    expect(operation.query).toEqual([
      ['fromImage', 'acme.io/x'],
      ['tag', '1'],
      ['platform', 'a&b c'],
    ])
  })

  it('keeps the order of what came, with what is new behind it', () => {
    const operation = recognise('POST', '/build?rm=1&t=a&t=b&q=1')
    expect(retarget(operation, [...operation.query, ['memory', '1']]).target).toBe('/build?rm=1&t=a&t=b&q=1&memory=1')
  })
})

describe('what reaches the host (T83, T110, T113)', () => {
  it.each([
    ['POST /containers/box/start?checkpoint=x', 'checkpoint'],
    ['POST /containers/box/start?checkpoint-dir=/etc', 'checkpoint-dir'],
    ['GET /containers/box/checkpoints?dir=/etc', 'dir'],
    ['DELETE /containers/box/checkpoints/c', '{checkpoint}'],
    ['GET /containers/box/top?ps_args=-ef', 'ps_args'],
    ['POST /services/web/update?version=1&rollback=previous', 'rollback'],
    ['GET /plugins/privileges?remote=vieux/sshfs', 'remote'],
    ['POST /plugins/pull?remote=vieux/sshfs', 'remote'],
    ['POST /plugins/pull?name=sshfs', 'name'],
    ['POST /plugins/sshfs/upgrade?remote=vieux/sshfs', 'remote'],
    ['POST /plugins/create?name=x', 'name'],
    ['POST /plugins/sshfs/push', '{name}'],
    ['DELETE /plugins/sshfs?force=1', 'force'],
    ['POST /plugins/sshfs/disable?force=true', 'force'],
  ])('%s needs %s among the fields of the host', (request, field) => {
    const found = refused('', request)
    expect(found.find((text) => text.startsWith(`${field}: `))).toMatch(/ \(workload\.hostFields\)$/)
    const fields = field === 'name' ? ['name', '(body)'] : [field]
    sent(`workload: {hostFields: ${JSON.stringify(fields)}}`, request)
  })

  it.each(['0', 'false', 'No', ' NONE ', ''])('T28 takes force=%j for false, as the engine does', (force) => {
    sent('', `DELETE /plugins/sshfs${query({ force })}`)
  })

  it.each(['1', 'off', 'n', 'no\ufeff'])('T28 takes force=%j for true, as the engine does', (force) => {
    expect(refused('', `DELETE /plugins/sshfs${query({ force })}`)).toHaveLength(1)
  })

  it('refuses a plugin that the client sends', () => {
    expect(refused('workload: {hostFields: [name]}', 'POST /plugins/create?name=x')).toEqual([
      '(body): a value (workload.hostFields)',
    ])
  })

  it('takes what asks for nothing', () => {
    sent('', 'POST /containers/box/start')
    sent('', 'POST /containers/box/start?checkpoint=&checkpoint-dir=')
    sent('', 'GET /containers/box/top')
    sent('', 'POST /services/web/update?version=1&rollback=')
  })
})
