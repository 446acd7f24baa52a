import { writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openLedger } from '../../src/objects/ledger.ts'
import { createTokenKey, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { type Workplace, workplace } from '../cli/program.ts'
import { engineGet } from '../support/engine-api.ts'
import { type Engine, startEngine } from '../support/engines.ts'
import { configurationOf } from './scene.ts'

const CREATES = 500
/** As many are under way at a time. */
const AT_ONCE = 6
const OWNERS = ['acme/app', 'acme/site'] as const
const LABEL = 'io.dockgate.owner'

let engine: Engine
let place: Workplace
const tokens: string[] = []

beforeAll(async () => {
  engine = await startEngine('old')
  place = workplace()
  const key = createTokenKey()
  writeFileSync(path.join(place.folder, 'token.pem'), publicTokenKey(key), { mode: 0o600 })
  writeFileSync(path.join(place.folder, 'dockgate.yaml'), configurationOf(engine.socket))
  for (const owner of OWNERS) {
    const claims = { role: 'apart', owner }
    tokens.push((await signToken(key, { subject: owner, claims, lifetime: 3_600_000 })).token)
  }
})
afterAll(async () => {
  await place.remove()
  await engine.stop()
})

/** Starts the program, and kills it at once when it is told to. */
async function startGate() {
  const gate = await place.start(['serve', '--config', 'dockgate.yaml'], 'listening on')
  const port = Number(/listening on tcp:\/\/127\.0\.0\.1:(\d+)/.exec(gate.output())?.[1])
  return { port, kill: () => gate.stop('SIGKILL') }
}

/** Resolves with 0 where the gate is gone before it answers. */
function call(port: number, owner: number, method: string, target: string, body?: object): Promise<number> {
  return new Promise((resolve) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: { Authorization: `Bearer ${tokens[owner]}`, 'Content-Type': 'application/json' },
        agent: false,
      },
      (response) => {
        response.resume().on('error', () => resolve(0))
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
    request.on('error', () => resolve(0))
    request.end(body === undefined ? '' : JSON.stringify(body))
  })
}

/** The creates in turn, each under a name of its own. */
function create(port: number, index: number): Promise<number> {
  const owner = index % OWNERS.length
  switch (index % 5) {
    case 0:
      return call(port, owner, 'POST', '/networks/create', { Name: `net-${index}` })
    case 1:
      return call(port, owner, 'POST', '/volumes/create', { Name: `vol-${index}` })
    case 2:
      return call(port, owner, 'POST', '/volumes/create', {})
    default:
      return call(port, owner, 'POST', `/containers/create?name=box-${index}`, {
        Image: 'busybox:test',
        Volumes: { '/anonymous': {}, '/other': {} },
        HostConfig: { Binds: [`data-${index}:/data`], Mounts: [{ Type: 'volume', Target: '/mount' }] },
      })
  }
}

interface Made {
  readonly Name: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly Mounts: readonly { readonly Name: string }[]
}

async function volumesOnEngine(): Promise<readonly Made[]> {
  return (await engineGet<{ Volumes: Made[] | null }>(engine.socket, '/volumes')).Volumes ?? []
}

/** By the ledger where there is no label. */
function ownersOf(volumes: readonly Made[]): readonly (string | null)[] {
  const ledger = openLedger(path.join(place.folder, 'ledger.db'))
  try {
    return volumes.map(({ Name, Labels }) => Labels?.[LABEL] ?? ledger.volumeOwner(Name))
  } finally {
    ledger.close()
  }
}

test('a gate that is killed at random moments leaves nothing on the engine that is nobody own', {
  timeout: 300_000,
}, async () => {
  // Milliseconds from the first create to the end.
  const moments = fc.sample(fc.nat({ max: 700 }), { seed: 1, numRuns: CREATES })
  let next = 0
  let killed = 0
  let broken = 0
  while (next < CREATES) {
    const { port, kill } = await startGate()
    const ended = new Promise((resolve) => setTimeout(resolve, moments[killed])).then(kill)
    let isOver = false
    void ended.then(() => {
      isOver = true
    })
    const client = async () => {
      while (!isOver && next < CREATES) if ((await create(port, next++)) === 0) broken += 1
    }
    await Promise.all(Array.from({ length: AT_ONCE }, client))
    await ended
    killed += 1
  }
  expect(broken).toBeGreaterThan(killed)

  const { port, kill } = await startGate()
  const containers = await engineGet<Made[]>(engine.socket, '/containers/json?all=1')
  const networks = (await engineGet<Made[]>(engine.socket, '/networks')).filter(
    ({ Name }) => !['bridge', 'host', 'none'].includes(Name),
  )
  for (const { Name, Labels } of [...containers, ...networks]) {
    expect(OWNERS, `${Name} carries ${JSON.stringify(Labels)}`).toContain(Labels?.[LABEL])
  }
  // Those whose line the killed gate did not write are found by their containers, when a gate starts.
  await vi.waitFor(async () => expect(ownersOf(await volumesOnEngine())).not.toContain(null), 30_000)
  const volumes = await volumesOnEngine()
  const owners = new Map(ownersOf(volumes).map((owner, index) => [volumes[index]?.Name, owner]))
  for (const { Labels, Mounts } of containers) {
    for (const { Name } of Mounts) expect(owners.get(Name), Name).toBe(Labels?.[LABEL])
  }
  const ledger = openLedger(path.join(place.folder, 'ledger.db'))
  const noted = ledger.noted().volumes
  ledger.close()
  expect(noted.filter((name) => !owners.has(name))).toEqual([])
  expect(await call(port, 0, 'GET', '/containers/json?all=1')).toBe(200)
  await kill()
})
