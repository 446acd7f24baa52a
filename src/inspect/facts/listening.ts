import type { Pattern } from '../../policy/profile/pattern.ts'
import { PRESETS } from '../../policy/profile/presets.ts'
import { compileProfile } from '../../policy/profile/profile.ts'
import type {
  BuildProfile,
  ExecProfile,
  Profile,
  RegistriesProfile,
  WorkloadProfile,
} from '../../policy/profile/types.ts'
import type { FactSheet } from './facts.ts'

const { workload, exec, build, registries } = compileProfile(PRESETS.admin.parts)
const WIDEST = { workload, exec, build, registries } as {
  readonly workload: WorkloadProfile
  readonly exec: ExecProfile
  readonly build: BuildProfile
  readonly registries: RegistriesProfile
}

/** It may hold credentials, in front of an `@` or behind a `?`. */
const MAY_BE_SECRET = /[@?]/

/**
 * A profile that allows everything and writes down what it is asked: the very texts that a role would have to list, as
 * the judges have read and spelt them. No pattern of it is written as one for everything, so no judge passes it by.
 */
export function listeningProfile(sheet: FactSheet): Profile {
  const builds = sheet.part('build')
  const noting = (note: (text: string) => void, answer = true): Pattern => ({
    text: '(any)',
    matches: (text) => {
      note(text)
      return answer
    },
  })
  const listed = (list: string) => [noting((text) => sheet.add(list, text))]
  const ofBuild = (list: string) => [noting((text) => builds.add(list, text))]
  let labels = 0
  const label = noting(() => sheet.set('labels', ++labels), false)
  const remote = noting((text) => (MAY_BE_SECRET.test(text) ? sheet.cut() : builds.add('remotes', text)))
  return {
    workload: {
      ...WIDEST.workload,
      images: listed('images'),
      volumes: listed('volumes'),
      networks: listed('networks'),
      runtimes: listed('runtimes'),
      securityOptions: listed('securityOptions'),
      sysctls: listed('sysctls'),
      logDrivers: listed('logDrivers'),
      hostFields: listed('hostFields'),
      unknownFields: listed('unknownFields'),
      hostNamespaces: new NotingSet((name) => sheet.add('hostNamespaces', name)),
      restart: new NotingSet((name) => sheet.add('restart', name)),
      gpus: {
        count: Number.POSITIVE_INFINITY,
        devices: [noting((text) => sheet.part('gpus').add('devices', text))],
        drivers: [noting((text) => sheet.part('gpus').add('drivers', text))],
      },
      labels: { required: [], reserved: [label] },
    },
    exec: { ...WIDEST.exec, environment: [noting((text) => sheet.part('exec').add('environment', text))] },
    build: {
      ...WIDEST.build,
      networks: ofBuild('networks'),
      remotes: [remote],
      arguments: ofBuild('arguments'),
      cacheFrom: ofBuild('cacheFrom'),
      outputs: ofBuild('outputs'),
      tags: listed('tags'),
      entitlements: new NotingSet((name) => builds.add('entitlements', name)),
    },
    registries: Object.defineProperties(
      { ...WIDEST.registries, pull: listed('pull'), push: listed('push') },
      Object.fromEntries(TRANSFERS.map((word) => [word, flag(() => sheet.add('transfer', word))])),
    ),
    archive: {
      get: [noting((text) => sheet.part('archive').add('get', text))],
      put: [noting((text) => sheet.part('archive').add('put', text))],
    },
  }
}

const TRANSFERS = ['load', 'import', 'save', 'export'] as const

function flag(note: () => void): PropertyDescriptor {
  return {
    get: () => {
      note()
      return true
    },
  }
}

/** Has everything, and tells what it was asked for. */
class NotingSet<T extends string> extends Set<T> {
  readonly #note: (item: T) => void

  constructor(note: (item: T) => void) {
    super()
    this.#note = note
  }

  override has(item: T): boolean {
    this.#note(item)
    return true
  }
}
