import { harmless, integer, list, object, string, stringMap, strings } from './make.ts'
import type { Field, ParameterJudgements } from './types.ts'

const TOPOLOGIES = list(object({ Segments: stringMap('host') }), 'host')

/** The official document has these below AccessMode by mistake; engines read them beside it. */
const BESIDE_ACCESS_MODE: Readonly<Record<string, Field>> = {
  CapacityRange: object({ RequiredBytes: integer('host'), LimitBytes: integer('host') }),
  AccessibilityRequirements: object({ Requisite: TOPOLOGIES, Preferred: TOPOLOGIES }),
  Availability: string('host'),
  // Any secret of the swarm, handed to the volume plugin.
  Secrets: list(object({ Key: string('host'), Secret: string('host') }), 'host'),
}

/** A volume of the swarm, by a CSI plugin (API 1.42): storage of the hosts, which no part of a role bounds. */
const CLUSTER_VOLUME = object(
  {
    Group: string('host'),
    AccessMode: object({
      Scope: string('host'),
      Sharing: string('host'),
      MountVolume: object({ FsType: string('host'), MountFlags: strings('host') }),
      BlockVolume: object({}),
      ...BESIDE_ACCESS_MODE,
    }),
    ...BESIDE_ACCESS_MODE,
  },
  { judge: 'host', emptyMatters: true },
)

export const VOLUME_CREATE = object({
  // An existing name answers with the existing volume, whosever it is.
  Name: string('workload.volumes'),
  Driver: string('workload.volumes', ['local']),
  // To the local driver they are a mount(2) by root.
  DriverOpts: stringMap('host'),
  Labels: stringMap('workload.labels'),
  ClusterVolumeSpec: CLUSTER_VOLUME,
})

export const VOLUME_UPDATE = object({ Spec: CLUSTER_VOLUME })

export const VOLUME_PARAMETERS = {
  VolumeList: { query: { filters: 'objects' } },
  VolumeUpdate: { query: harmless('version') },
  VolumeDelete: { query: harmless('force') },
  VolumePrune: { query: { filters: 'objects' } },
} as const satisfies Record<string, ParameterJudgements>
