import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineName } from '../support/engines.ts'
import { REFUSED, WITHIN } from './cases.ts'
import { dangersOf } from './mutations.ts'
import { lasting, type Request, requests } from './requests.ts'
import { type Outcome, type Scene, startScene } from './scene.ts'
import { SEED, TIMES } from './seed.ts'
import { NOWHERE } from './world.ts'

interface Amount {
  /** How many bodies are sent. */
  readonly created: number
  /** How many of containers that are started too. */
  readonly started: number
}

/** At the same time. */
const LANES = 4

/** What a caller with the preset ci-run gets out of an engine. */
export function oracleTests(name: EngineName, apiVersions: readonly string[], amount: Amount): void {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(name)
  }, 300_000)
  afterAll(() => scene?.close())

  /** What became of generated bodies, each of which `check` has seen. Rejects with the seed and a small body that fails it. */
  async function sendAll(
    arbitrary: fc.Arbitrary<Request>,
    runs: number,
    run: boolean,
    check: (outcome: Outcome) => void,
  ) {
    const outcomes: Outcome[] = []
    const property = fc.asyncProperty(arbitrary, async ({ body, apiVersion }) => {
      const outcome = await scene.create(body, apiVersion, { run })
      outcomes.push(outcome)
      check(outcome)
    })
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      fc.assert(property, { seed: SEED * LANES + lane, numRuns: Math.ceil((runs * TIMES) / LANES) }),
    )
    const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected')
    if (failed) throw failed.reason
    return outcomes
  }

  describe(`a ${name} engine behind the gate, for the role ci-run`, () => {
    it('makes nothing outside the role of any body, and is not asked for what is refused', {
      timeout: 600_000 * TIMES,
    }, async () => {
      const outcomes = await sendAll(requests(scene.world, apiVersions), amount.created, false, (outcome) => {
        expect(outcome.outside).toEqual([])
        if (outcome.sent === null) expect([400, 403]).toContain(outcome.status)
      })
      expect(outcomes.filter(({ created }) => created).length).toBeGreaterThan(outcomes.length / 4)
      expect(outcomes.filter(({ sent }) => sent === null).length).toBeGreaterThan(outcomes.length / 4)
      expect(await scene.leftOver()).toEqual([])
    })

    it('runs nothing outside the role, as the kernel sees it', { timeout: 600_000 * TIMES }, async () => {
      const outcomes = await sendAll(lasting(scene.world, apiVersions), amount.started, true, ({ outside }) =>
        expect(outside).toEqual([]),
      )
      expect(outcomes.filter(({ ran }) => ran).length).toBeGreaterThan(outcomes.length / 4)
    })

    it.each(REFUSED)('is not asked for %s', async (_, body) => {
      const { sent, status } = await scene.create(body(scene.world), null)
      expect(sent).toBeNull()
      expect([400, 403]).toContain(status)
    })

    it.each(WITHIN)('runs %s, within the role', async (_, body) => {
      expect(await scene.create(body(scene.world), null, { run: true })).toMatchObject({ ran: true, outside: [] })
    })

    it("has no way to the host's network by its id", async () => {
      const { hostNetwork } = scene.world
      for (const NetworkMode of [hostNetwork, hostNetwork.slice(0, 3)]) {
        const body = JSON.stringify({ Image: 'busybox:test', Entrypoint: ['sleep', '9'], HostConfig: { NetworkMode } })
        expect(await scene.create(body, null, { run: true })).toMatchObject({ created: true, outside: [] })
      }
    })
  })

  describe(`the oracle on the ${name} engine`, () => {
    it.each(dangersOf(NOWHERE))('sees that a container has %s: %j', async (member, value) => {
      const body = JSON.stringify({ Image: 'busybox:test', HostConfig: { ...BOUNDED, [member]: value } })
      const { created, outside } = await scene.createDirectly(body, null)
      // Some engines refuse it by themselves.
      if (created) expect(outside.join()).toContain(member)
    })

    it('sees what only the kernel says: so few processors that there is no limit', async () => {
      const HostConfig = { ...BOUNDED, NanoCpus: 9999 }
      const body = JSON.stringify({ Image: 'busybox:test', Entrypoint: ['sleep', '9'], HostConfig })
      const { outside } = await scene.createDirectly(body, null, { run: true })
      expect(outside).toContain('processors Infinity')
    })

    it('sees nothing where there is nothing to see', async () => {
      const body = JSON.stringify({ Image: 'busybox:test', Entrypoint: ['sleep', '9'], HostConfig: BOUNDED })
      expect(await scene.createDirectly(body, null, { run: true })).toMatchObject({ ran: true, outside: [] })
    })
  })
}

const BOUNDED = { Memory: 64 * 1024 ** 2, NanoCpus: 1e9, PidsLimit: 100 }
