import type { Findings } from '../config/findings.ts'
import type { GraceConfig, RoleConfig } from '../config/schema.ts'
import type { OperationId } from '../engine/operations.ts'
import { expandAllow } from './allow.ts'
import { compileObjects } from './objects.ts'
import { extendRole, PRESETS } from './profile/presets.ts'
import { compileParts } from './profile/profile.ts'
import type { Profile } from './profile/types.ts'
import { compileRate } from './rate.ts'
import type { Grace, Role } from './types.ts'
import { waysToRoot } from './unbounded.ts'

/** What BuildKit is carried in. Nobody can look into it, so what a role's parts say does not hold there. */
const TUNNELS: readonly OperationId[] = ['Session', 'Grpc']

/** Without a word in the configuration, sessions end with their proof, and streams may finish. */
function compileGrace(grace: GraceConfig = { sessions: 0, streams: 'unlimited' }): Grace {
  const time = (value: GraceConfig['sessions']) => (value === 'unlimited' ? Number.POSITIVE_INFINITY : value)
  return { sessions: time(grace.sessions), streams: time(grace.streams) }
}

/**
 * Compiles a role, on its preset where it has one. An item of `allow` that can never match is a problem: it is a slip,
 * or a false sense of what is given. So is a tunnel in a role whose workload is bounded, or that is for own objects.
 */
export function compileRole(name: string, config: RoleConfig, findings: Findings): Role {
  const path = ['roles', name] as const
  const { extends: preset, grace, rate, objects, images, quotas, lifetime, endsWith, observe = false, ...own } = config
  const parts = preset === undefined ? own : extendRole(PRESETS[preset].parts, own)
  const allow = parts.allow ?? []
  const operations = new Set<OperationId>()
  const elevated = new Set<OperationId>()
  for (const [index, item] of allow.entries()) {
    const allowed = expandAllow(item)
    if ('problem' in allowed) {
      findings.problem([...path, 'allow', index], allowed.problem)
      continue
    }
    for (const id of allowed.operations) operations.add(id)
    for (const id of allowed.elevated) elevated.add(id)
  }
  const profile = compileParts(parts, path, findings)
  const rule = compileObjects({ objects, images, quotas, lifetime, endsWith }, path, findings)
  if (observe && rule !== null) refuseOwnObserved(path, findings)
  if (TUNNELS.some((id) => operations.has(id))) checkTunnels(rule !== null, profile, path, findings)
  const role = {
    name,
    extends: preset ?? null,
    allow,
    parts,
    operations,
    elevated,
    profile,
    objects: rule,
    grace: compileGrace(grace),
    rate: compileRate(rate, path, findings),
    observe,
  }
  return { ...role, unbounded: waysToRoot(role).length > 0 }
}

/** What others have is left out of answers and made to look absent: there is no letting that through and noting it. */
function refuseOwnObserved(path: readonly PropertyKey[], findings: Findings): void {
  const why =
    'a role for own objects changes what is sent and what is answered, so it cannot let through what it refuses'
  findings.problem([...path, 'observe'], `${why}: leave "objects" out while the role observes`)
}

function checkTunnels(own: boolean, { workload }: Profile, path: readonly PropertyKey[], findings: Findings): void {
  const what = "BuildKit's tunnels cannot be looked into"
  const without = 'leave "buildkit" out of "allow" (DOCKER_BUILDKIT=0 docker build does without)'
  if (own) {
    const why = 'so nobody can tell whose the objects are that it makes and uses'
    findings.problem([...path, 'objects'], `${what}, ${why}: ${without}, or say objects: all`)
  } else if (workload?.privileged !== true) {
    const why = 'so a role that has them is as good as root on the host'
    findings.problem([...path, 'allow'], `${what}, ${why}: ${without}, or say workload: {privileged: true}`)
  }
}
