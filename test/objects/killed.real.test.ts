import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLedger } from '../../src/objects/ledger.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { temporaryDirectory } from '../support/docker-client.ts'
import { engineGet } from '../support/engine-api.ts'
import { type Engine, startEngine } from '../support/engines.ts'

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname
const CREATES = 500
const AT_ONCE = 8
/** So many creates at most until the gate is killed, drawn anew each time. */
const MOST_UNTIL_KILLED = 60

let engine: Engine
const folder = temporaryDirectory('killed')
const ledgerFile = path.join(folder.path, 'ledger.db')
beforeAll(async () => {
  engine = await startEngine('old')
})
afterAll(async () => {
  await engine.stop()
  folder.remove()
})

/** The real program, listening. */
async function serve(configuration: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', configuration], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
    const port = /listening on tcp:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (port !== undefined) return { child, url: `http://127.0.0.1:${port}` }
  }
  throw new Error('the gate ended before it listened')
}

test('a gate that is killed among 500 creates leaves nothing unstamped and no wrong line in its ledger', async () => {
  const key = createTokenKey()
  writeFileSync(path.join(folder.path, 'token.pem'), publicTokenKey(key))
  const configuration = path.join(folder.path, 'dockgate.yaml')
  writeFileSync(configuration, text(engine.socket))
  const { token } = await signToken(key, { subject: 'ci@test', claims: {}, lifetime: 3_600_000 })
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }

  let made = 0
  let answered = 0
  while (made < CREATES) {
    const { child, url } = await serve(configuration)
    const until = made + 1 + Math.floor(Math.random() * MOST_UNTIL_KILLED)
    const one = async () => {
      while (made < Math.min(until, CREATES) && child.exitCode === null && child.signalCode === null) {
        const [target, body] = creation(made++)
        const answer = await fetch(`${url}${target}`, { method: 'POST', headers, body: JSON.stringify(body) }).catch(
          () => null,
        )
        if (answer?.status === 201) answered++
        if (made >= until) child.kill('SIGKILL')
      }
    }
    const closed = once(child, 'close')
    await Promise.all(Array.from({ length: AT_ONCE }, one))
    child.kill('SIGKILL')
    await closed
  }
  expect(answered).toBeGreaterThan(CREATES / 2)

  // What the last one left open, the next one finds.
  const last = await serve(configuration)
  const volumes = await fetch(`${last.url}/volumes`, { headers })
  expect(volumes.status).toBe(200)
  const stopped = once(last.child, 'close')
  last.child.kill('SIGTERM')
  await stopped

  type Listed = { Id: string; Labels: Record<string, string>; Mounts: { Name: string }[] }
  const containers = await engineGet<Listed[]>(engine.socket, '/containers/json?all=1')
  expect(containers.filter(({ Labels }) => Labels['io.dockgate.owner'] !== 'acme/app')).toEqual([])
  const networks = await engineGet<{ Name: string; Labels: Record<string, string> }[]>(engine.socket, '/networks')
  const own = networks.filter(({ Name }) => Name.startsWith('n'))
  expect(own.filter(({ Name, Labels }) => Name !== 'none' && Labels['io.dockgate.owner'] !== 'acme/app')).toEqual([])
  const { Volumes } = await engineGet<{ Volumes: { Name: string; Labels: Record<string, string> | null }[] }>(
    engine.socket,
    '/volumes',
  )
  const ledger = openLedger(ledgerFile)
  const whose = ({ Name, Labels }: (typeof Volumes)[number]) =>
    Labels?.['io.dockgate.owner'] ?? ledger.volumeOwner(Name)
  const used = new Set(containers.flatMap(({ Mounts }) => Mounts.map(({ Name }) => Name)))
  expect(Volumes.filter((volume) => used.has(volume.Name) && whose(volume) !== 'acme/app')).toEqual([])
  const names = new Set(Volumes.map(({ Name }) => Name))
  expect(ledger.noted().volumes.filter((name) => !names.has(name))).toEqual([])
  ledger.close()
})

/** Containers with named volumes and without names, networks, volumes, in turn. */
function creation(number: number): readonly [target: string, body: object] {
  switch (number % 5) {
    case 0:
      return ['/networks/create', { Name: `n${number}`, Internal: true, Driver: 'null' }]
    case 1:
      return ['/volumes/create', { Name: `volume-${number}` }]
    default: {
      const HostConfig = { Binds: [`named-${number}:/named`] }
      return ['/containers/create', { Image: 'busybox:test', Volumes: { '/unnamed': {} }, HostConfig }]
    }
  }
}

const text = (socket: string) => `
listeners: [{ name: plain, address: '127.0.0.1:0' }]
engine: unix://${socket}
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }
roles:
  ci: { extends: admin, allow: [read, create], objects: own, images: { shared: ["docker.io/library/busybox:test"] } }
bindings:
  - { role: ci, issuer: local, owner: acme/app }
records: { file: records.jsonl }
ledger: { file: ${ledgerFile} }
`
