import { readFileSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCaller } from '../../src/cli/explain-caller.ts'
import { explainRequest } from '../../src/cli/explain-decision.ts'
import type { Caller, Header, Question } from '../../src/cli/explain-question.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from '../../src/pki/token.ts'
import { recordId, type Scene, startScene } from '../attack/scene.ts'
import { header } from '../inspect/archive/archives.ts'

let scene: Scene
let loaded: LoadedConfig

beforeAll(async () => {
  scene = await startScene({
    ci: '{ extends: ci-run }',
    pusher: '{ allow: [ImagePush], registries: { push: ["registry.acme.io/${claims.role}/**"] } }',
    cp: '{ allow: [PutContainerArchive], archive: { put: ["/srv/**"] } }',
  })
  loaded = loadConfig(scene.configuration)
})

afterAll(() => scene.close())

interface Wanted {
  readonly role: string
  readonly method: string
  readonly target: string
  readonly headers?: readonly Header[]
  readonly body?: string
}

const question = ({ method, target, headers = [], body }: Wanted, caller: Caller): Question => ({
  caller,
  method,
  target,
  headers: body === undefined || headers.length > 0 ? headers : [['Content-Type', 'application/json']],
  body:
    body === undefined
      ? null
      : { length: Buffer.byteLength(body, 'latin1'), stream: Readable.from([Buffer.from(body, 'latin1')]) },
})

const claimsOf = (role: string) => ({ iss: LOCAL_ISSUER, sub: `${role}@test`, aud: LOCAL_AUDIENCE, role })
const assumed = (role: string): Caller => ({
  principal: readCaller('claims.json', JSON.stringify(claimsOf(role)), loaded.config.issuers),
})
const explain = (wanted: Wanted, caller = assumed(wanted.role)) => explainRequest(loaded, question(wanted, caller))

/** What the gate itself makes of it: its refusal, or that the engine's answer came. */
async function asked({ role, method, target, headers = [], body }: Wanted) {
  const token = await scene.token(`${role}@test`, role)
  const answer = await scene.send(method, target, {
    role: null,
    headers: [`Authorization: Bearer ${token}`, ...headers.map(([name, value]) => `${name}: ${value}`)],
    ...(body === undefined ? {} : { body }),
  })
  if (answer.status === 200) return { status: null, reason: 'allowed', message: '' }
  const id = recordId(answer)
  const { message } = answer.json() as { message: string }
  const { reason } = await scene.record(id)
  return {
    status: answer.status,
    reason,
    message: message.slice('dockgate: '.length, -` (record ${id})`.length).trimEnd(),
  }
}

const create = (body: object | string, target = '/v1.43/containers/create?name=web') => ({
  role: 'ci',
  method: 'POST',
  target,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const get = (role: string, target: string) => ({ role, method: 'GET', target })
const post = (role: string, target: string) => ({ role, method: 'POST', target })
const tar = (...headers: Parameters<typeof header>[0][]) =>
  Buffer.concat([...headers.map((one) => header(one)), Buffer.alloc(1024)]).toString('latin1')
const put = (target: string, body: string): Wanted => ({
  role: 'cp',
  method: 'PUT',
  target,
  headers: [['Content-Type', 'application/x-tar']],
  body,
})

const CASES: readonly (readonly [string, string, Wanted])[] = [
  ['a list', 'allowed', get('reader', '/containers/json?all=1')],
  ['a ping of somebody without a role', 'allowed', get('nobody', '/_ping')],
  ['a container within the role', 'allowed', create({ Image: 'alpine', HostConfig: { Memory: 1_000_000_000 } })],
  ['a push of a name from the claims', 'allowed', post('pusher', '/images/registry.acme.io%2Fpusher%2Fa/push')],
  ['an archive of plain files', 'allowed', put('/containers/web/archive?path=/srv/a', tar({ name: 'a' }))],
  ['the start of an exec', 'operation-unknown', post('ci', '/exec/web/start')],
  ['an unknown operation', 'operation-unknown', get('operator', '/containers/web/nope')],
  ['a path that is not clean', 'target-malformed', get('operator', '/containers/../info')],
  ['a target beyond the limit of the listener', 'target-too-long', get('operator', `/info?a=${'a'.repeat(40_000)}`)],
  ['what exists only as HTTP/2', 'operation-not-carried', post('operator', '/moby.buildkit.v1.Control/Solve')],
  ['a caller without a binding', 'binding-none', get('nobody', '/containers/json')],
  ['an operation that the role lacks', 'operation-not-allowed', post('reader', '/containers/web/start')],
  ['standard input for a role without exec', 'operation-not-allowed', post('maker', '/containers/a/attach?stdin=1')],
  ['an unknown query parameter', 'query-unknown', get('reader', '/containers/json?alll=1')],
  ['filters that are no JSON', 'query-malformed', get('reader', '/containers/json?filters=x')],
  ['an image from elsewhere, by the query', 'request-not-allowed', post('ci', '/images/create?fromImage=evil.io/a')],
  ['a push elsewhere', 'request-not-allowed', post('pusher', '/images/registry.acme.io%2Fother%2Fa/push')],
  ['one field', 'request-not-allowed', create({ Image: 'alpine', HostConfig: { Privileged: true } })],
  [
    'several fields and defaults',
    'request-not-allowed',
    create({ Image: 'evil.io/a', HostConfig: { Binds: ['/etc:/etc'], PidMode: 'host', Memory: 1e12 }, Nope: 1 }),
  ],
  ['a create without a body', 'request-not-allowed', post('ci', '/containers/create')],
  ['a name twice in the body', 'body-malformed', create('{"Image":"alpine","Image":"evil.io/a"}')],
  ['a body that breaks off', 'body-malformed', create('{"Image":')],
  ['a field of a wrong type', 'body-field', create({ Image: ['alpine'] })],
  ['a body of more than 4 MiB', 'body-too-large', create(' '.repeat(5 * 1024 * 1024))],
  ['a form', 'content-type', { ...create('a=b'), headers: [['Content-Type', 'application/x-www-form-urlencoded']] }],
  ['a body where none belongs', 'body-unexpected', { ...post('ci', '/containers/web/start'), body: '{"Binds":[]}' }],
  [
    'credentials that are not base64',
    'http-malformed',
    { ...post('ci', '/images/create?fromImage=a'), headers: [['X-Registry-Auth', '{}']] },
  ],
  ['a directory that the role does not list', 'request-not-allowed', put('/containers/web/archive?path=/etc', tar())],
  [
    'a setuid file in an archive',
    'request-not-allowed',
    put('/containers/web/archive?path=/srv', tar({ mode: 0o4755 })),
  ],
  ['a broken archive', 'body-malformed', put('/containers/web/archive?path=/srv', 'x'.repeat(512))],
]

describe('explain', () => {
  it.each(CASES)('decides as the gate does: %s: %s', async (_what, reason, wanted) => {
    const { status, message, ...explained } = await explain(wanted)
    expect(explained.reason).toBe(reason)
    expect({ status, reason, message }).toEqual(await asked(wanted))
  })

  it.each(CASES)('decides alike for a token and for its claims: %s', async (_what, _reason, wanted) => {
    const token = await scene.token(`${wanted.role}@test`, wanted.role)
    const [assumedOutcome, proved] = [await explain(wanted), await explain(wanted, { token })]
    const plain = ({ notes: _, caller, ...rest }: typeof proved) => ({ ...rest, subject: caller?.subject })
    expect(plain(proved)).toEqual(plain(assumedOutcome))
    expect(proved.caller?.proof ?? 'token').toBe('token')
  })

  it('shows to the byte what the gate sends', async () => {
    const wanted = create({ Env: ['A=b'], Image: 'alpine', HostConfig: { Memory: 1_000_000_000 } })
    const { sent } = await explain(wanted)
    scene.engine.reset()
    expect(await asked(wanted)).toMatchObject({ reason: 'allowed' })
    const [request] = await scene.reached()
    expect(sent).toMatchObject({ method: request?.method, target: request?.target })
    expect(sent?.json).toBe(request?.body.toString())
    expect(sent?.json).toContain('"PidsLimit":1024')
  })

  it('sends nothing to the engine', async () => {
    await scene.reached()
    scene.engine.reset()
    for (const [, , wanted] of CASES) await explain(wanted)
    await scene.nothingReached()
  })

  it('names every field with what was asked and the key of the role that would allow it', async () => {
    const { findings } = await explain(create({ Image: 'alpine', HostConfig: { Privileged: true, PidMode: 'host' } }))
    expect(findings).toEqual([
      expect.objectContaining({ field: 'HostConfig.Privileged', asked: 'true', key: 'roles.ci.workload.privileged' }),
      expect.objectContaining({
        field: 'HostConfig.PidMode',
        asked: '"host"',
        key: 'roles.ci.workload.hostNamespaces',
      }),
    ])
  })

  it('shows the way through the bindings to the role, and what in the role gave the operation', async () => {
    const { bindings, role, operation } = await explain(get('viewer', '/v1.43/containers/web/logs'))
    expect(bindings.map(({ role: name, outcome }) => `${name} ${outcome}`).slice(0, 4)).toEqual([
      'operator condition-false',
      'reader condition-false',
      'viewer matched',
      'maker not-reached',
    ])
    expect(bindings[2]).toEqual({
      issuer: 'local',
      role: 'viewer',
      when: 'claims.role == "viewer"',
      outcome: 'matched',
      error: null,
    })
    expect(operation).toEqual({ id: 'ContainerLogs', access: 'read-sensitive', apiVersion: '1.43' })
    expect(role).toEqual({
      name: 'viewer',
      extends: 'admin',
      allow: ['read', 'read-sensitive'],
      allowedBy: 'read-sensitive',
      wouldAllow: [],
      objects: 'all',
    })
  })

  it('says what in the role would give an operation that it lacks', async () => {
    const { role } = await explain(post('maker', '/containers/web/attach?stdin=1'))
    expect(role).toMatchObject({ name: 'maker', allowedBy: null, wouldAllow: ['exec', 'ContainerAttach'] })
  })

  it('refuses a token that the gate refuses, in its words, and knows nobody by it', async () => {
    const wanted = get('reader', '/containers/json')
    const token = `${(await scene.token('reader@test', 'reader')).slice(0, -8)}AAAAAAAA`
    const { reason, message, caller, bindings, role } = await explain(wanted, { token })
    const answer = await scene.send('GET', wanted.target, { role: null, headers: [`Authorization: Bearer ${token}`] })
    expect((answer.json() as { message: string }).message).toBe(`dockgate: ${message} (record ${recordId(answer)})`)
    expect({ reason, caller, bindings, role }).toEqual({
      reason: 'token-signature',
      caller: null,
      bindings: [],
      role: null,
    })
  })

  it('shows names of headers and no value, as one may be a credential', async () => {
    const headers = [['X-Registry-Auth', 'c2VjcmV0']] as const
    const explanation = await explain({ ...post('ci', '/images/create?fromImage=alpine'), headers })
    expect(explanation.sent?.headers).toContain('X-Registry-Auth')
    expect(JSON.stringify(explanation)).not.toContain('c2VjcmV0')
  })

  it.each([
    [
      'that an exec is judged when it is made',
      post('ci', `/exec/${'a'.repeat(64)}/start`),
      /what an exec runs is judged/,
    ],
    ['that there was no body', post('ci', '/containers/create'), /judged without a body/],
    [
      'that there was no archive',
      { ...put('/containers/a/archive?path=/srv', ''), headers: [] },
      /without the archive/,
    ],
    [
      'that entries were judged',
      put('/containers/a/archive?path=/srv/a', tar({ name: 'a' })),
      /every entry .* was judged/,
    ],
    ['that claims are not proved', get('reader', '/info'), /taken as verified/],
    [
      'where links were followed',
      create({ Image: 'a', HostConfig: { Binds: ['/etc:/a'] } }),
      /followed on this machine/,
    ],
  ] as const)('notes %s', async (_what, wanted, note) => {
    expect((await explain(wanted)).notes.join('\n')).toMatch(note)
  })

  it('notes what conditions saw of the request, when one looks at it', async () => {
    const text = readFileSync(scene.configuration, 'utf8').replace(
      'bindings:\n',
      `bindings:\n  - { role: reader, issuer: local, when: 'request.address.inNetwork("10.0.0.0/8")' }\n`,
    )
    const file = `${scene.configuration}.request.yaml`
    writeFileSync(file, text)
    const explained = await explainRequest(loadConfig(file), question(get('operator', '/info'), assumed('operator')))
    expect(explained.bindings[0]).toMatchObject({ role: 'reader', outcome: 'condition-false' })
    expect(explained.role?.name).toBe('operator')
    expect(explained.notes).toContain('conditions saw a request on listener "plain", from no address, at this time')
    expect((await explain(get('operator', '/info'))).notes.join()).not.toContain('conditions saw')
  })

  it("sends a token in the header of the first listener's own", async () => {
    const text = readFileSync(scene.configuration, 'utf8').replace('name: plain,', 'name: plain, tokenHeader: X-Token,')
    const file = `${scene.configuration}.header.yaml`
    writeFileSync(file, text)
    const token = await scene.token('reader@test', 'reader')
    const explained = await explainRequest(loadConfig(file), question(get('reader', '/info'), { token }))
    expect(explained.reason).toBe('allowed')
  })
})
