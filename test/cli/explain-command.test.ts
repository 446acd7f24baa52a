import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type QuestionOptions, readQuestion } from '../../src/cli/explain-question.ts'
import { UsageError } from '../../src/cli/failure.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { type Workplace, workplace } from './program.ts'

let place: Workplace
let key: string

const CREATE = { Image: 'alpine', Env: ['PASSWORD=hunter2'], HostConfig: { Memory: 1_000_000_000 } }

beforeEach(() => {
  place = workplace()
  key = createTokenKey()
  const write = (name: string, content: string | object) =>
    writeFileSync(join(place.folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  write('token.pem', publicTokenKey(key))
  write('dockgate.yaml', CONFIG)
  write('claims.json', { iss: LOCAL_ISSUER, sub: 'me', ref: 'main' })
  write('create.json', CREATE)
  write('privileged.json', { ...CREATE, HostConfig: { Privileged: true, PidMode: 'host' } })
})

afterEach(() => place.remove())

const CONFIG = `
listeners: [{ address: '127.0.0.1:0' }]
engine: unix:///nowhere/docker.sock
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }
  away: { jwt: { issuer: 'http://127.0.0.1:1', audience: '${LOCAL_AUDIENCE}' } }
roles:
  observer: { allow: [read] }
  ci: { extends: ci-run }
bindings:
  - { role: ci, issuer: away }
  - { role: observer, issuer: local, when: 'claims.environment == "test"' }
  - { role: ci, issuer: local, when: 'claims.ref == "main"' }
  - { role: observer, issuer: local }
`
const AS = ['--as', 'claims.json']
const explain = (...args: string[]) => place.run('explain', '--config', 'dockgate.yaml', ...args)

const inPlace = (file: string) =>
  file.startsWith('@') ? `@${join(place.folder, file.slice(1))}` : `${place.folder}/${file}`

describe('dockgate explain', () => {
  it('says in a few lines how a request comes to be allowed, with exit code 0', async () => {
    const { code, stdout } = await explain(...AS, 'post', '/v1.47/containers/create?name=web', '--body', 'create.json')
    expect(stdout).toBe(`allowed

request    POST /v1.47/containers/create?name=web
operation  ContainerCreate (create)
caller     "me" of issuer "local", taken as verified
bindings   1. away -> ci: no, the issuer is another one
           2. local -> observer: no, its condition cannot be evaluated: No such key: environment
              when claims.environment == "test"
           3. local -> ci: matches
              when claims.ref == "main"
           4. local -> observer: not tried, as one before it matches
role       ci (extends ci-run): "run" in its "allow" gives ContainerCreate
fields     all that is asked for is allowed
sent       POST /v1.47/containers/create?name=web, with a JSON body (--json shows it)
note       the caller is taken as verified: no signature, date or audience was looked at
`)
    expect(code).toBe(0)
  })

  it('says first what the client would read, with exit code 3', async () => {
    const { code, stdout } = await explain(...AS, 'POST', '/containers/create', '--body', 'privileged.json')
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'refused: 403 request-not-allowed',
      'role "ci" does not allow this ContainerCreate:',
      expect.stringMatching(/^ {2}HostConfig\.Privileged: asked for true; .* roles\.ci\.workload\.privileged$/),
      expect.stringMatching(/^ {2}HostConfig\.PidMode: asked for "host"; .* roles\.ci\.workload\.hostNamespaces$/),
    ])
    expect(stdout).toContain('\nfields     2 not allowed: see above\n')
    expect(stdout).not.toContain('\nsent ')
    expect(code).toBe(3)
  })

  it('says that an operation needs no role, and what a role lacks for another', async () => {
    expect((await explain(...AS, 'GET', '/_ping')).stdout).toContain('role       none is needed')
    const { code, stdout } = await explain(...AS, 'DELETE', '/images/a')
    expect(stdout).toContain('role       ci (extends ci-run): its "allow" lacks "delete" or "ImageDelete"\n')
    expect(code).toBe(3)
  })

  describe('of a role for own objects', () => {
    const OWN = CONFIG.replace('ci: { extends: ci-run }', 'ci: { extends: ci-run, objects: { own: prefixed } }')
      .replace('issuer: local, when: \'claims.ref == "main"\'', "issuer: local, owner: '${claims.team}'")
      .replace('issuer: away', 'issuer: away, owner: x')
    beforeEach(() => {
      writeFileSync(join(place.folder, 'dockgate.yaml'), `${OWN}ledger: { file: ledger.sqlite }\n`)
      writeFileSync(join(place.folder, 'web.json'), JSON.stringify({ iss: LOCAL_ISSUER, sub: 'me', team: 'web' }))
    })

    it('says under which key, and that only the engine knows whose an object is', async () => {
      const { code, stdout } = await explain('--as', 'web.json', 'POST', '/containers/db/start')
      expect(stdout).toContain(
        '\nowner      "web", by the template "${claims.team}"; nobody else\'s objects are seen or touched\n',
      )
      expect(stdout).toContain("whether the objects that it names are the caller's own, only the engine and the ledger")
      expect(code).toBe(0)
      const { stdout: json } = await explain('--as', 'web.json', 'POST', '/containers/db/start', '--json')
      expect(JSON.parse(json)).toMatchObject({
        owner: { key: 'web', template: '${claims.team}' },
        role: { objects: 'prefixed' },
      })
    })

    it('says which claim is missing to a caller who has no key, with exit code 3', async () => {
      const { code, stdout } = await explain(...AS, 'POST', '/containers/db/start')
      expect(stdout).toMatch(
        /^refused: 403 owner-unknown\nrole "ci" is for own objects, .* wants claims\.team, which is missing, empty or no text\. /,
      )
      expect(stdout).not.toContain('\nowner ')
      expect(code).toBe(3)
    })
  })

  it('shows the body that would be sent only with --json, environment included', async () => {
    const args = [...AS, 'POST', '/containers/create', '--body', 'create.json']
    const [text, json] = [await explain(...args), await explain(...args, '--json')]
    expect(text.stdout).not.toContain('hunter2')
    const { sent } = JSON.parse(json.stdout)
    expect(JSON.parse(sent.json)).toEqual({
      ...CREATE,
      HostConfig: { Memory: 1_000_000_000, NanoCpus: 1_000_000_000, PidsLimit: 1024 },
    })
  })

  it.each([
    ['GET', '/info', 0],
    ['GET', '/nope', 3],
  ])('prints JSON of one shape for %s %s', async (method, path, exit) => {
    const { code, stdout } = await explain(...AS, method, path, '--json')
    expect(Object.keys(JSON.parse(stdout))).toEqual(
      'allowed status reason message request operation caller bindings role owner findings sent notes'.split(' '),
    )
    expect(code).toBe(exit)
  })

  it('reads a token from a file or from standard input, and never prints it', async () => {
    const { token } = await signToken(key, { subject: 'me', claims: { ref: 'main' }, lifetime: 60_000 })
    writeFileSync(join(place.folder, 'token'), `${token}\n`)
    const outcomes = [
      await explain('--token', token, 'GET', '/info', '--json'),
      await explain('--token', '@token', 'GET', '/info', '--json'),
      await place.runWith(`${token}\n`, 'explain', '-c', 'dockgate.yaml', '--token', '-', 'GET', '/info', '--json'),
    ]
    for (const { code, stdout, stderr } of outcomes) {
      expect(code).toBe(0)
      expect(JSON.parse(stdout).caller).toEqual({ issuer: 'local', subject: 'me', proof: 'token' })
      expect(stdout + stderr).not.toContain(token.slice(-20))
    }
  })

  it('refuses a token that does not verify as the gate does, with exit code 3', async () => {
    const { token } = await signToken(createTokenKey(), { subject: 'me', claims: {}, lifetime: 60_000 })
    const { code, stdout } = await explain('--token', token, 'GET', '/info')
    expect(stdout).toMatch(/^refused: 401 token-signature\nthe token's signature does not verify/)
    expect(stdout).toContain('\ncaller     not proved\n')
    expect(code).toBe(3)
  })

  it('refuses a token whose issuer cannot be asked for its keys as the gate does, and says why on stderr', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: 'http://127.0.0.1:1', aud: LOCAL_AUDIENCE, sub: 'me', exp: 4_000_000_000 }
    const token = `${part({ alg: 'EdDSA' })}.${part(claims)}.${'A'.repeat(86)}`
    const { code, stdout, stderr } = await explain('--token', token, 'GET', '/info')
    expect(stdout).toMatch(/^refused: 503 issuer-unavailable\n/)
    expect(stderr).toContain("issuers.away.jwt: the issuer's keys cannot be had")
    expect(code).toBe(3)
  })

  it('reads claims or the body from standard input', async () => {
    const claims = JSON.stringify({ iss: 'local', sub: 'me' })
    const as = await place.runWith(claims, 'explain', '-c', 'dockgate.yaml', '--as', '-', 'GET', '/info', '--json')
    expect(JSON.parse(as.stdout).role.name).toBe('observer')
    const create = ['explain', '-c', 'dockgate.yaml', ...AS, 'POST', '/containers/create', '--body', '-', '--json']
    expect(JSON.parse((await place.runWith('{"Image":', ...create)).stdout).reason).toBe('body-malformed')
    expect(JSON.parse((await place.runWith(JSON.stringify(CREATE), ...create)).stdout).reason).toBe('allowed')
  })

  it('ends when it has decided, however much comes on standard input', async () => {
    const { code, stdout } = await place.runWith(
      ' '.repeat(20_000_000),
      ...['explain', '-c', 'dockgate.yaml', ...AS, 'POST', '/containers/create', '--body', '-'],
    )
    expect(stdout).toMatch(/^refused: 413 body-too-large\n/)
    expect(code).toBe(3)
  })

  it('takes further headers', async () => {
    const pull = [...AS, 'POST', '/images/create?fromImage=alpine', '--json']
    const good = JSON.parse((await explain(...pull, '--header', 'X-Registry-Auth: e30=')).stdout)
    expect(good.sent.headers).toContain('X-Registry-Auth')
    const bad = JSON.parse((await explain(...pull, '--header', 'X-Registry-Auth: {}')).stdout)
    expect([bad.status, bad.reason]).toEqual([400, 'http-malformed'])
  })

  it('shows nothing that a terminal would act on', async () => {
    const { stdout } = await explain(...AS, 'GET', '/info\u001b[2J\u202e')
    expect(stdout).toMatch(/^refused: 400 target-malformed\n/)
    expect(stdout).not.toMatch(/[^\n\x20-\x7e]/)
  })

  it.each<[string[], string]>([
    [['GET', '/info'], 'say who asks: --as FILE (claims) or --token TOKEN'],
    [[...AS, '--token', 'a', 'GET', '/info'], "'--token <token>' cannot be used with option '--as <file>'"],
    [[...AS, 'GET'], "missing required argument 'path'"],
    [['--as', 'create.json', 'GET', '/info'], 'create.json: "issuer" is missing: the name of one (local, away)'],
    [[...AS, '--header', 'Host: a', 'GET', '/info'], 'Host cannot be given: it decides nothing'],
    [[...AS, '--header', 'nonsense', 'GET', '/info'], "write 'Name: value'"],
  ])('takes %j for a wrong command line: one line that says why, and exit code 2', async (args, why) => {
    const { code, stdout, stderr } = await explain(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^dockgate: [^\n]*\n$/)
    expect(stderr).toContain(why)
  })

  it('prints the problems of a configuration as JSON where that is asked, with exit code 2', async () => {
    writeFileSync(join(place.folder, 'dockgate.yaml'), `${CONFIG}listenrs: []\n`)
    const { code, stdout } = await explain(...AS, 'GET', '/info', '--json')
    expect([code, JSON.parse(stdout).problems]).toEqual([2, [expect.objectContaining({ path: 'listenrs' })]])
  })
})

it.each<[string, QuestionOptions, string]>([
  ['FETCH', { as: 'claims.json' }, '"FETCH" is no HTTP method'],
  ['GET', {}, 'say who asks'],
  ['GET', { as: 'absent.json' }, '--as: absent.json does not exist'],
  ['GET', { as: 'dockgate.yaml' }, 'dockgate.yaml: is not JSON'],
  ['GET', { token: '@absent' }, '--token: absent does not exist'],
  ['POST', { token: 'a', body: 'absent' }, '--body: absent does not exist'],
  ['POST', { token: 'a', body: '.' }, '--body: . is a directory, not a file'],
  ['POST', { as: '-', body: '-' }, 'only one of --as, --token and --body can be read from standard input'],
])('makes no question of %s with %j: %s', async (method, options, why) => {
  const inFolder = Object.fromEntries(
    Object.entries(options).map(([name, file]) => [name, /^(-|a)$/.test(file) ? file : inPlace(file)]),
  )
  const asked = readQuestion(method, '/info', inFolder, {})
  await expect(asked).rejects.toBeInstanceOf(UsageError)
  await expect(asked.catch((error) => error.message.replaceAll(`${place.folder}/`, ''))).resolves.toContain(why)
})
