import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker, type Outcome, runClient, temporaryDirectory } from '../support/docker-client.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

/** Whoever reads /data/owner reads what is in the volume of the same project. */
const FILE = `version: "3.7"
services:
  db:
    image: busybox:test
    command: sh -c 'echo serving $$OWNER; echo $$OWNER >/data/owner; exec sleep 600'
    environment: { OWNER: }
    stop_grace_period: 0s
    volumes: ["data:/data", "/anonymous"]
    networks: [back]
  web:
    image: busybox:test
    command: sh -c 'until ping -c 1 -W 1 db >/dev/null; do :; done; until cat /data/owner; do :; done; exec sleep 600'
    stop_grace_period: 0s
    depends_on: [db]
    volumes: ["data:/data"]
    networks: [back]
volumes: { data: {} }
networks: { back: {} }
`

/** What of an engine is somebody's. */
const LISTS = [
  ['ps', '-a', '--format', '{{.Names}}'],
  ['volume', 'ls', '-q'],
  ['network', 'ls', '--filter', 'type=custom', '--format', '{{.Name}}'],
] as const

describe.each([
  { role: 'apart', projects: ['app', 'app'], title: 'the same project, with names of their own' },
  { role: 'own', projects: ['app', 'site'], title: 'projects of two names' },
])('two owners who bring up $title', ({ role, projects }) => {
  let scene: Owners
  let folder: ReturnType<typeof temporaryDirectory>
  const teams: { readonly party: Party; readonly project: string; readonly other: string }[] = []

  const compose = (party: Party, project: string, ...argv: string[]): Promise<Outcome> => {
    const owner = party.route.name
    const cwd = path.join(folder.path, owner)
    mkdirSync(cwd, { recursive: true })
    writeFileSync(path.join(cwd, 'compose.yml'), FILE)
    // Its own name for the owner, which is no secret to the other: it is in the output, or it is not.
    const route = { ...party.route, environment: { ...party.route.environment, OWNER: owner } }
    return runClient(
      route,
      ['docker-compose', '--no-ansi', '--project-name', project, '--file', 'compose.yml', ...argv],
      {
        cwd,
      },
    )
  }
  /** Both at the same time. */
  const both = (...argv: string[]) => Promise.all(teams.map(({ party, project }) => compose(party, project, ...argv)))
  const names = async (party: Party, list: readonly string[]) =>
    (await docker(party.route, list)).stdout.split('\n').filter(Boolean).sort()

  beforeAll(async () => {
    folder = temporaryDirectory('compose')
    scene = await startOwners('old')
    const keys = ['acme/app', 'acme/site'] as const
    for (const [index, key] of keys.entries()) {
      const other = keys[1 - index] as string
      teams.push({ party: await scene.as(key, role), project: projects[index] as string, other })
    }
  })
  afterAll(async () => {
    await scene.close()
    folder.remove()
  })

  test('up, ps, logs and down do for each what is his', async () => {
    for (const { code, stderr } of await both('up', '--detach'))
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('rror')])

    for (const [index, outcome] of (await both('ps')).entries()) {
      const project = projects[index]
      expect(outcome.stdout).toMatch(new RegExp(`${project}_db_1 .*Up`))
      expect(outcome.stdout).toMatch(new RegExp(`${project}_web_1 .*Up`))
      expect(outcome.stdout.match(/ Up /g)).toHaveLength(2)
    }

    for (const { party, project, other } of teams) {
      const own = party.route.name
      let said = ''
      while (!said.includes(`web_1  | ${own}`)) said = (await compose(party, project, 'logs', '--no-color')).stdout
      expect(said).toContain(`db_1   | serving ${own}`)
      expect(said).not.toContain(other)
      const [containers = [], volumes = [], networks] = await Promise.all(LISTS.map((list) => names(party, list)))
      expect(containers).toEqual([`${project}_db_1`, `${project}_web_1`])
      expect(volumes.filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([`${project}_data`])
      expect(volumes).toHaveLength(2)
      expect(networks).toEqual([`${project}_back`])
    }

    const [first, second] = teams as [(typeof teams)[0], (typeof teams)[0]]
    expect((await compose(first.party, first.project, 'down', '--volumes')).code).toBe(0)
    expect((await compose(second.party, second.project, 'ps')).stdout.match(/ Up /g)).toHaveLength(2)
    expect((await compose(second.party, second.project, 'down', '--volumes')).code).toBe(0)
    for (const list of LISTS) expect(await names(scene.direct, list)).toEqual([])
  })

  test('down of both at the same time leaves nothing', async () => {
    for (const { code } of await both('up', '--detach')) expect(code).toBe(0)
    for (const { code } of await both('down', '--volumes')) expect(code).toBe(0)
    for (const list of LISTS) expect(await names(scene.direct, list)).toEqual([])
  })
})
