import { describe, expect, it } from 'vitest'
import { createFindings } from '../../src/config/findings.ts'
import { roleSchema } from '../../src/config/schema.ts'
import { recognise } from '../../src/engine/recognise.ts'
import { collectFacts } from '../../src/inspect/facts/collect.ts'
import { judgeQuery } from '../../src/inspect/judge/query.ts'
import { roleOf } from '../../src/learn/role.ts'
import { nothingSeen, see } from '../../src/learn/seen.ts'
import { compileRole } from '../../src/policy/role.ts'
import { principalWith } from '../policy/fixtures.ts'

const principal = principalWith()
const json = (value: unknown) => encodeURIComponent(JSON.stringify(value))
const DIGEST = `sha256:${'0'.repeat(64)}`

const factsOf = (request: string, headers: readonly string[] = []) => {
  const [method = '', target = ''] = request.split(' ')
  const operation = recognise(method, target)
  return {
    operation,
    facts: collectFacts({ operation, principal, headers, checked: null, body: null, hostPaths: null }),
  }
}
const learnedOf = (...requests: string[]) => {
  const seen = nothingSeen()
  for (const request of requests) {
    const { operation, facts } = factsOf(request)
    see(seen, { issuer: 'local', subject: 'a', operation: operation.spec.id, asked: facts })
  }
  return { seen, role: roleOf(seen) }
}
const refused = (role: unknown, request: string) => {
  const findings = createFindings()
  const compiled = compileRole('learned', roleSchema.parse(role), findings)
  expect(findings.problems).toEqual([])
  const { operation } = factsOf(request)
  expect(compiled.operations).toContain(operation.spec.id)
  const { profile } = compiled
  return judgeQuery(operation, [], { profile, principal, buildkit: compiled.operations.has('Session') }).findings
}

describe('what is asked for by a query', () => {
  it.each([
    ['POST /images/create?fromImage=alpine&tag=3.20', { pull: ['docker.io/library/alpine:3.20'] }],
    ['POST /images/create?fromImage=alpine', { pull: ['docker.io/library/alpine'] }],
    [`POST /images/create?fromImage=alpine&tag=${DIGEST}`, { pull: [`docker.io/library/alpine@${DIGEST}`] }],
    ['POST /images/create?fromSrc=-&repo=a/b&tag=c', { transfer: ['import'], tags: ['docker.io/a/b:c'] }],
    [
      'POST /images/create?fromSrc=example.com/rootfs.tar&changes=LABEL%20a=b',
      { transfer: ['import'], build: { remotes: ['http://example.com/rootfs.tar'] }, labels: 1 },
    ],
    ['POST /images/registry.acme.io/app/push?tag=1', { push: ['registry.acme.io/app:1'] }],
    ['POST /images/alpine/tag?repo=acme/app&tag=2', { tags: ['docker.io/acme/app:2'] }],
    ['POST /commit?container=x&repo=acme/app&tag=3', { tags: ['docker.io/acme/app:3'] }],
    ['POST /images/load', { transfer: ['load'] }],
    ['GET /images/get?names=a/b', { transfer: ['save'] }],
    ['GET /containers/x/export', { transfer: ['export'] }],
    ['GET /distribution/alpine/json', { pull: ['docker.io/library/alpine:latest'] }],
    ['GET /images/search?term=alpine', { pull: ['docker.io/library/alpine:latest'] }],
    ['GET /containers/x/archive?path=/etc/../srv', { archive: { get: ['/srv'] } }],
    ['PUT /containers/x/archive?path=/srv', { archive: { put: ['/srv'] } }],
    ['POST /containers/x/attach?stream=1&stdin=1', { attachInput: true }],
    ['POST /build', { build: {} }],
    [
      `POST /build?t=acme/app:1&t=acme/app:2&buildargs=${json({ A: 'x' })}&labels=${json({ l: 'x' })}&networkmode=host&cachefrom=${json(['alpine'])}&memory=1024&cpuquota=50000&ulimits=${json([{ Name: 'nofile', Soft: 1, Hard: 2 }])}&cgroupparent=/x`,
      {
        labels: 1,
        tags: ['docker.io/acme/app:1', 'docker.io/acme/app:2'],
        hostFields: ['cgroupparent'],
        build: {
          arguments: ['A'],
          cacheFrom: ['docker.io/library/alpine:latest'],
          entitlements: ['network.host'],
          limits: { memory: 1024, cpus: 0.5, ulimits: { nofile: 2 } },
        },
      },
    ],
    [
      `POST /build?remote=https://github.com/acme/app.git&networkmode=net&memory=-1&securityopt=x&outputs=${json([{ Type: 'local', Attrs: {} }])}`,
      {
        build: {
          remotes: ['https://github.com/acme/app.git'],
          networks: ['net'],
          entitlements: ['security.insecure'],
          limits: { memory: 'unlimited' },
          outputs: ['local'],
        },
      },
    ],
    ['POST /build?version=2&session=abc', { build: { buildkit: true } }],
  ])('%s', (request, facts) => {
    expect(JSON.parse(JSON.stringify(factsOf(request).facts))).toEqual(facts)
    if (request.includes('version=2')) return
    const { role } = learnedOf(request)
    expect(refused(role, request)).toEqual([])
  })

  it.each(['GET /containers/json', 'GET /info', 'POST /containers/x/start', 'DELETE /containers/x?force=1'])(
    'is nothing for %s',
    (request) => {
      expect(factsOf(request).facts).toBeNull()
    },
  )

  it('has no URL with credentials', () => {
    expect(factsOf(`POST /build?remote=${encodeURIComponent('https://me:hunter2@host/x')}`).facts).toEqual({
      build: {},
      cut: true,
    })
  })

  it('is a role with BuildKit where its tunnels were used, which says what that is', () => {
    const { role } = learnedOf('POST /build?version=2&session=abc', 'POST /session', 'POST /grpc')
    expect(role).toMatchObject({ allow: ['ImageBuild', 'Session', 'Grpc'], workload: { privileged: true } })
    expect(refused(role, 'POST /build?version=2&session=abc')).toEqual([])
  })
})
