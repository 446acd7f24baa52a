import { PRESET_NAMES, type PresetName } from '../config/profile-schema.ts'
import { PRESETS } from '../policy/profile/presets.ts'
import type { WrittenRole } from './proxy-role.ts'

/** The role that is made of a socket proxy's variables. */
export const PROXY_ROLE = 'socket-proxy'
export const ROLE_NAMES = [...PRESET_NAMES, PROXY_ROLE] as const
export type RoleName = (typeof ROLE_NAMES)[number]

/** A certificate names somebody for a year; a token of a CI system lives for minutes, and its docker run should not end with it. */
const CI_KEYS = ['    objects: own', '    grace: { sessions: 1h }']

const MORE: Readonly<Record<PresetName, readonly string[]>> = {
  observer: [],
  'ci-run': CI_KEYS,
  'ci-build': [
    ...CI_KEYS,
    '    # The names that it may give to images, and push (docs/roles.md):',
    '    #   build: { tags: ["registry.example.com/**"] }',
    '    #   registries: { pull: ["docker.io/**"], push: ["registry.example.com/**"] }',
  ],
  operator: [],
  admin: [],
}

/** Whoever has it is root on the host. */
export function isRootRole(name: RoleName, proxy: WrittenRole | null): boolean {
  return name === PROXY_ROLE ? (proxy?.unbounded ?? false) : name === 'operator' || name === 'admin'
}

/** Whose containers and images it sees and touches: the caller's own. */
export function isOwnRole(name: RoleName): boolean {
  return name === 'ci-run' || name === 'ci-build'
}

/** The lines of a role under `roles`. */
export function roleLines(name: RoleName, proxy: WrittenRole | null): readonly string[] {
  if (name === PROXY_ROLE) return proxy?.lines ?? []
  const root = isRootRole(name, proxy) ? ['  # ROOT ON THE HOST. What to narrow it with: docs/roles.md'] : []
  return [...root, `  # ${PRESETS[name].meaning}`, `  ${name}:`, `    extends: ${name}`, ...MORE[name]]
}
