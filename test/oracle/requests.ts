import fc from 'fast-check'
import { allowedBody, oddBody } from './bodies.ts'
import { mutated } from './mutations.ts'
import { type Node, node, withMember, write } from './text.ts'
import type { World } from './world.ts'

/** A container create: its body as text, and the version of the API that its path names, or none. */
export interface Request {
  readonly body: string
  readonly apiVersion: string | null
}

/** A third of them ask for what the preset ci-run allows; the others for anything, or are written so that readers may differ. */
export function requests(world: World, apiVersions: readonly string[]): fc.Arbitrary<Request> {
  const allowed = allowedBody(world)
  const odd = oddBody(world)
  return fc.record({
    body: fc.oneof(
      { weight: 35, arbitrary: allowed.map(write) },
      { weight: 35, arbitrary: odd.map(write) },
      { weight: 20, arbitrary: mutated(allowed, world) },
      { weight: 10, arbitrary: mutated(odd, world) },
    ),
    apiVersion: fc.constantFrom(null, ...apiVersions),
  })
}

/** Containers that stay, so that their process can be looked at: isolation and limits are whatever the bodies say. */
export function lasting(world: World, apiVersions: readonly string[]): fc.Arbitrary<Request> {
  const stay = {
    Image: 'busybox:test',
    Entrypoint: ['sleep', '3600'],
    Cmd: null,
    Healthcheck: null,
    User: '',
    WorkingDir: '',
  }
  return fc.record({
    body: fc
      .oneof(allowedBody(world), oddBody(world))
      .map((body) =>
        Object.entries(stay).reduce((made: Node, [name, value]) => withMember(made, name, node(value)), body),
      )
      .map(write),
    apiVersion: fc.constantFrom(null, ...apiVersions),
  })
}
