import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Workplace, workplace } from './program.ts'

let place: Workplace

beforeEach(() => {
  place = workplace({ DOCKER_HOST: 'unix:///nowhere/docker.sock' })
})

afterEach(() => place.remove())

const LISTENS = 'Refused, and why'

/** `start` listens on 2376 unless its file says otherwise: tests take a free port. */
async function started() {
  const first = await makeState()
  const running = await place.start(['start'], LISTENS)
  const port = Number(/listens on tcp:\/\/127\.0\.0\.1:(\d+)/.exec(running.output())?.[1])
  return { first, running, port }
}

/** Makes the state folder by a first start, whose port is then opened to choice. */
async function makeState(): Promise<string> {
  const config = join(place.folder, '.dockgate', 'dockgate.yaml')
  const outcome = await place.start(['start'], 'dockgate').catch(String)
  if (typeof outcome !== 'string') await outcome.stop()
  const made = readFileSync(config, 'utf8')
  writeFileSync(config, made.replace('127.0.0.1:2376', '127.0.0.1:0'))
  return made
}

function get(port: number, path: string, options: https.RequestOptions): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(join(place.folder, '.dockgate', 'ca.pem'))
    const request = https.get({ host: '127.0.0.1', port, path, ca, agent: false, ...options }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on('error', reject)
  })
}

const inClients = (...path: string[]) => join(place.folder, '.dockgate', 'clients', ...path)

it('says loudly that the engine is a demo when none answers, and serves it', async () => {
  const { running, port } = await started()
  expect(running.output()).toContain('DEMO ENGINE: nothing real runs here')
  const { status, body } = await get(port, '/version', {
    cert: readFileSync(inClients('ops', 'cert.pem')),
    key: readFileSync(inClients('ops', 'key.pem')),
  })
  expect(status).toBe(200)
  expect(body).toContain('demo')
  expect(await running.stop()).toBe(0)
})

it('lets its ci token in, and refuses its observer what an observer may not', async () => {
  const { port } = await started()
  const authorization = (name: string) => {
    const { HttpHeaders } = JSON.parse(readFileSync(inClients(name, 'config.json'), 'utf8'))
    return { headers: { Authorization: HttpHeaders.Authorization }, method: 'POST' }
  }
  const refused = await get(port, '/containers/create', authorization('observer'))
  expect(refused.status).toBe(403)
  expect(refused.body).toContain('roles.observer.allow')
  expect((await get(port, '/containers/x/start', authorization('ci'))).status).toBe(404)
})

it('makes a folder and keys that only their owner may read', async () => {
  const { running } = await started()
  const mode = (path: string) => statSync(path).mode & 0o777
  const state = join(place.folder, '.dockgate')
  expect(mode(state)).toBe(0o700)
  for (const key of [
    'ca-key.pem',
    'token-key.pem',
    'server/key.pem',
    'clients/ops/key.pem',
    'clients/ci/config.json',
  ]) {
    expect([key, mode(join(state, key))]).toEqual([key, 0o600])
  }
  await running.stop()
})

it('reuses what it made when it is run again', async () => {
  const { running } = await started()
  await running.stop()
  const state = join(place.folder, '.dockgate')
  const contents = () =>
    readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'records.jsonl')
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'utf8')])
      .sort()
  const before = contents()
  const again = await place.start(['start'], LISTENS)
  expect(again.output()).toContain('reusing what is in .dockgate')
  expect(contents()).toEqual(before)
  await again.stop()
})

it('prints the docker client with a certificate and with a token, curl, and a call that is refused', async () => {
  const { running } = await started()
  const output = running.output()
  expect(output).toMatch(/docker --tlsverify --tlscacert \S+ --tlscert \S+ --tlskey \S+ -H tcp:\S+ version/)
  expect(output).toMatch(/docker --config \S+ci --tlsverify --tlscacert \S+ -H tcp:\S+ ps/)
  expect(output).toMatch(/curl --cacert \S+ -H "Authorization: Bearer \$\(.* token --role ci/)
  expect(output).toMatch(/docker --config \S+observer .* run --rm busybox true/)
  await running.stop()
})
