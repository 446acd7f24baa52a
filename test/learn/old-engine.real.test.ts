import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { learn } from '../../src/learn/learn.ts'
import { STEPS } from '../client/ci-run.ts'
import { observe, type Step } from '../client/observe.ts'
import { docker, type Route, temporaryDirectory } from '../support/docker-client.ts'
import { type Engine, startEngine } from '../support/engines.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** What a job on a daemon that was open does, and more than a role of CI has. */
const riskyIn = (folder: string): Step => ({
  name: 'what reaches the host',
  script: `docker run --rm --volume ${folder}:/srv:ro busybox:test ls /srv
docker run --rm --cap-add NET_ADMIN --sysctl net.ipv4.ip_forward=1 --security-opt seccomp=unconfined --device /dev/null:/dev/hole:rw busybox:test true
docker run --rm --pid host --restart no --user 1000 busybox:test id -u; docker run --rm --privileged busybox:test true
printf 'FROM busybox:test\\nARG A\\nRUN echo $A\\n' >Dockerfile; docker build --quiet --build-arg A=b --memory 256m --tag acme/app:1 . >/dev/null; docker tag acme/app:1 acme/app:2; docker run --rm acme/app:2 true
docker save acme/app:2 >image.tar; docker load --quiet --input image.tar; docker rmi acme/app:1 acme/app:2 >/dev/null`,
})

async function* streamOf(records: readonly object[]): AsyncGenerator<Buffer> {
  for (const record of records) yield Buffer.from(`${JSON.stringify(record)}\n`)
}

describe('a daemon that is taken over with a role that observes', () => {
  let engine: Engine
  const folder = temporaryDirectory('learn')
  beforeAll(async () => {
    engine = await startEngine('old')
  })
  afterAll(async () => {
    await engine.stop()
    folder.remove()
  })

  const play = async (route: Route) => {
    const seen: unknown[] = []
    for (const step of [...STEPS, riskyIn(folder.path)]) seen.push(await observe(engine, route, step))
    return seen
  }
  /** All records of what was played by this route: they are written in batches, in order. */
  const recordsOf = async (gate: TestGate, route: Route) => {
    await docker(route, ['version'])
    return vi.waitFor(() => {
      const records = gate.records()
      expect(records.at(-1)?.operation).toBe('SystemVersion')
      return records
    })
  }
  const withGate = async <T>(roles: Readonly<Record<string, string>>, use: (gate: TestGate) => Promise<T>) => {
    const gate = await startTestGate(engine.socket, roles)
    try {
      return await use(gate)
    } finally {
      await gate.close()
    }
  }

  it('is learned as a role that allows the same session, and nothing beside it', async () => {
    const { watched, records } = await withGate({ ci: '{ allow: [SystemInfo], observe: true }' }, async (gate) => {
      const route = await gate.routeOf('ci')
      return { watched: await play(route), records: await recordsOf(gate, route) }
    })
    expect(records.filter(({ decision }) => decision === 'deny')).toEqual([])
    expect(records.filter(({ decision }) => decision === 'observe').length).toBeGreaterThan(100)

    const { role } = await learn([{ name: 'records', stream: streamOf(records) }], {
      role: 'ci',
      principals: ['local/tester'],
    })
    const learned = parse(role ?? '').roles.ci

    await withGate({ ci: JSON.stringify(learned) }, async (gate) => {
      const route = await gate.routeOf('ci')
      const again = await play(route)
      expect((await recordsOf(gate, route)).filter(({ decision }) => decision !== 'allow')).toEqual([])
      expect(again).toEqual(watched)
      const outside = await docker(route, ['run', '--rm', '--volume', '/etc:/host', 'busybox:test', 'true'])
      expect(outside.stderr).toMatch(
        /does not allow this ContainerCreate:\n {2}HostConfig.Binds\[0\]: asked for "\/etc/,
      )
      expect((await docker(route, ['system', 'prune', '--force'])).code).toBe(1)
    })
  })
})
