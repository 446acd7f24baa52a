import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runClient, temporaryDirectory } from '../support/docker-client.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

/** The same file for both: a volume, a network, two services of which one asks the other by its name. */
const PROJECT = `
version: "2.4"
services:
  db:
    image: "busybox:test"
    command: ["sh", "-c", "cat /data/whose 2>/dev/null || echo $WHO > /data/whose; exec sleep 1000"]
    environment: [WHO]
    stop_grace_period: 0s
    volumes: ["data:/data"]
  web:
    image: "busybox:test"
    command: ["sh", "-c", "ping -c 1 db > /dev/null && echo db answers $WHO; exec sleep 1000"]
    environment: [WHO]
    stop_grace_period: 0s
    depends_on: [db]
volumes: { data: {} }
`

const SCRIPT = `
compose() { WHO=$1 docker-compose --no-ansi --project-name "$2" "\${@:3}" 2>/dev/null; }
compose "$1" "$2" up -d >/dev/null; echo "up $?"
until compose "$1" "$2" logs web | grep -q answers; do :; done
compose "$1" "$2" logs --no-color web | grep answers
compose "$1" "$2" ps -q | wc -l
compose "$1" "$2" exec -T db cat /data/whose
`
const DOWN = 'docker-compose --no-ansi --project-name "$2" down --volumes 2>/dev/null; echo "down $?"'

describe('docker-compose by two owners at the same time', () => {
  const folder = temporaryDirectory('compose')
  let scene: Owners
  beforeAll(async () => {
    scene = await startOwners('old')
    mkdirSync(path.join(folder.path, 'project'))
    writeFileSync(path.join(folder.path, 'project', 'docker-compose.yml'), PROJECT)
  })
  afterAll(async () => {
    await scene.close()
    folder.remove()
  })
  const run = ({ route }: Party, script: string, ...argv: string[]) =>
    runClient(route, ['bash', '-c', script, 'bash', ...argv], {
      cwd: path.join(folder.path, 'project'),
      timeout: 120_000,
    })
  const left = async () => {
    const told = await Promise.all(
      ['/containers/json?all=1', '/volumes', '/networks'].map((target) => scene.direct.call('GET', target)),
    )
    const [containers, volumes, networks] = told.map(({ json }) => json) as [
      unknown[],
      { Volumes: unknown[] | null },
      unknown[],
    ]
    return [containers.length, volumes.Volumes?.length ?? 0, networks.length]
  }

  test.each([
    ['under one project name, with names of their own', 'apart', ['shop', 'shop']],
    ['under project names of their own, with plain names', 'own', ['shop-a', 'shop-b']],
  ] as const)('%s', async (_, role, [first, second]) => {
    const before = await left()
    const a = await scene.as('acme/app', role)
    const b = await scene.as('acme/site', role)
    const outcomes = await Promise.all([run(a, SCRIPT, 'alice', first), run(b, SCRIPT, 'bob', second)])
    expect(outcomes.map(({ stdout }) => stdout)).toEqual([
      expect.stringMatching(/^up 0\nweb_1 .*db answers alice\n2\nalice\n$/),
      expect.stringMatching(/^up 0\nweb_1 .*db answers bob\n2\nbob\n$/),
    ])
    const down = await Promise.all([run(a, DOWN, 'alice', first), run(b, DOWN, 'bob', second)])
    expect(down.map(({ stdout }) => stdout)).toEqual(['down 0\n', 'down 0\n'])
    expect(await left()).toEqual(before)
  })
})
