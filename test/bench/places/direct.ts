import type { Place } from './place.ts'

/** The engine's own socket: what there is when nobody stands in between. */
export const DIRECT: Place = {
  name: 'direct',
  ways: ['direct'],
  about: "the engine's unix socket, nothing in between",
  missing: () => null,
  start: async ({ socket }) => ({
    pids: [],
    ways: [{ name: 'direct', target: { Network: 'unix', Address: socket }, headers: '' }],
    stop: async () => {},
  }),
}
