import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Route, runClient, temporaryDirectory } from '../../support/docker-client.ts'
import type { Comparison } from '../compare.ts'
import type { Command } from './command.ts'
import { COMMANDS, SWARM_COMMANDS } from './commands.ts'
import { flagsOf } from './help.ts'
import { identify, type Known } from './objects.ts'
import { type Observation, observe } from './observe.ts'

/** What the commands find: two networks, a volume with data in it, and a running container that has both. */
const FIXTURES = `
docker network create --subnet 10.99.0.0/24 --ipv6 --subnet fd00:99::/64 front
docker network create back
docker network create --config-only settings
docker volume create data
docker run --detach --name other --volume data:/data --env OTHER=1 busybox:test sh -c 'mkdir -p /data/some/where; exec sleep 10000'
`

const SWARM_FIXTURES = `
docker swarm init --advertise-addr 127.0.0.1
until docker network inspect ingress docker_gwbridge >/dev/null 2>&1; do sleep 0.05; done
docker network create --driver overlay mesh
echo x | docker secret create hidden -
echo x | docker config create settings -
`

/**
 * A test for each flag that the client's help prints: what is made with it through the gate is what is made without the
 * gate. `most` is how many cases of a flag are tried.
 */
export function flagTests(parts: Comparison, role: string, most: number): void {
  let folder: ReturnType<typeof temporaryDirectory>
  let known: Known
  let routes: { readonly tls: Route; readonly unix: Route }
  const prepare = async (script: string) => {
    const { code, stderr } = await runClient(parts.direct(), ['bash', '-ec', script], { cwd: folder.path })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    known = await identify(parts.engine().socket)
  }
  const compare = async (command: Command, flag: string, cases: readonly string[]) => {
    const ground = { socket: parts.engine().socket, folder: folder.path, known }
    const gated = command.onUnixSocket?.includes(flag) ? routes.unix : routes.tls
    const wanted: Record<string, Observation> = {}
    const seen: Record<string, Observation> = {}
    for (const flags of cases) {
      const script = command.script(flags)
      const direct = await observe(ground, parts.direct(), script)
      const through = await observe(ground, gated, script)
      if (command.refused?.includes(flags)) {
        expect(through.stderr).toMatch(/^Error response from daemon: dockgate: /m)
        expect(direct.stderr).toMatch(/^Error response from daemon: /m)
      }
      const words = command.refused?.includes(flags) ? { stderr: 'a refusal' } : {}
      wanted[script] = { ...direct, ...words }
      seen[script] = { ...through, ...words }
    }
    expect(seen).toEqual(wanted)
  }
  const compareAll = (command: Command) =>
    describe(`docker ${command.name}`, () => {
      it('has a case for each flag that its help prints', async () => {
        const printed = await flagsOf(command.name)
        expect(printed).not.toEqual([])
        const others = command.besides?.flatMap(({ cases }) => Object.keys(cases)) ?? []
        const tried = new Set([...Object.keys(command.cases), ...others])
        expect(printed.filter((flag) => !tried.has(flag))).toEqual([])
      })
      it.each(Object.entries(command.cases))('%s', (flag, cases) => compare(command, flag, cases.slice(0, most)))
    })

  describe('every flag', () => {
    beforeAll(async () => {
      folder = temporaryDirectory('flags')
      writeFiles(folder.path)
      const { routeOf } = parts.gate()
      routes = { tls: await routeOf(role), unix: await routeOf(role, 'unix') }
      await prepare(FIXTURES)
    })
    afterAll(() => folder.remove())

    for (const command of COMMANDS) compareAll(command)

    describe('in a swarm', () => {
      beforeAll(() => prepare(SWARM_FIXTURES))
      for (const command of SWARM_COMMANDS) compareAll(command)
    })
  })
}

const SECCOMP = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'chmod'], action: 'SCMP_ACT_ERRNO' }] }

/** WORKDIR makes a container, with all that the builder was told of it, and does not run it. */
const DOCKERFILE = 'FROM busybox:test AS first\nWORKDIR /made\nFROM first\n'
const FULL_DOCKERFILE = 'FROM busybox:test\nARG WHO=nobody\nCOPY file /made-by-$WHO\n'

/** What the arguments name. */
function writeFiles(folder: string): void {
  const write = (name: string, content: string) => writeFileSync(path.join(folder, name), content)
  write('file', 'content\n')
  chmodSync(path.join(folder, 'file'), 0o640)
  symlinkSync('file', path.join(folder, 'link'))
  write('environment', '# comment\nFROM_FILE=1\nA=b\nSPACES=one two\nHOME\n')
  write('labels', 'from.file=1\na=b\nonly\n')
  write('seccomp.json', JSON.stringify(SECCOMP, null, 2))
  mkdirSync(path.join(folder, 'ctx'))
  write('ctx/file', 'content\n')
  write('ctx/Dockerfile', DOCKERFILE)
  write('ctx/full', FULL_DOCKERFILE)
}
