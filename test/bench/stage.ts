import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Material } from './material.ts'
import { DIRECT } from './places/direct.ts'
import { GATES } from './places/gate.ts'
import { HAPROXY, HAPROXY_ES256, HAPROXY_RS256 } from './places/haproxy.ts'
import { NGINX } from './places/nginx.ts'
import type { Place, Running } from './places/place.ts'
import type { Subject } from './workloads/workload.ts'

export const PLACES: readonly Place[] = [DIRECT, HAPROXY, HAPROXY_RS256, HAPROXY_ES256, NGINX, ...GATES]

/** The places before one engine, each started when it is first asked for. */
export interface Stage {
  /** Rejects when it does not come up. */
  subject(way: string): Promise<Subject>
  stop(): Promise<void>
}

/** `folder` is for the files of this stage alone. */
export function createStage(places: readonly Place[], folder: string, socket: string, material: Material): Stage {
  const up = new Map<Place, Running>()
  let started = 0
  const start = (place: Place) => {
    const own = path.join(folder, `${started++}`)
    mkdirSync(own, { recursive: true })
    return place.start({ folder: own, socket, material })
  }
  return {
    async subject(name) {
      const place = places.find(({ ways }) => ways.includes(name))
      if (place === undefined) throw new Error(`there is no way ${name}`)
      const running = up.get(place) ?? (await start(place))
      up.set(place, running)
      const way = running.ways.find((one) => one.name === name)
      if (way === undefined) throw new Error(`${place.name} has no way ${name}`)
      return { way, running, place, socket, again: () => start(place) }
    },
    async stop() {
      await Promise.all([...up.values()].map((running) => running.stop()))
    },
  }
}
