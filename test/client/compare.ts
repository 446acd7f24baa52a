import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { directRoute, type Route, temporaryDirectory } from '../support/docker-client.ts'
import { type Engine, type EngineName, startEngine } from '../support/engines.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type Observation, observe, type RouteName, type Theme } from './observe.ts'

export interface Comparison {
  engine(): Engine
  gate(): TestGate
  direct(): Route
}

/** Starts an engine and a gate in front of it, with roles as `startTestGate` takes them, before a file's tests, and ends both after them. */
export function useEngineAndGate(name: EngineName, more: Readonly<Record<string, string>> = {}): Comparison {
  let folder: ReturnType<typeof temporaryDirectory> | undefined
  let engine: Engine | undefined
  let gate: TestGate | undefined
  let direct: Route | undefined
  beforeAll(async () => {
    folder = temporaryDirectory('direct')
    engine = await startEngine(name)
    direct = directRoute(engine.socket, folder.path)
    gate = await startTestGate(engine.socket, more)
  }, 300_000)
  afterAll(async () => {
    await gate?.close()
    await engine?.stop()
    folder?.remove()
  })
  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('not started yet')
    return value
  }
  return { engine: () => started(engine), gate: () => started(gate), direct: () => started(direct) }
}

/** CLIENT_ROUTES=all takes every step by every route. */
const { CLIENT_ROUTES = 'each' } = process.env

/**
 * A test for each step: through the gate it prints, returns and does what it does on the engine's own socket. Steps of
 * themes that depend on the transport go by every route, the others by one of them each, in turn. With `inTurn` all do:
 * what a transport makes of a stream is the same whichever engine is behind the gate, so one engine sees them all.
 */
export function compareThemes(
  parts: Comparison,
  themes: readonly Theme[],
  routes: readonly RouteName[],
  { inTurn = false } = {},
): void {
  for (const theme of themes) {
    describe(theme.name, () => {
      for (const [index, step] of theme.steps.entries()) {
        let expected: Promise<Observation> | undefined
        const allowed = step.routes ?? theme.routes ?? routes
        const possible = routes.filter((route) => allowed.includes(route))
        const all = (theme.byEveryRoute === true && !inTurn) || CLIENT_ROUTES === 'all'
        const chosen = all ? possible : possible.filter((_, place) => place === index % possible.length)
        it.each(chosen)(`${step.name} (%s)`, async (name) => {
          const engine = parts.engine()
          expected ??= observe(engine, parts.direct(), step)
          const wanted = await expected
          const seen = await observe(engine, parts.gate().routes[name], step)
          // Either can be the one that a busy machine was late for: a second try looks at both anew.
          if (!isDeepStrictEqual(seen, wanted)) expected = undefined
          expect(seen).toEqual(wanted)
        })
      }
    })
  }
}
