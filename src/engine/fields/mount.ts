import { boolean, integer, list, object, string, stringMap, strings } from './make.ts'

/*
 * One entry of Mounts, of containers and services alike. Whoever judges `workload.mounts` sees every entry whole and
 * tells its type: a bind is a matter of `mounts`, a volume of `volumes`, a tmpfs of `tmpfs`, an image of `images`.
 */

const BIND_OPTIONS = object({
  // `shared` and `rshared`: what is mounted inside appears on the host.
  Propagation: string('workload.mounts'),
  NonRecursive: boolean(),
  // Makes the missing directory on the host, as root (API 1.42).
  CreateMountpoint: boolean('workload.mounts'),
  // What is mounted below stays writable (API 1.44).
  ReadOnlyNonRecursive: boolean('workload.mounts'),
  ReadOnlyForceRecursive: boolean(),
})

const VOLUME_OPTIONS = object({
  NoCopy: boolean(),
  Labels: stringMap('workload.labels'),
  Subpath: string('workload.volumes'),
  DriverConfig: object({
    Name: string('workload.volumes', ['local']),
    // To the local driver they are a mount(2) by root: `{type: none, o: bind, device: /}` is the host's root.
    Options: stringMap('host'),
  }),
})

const TMPFS_OPTIONS = object({
  // 0 is half of the memory.
  SizeBytes: integer('workload.tmpfs'),
  Mode: integer(),
  Options: list(strings('workload.tmpfs'), 'workload.tmpfs'),
})

const MOUNT = object({
  Type: string('workload.mounts'),
  Source: string('workload.mounts'),
  Target: string(),
  ReadOnly: boolean('workload.mounts'),
  Consistency: string(),
  BindOptions: BIND_OPTIONS,
  VolumeOptions: VOLUME_OPTIONS,
  ImageOptions: object({ Subpath: string() }),
  TmpfsOptions: TMPFS_OPTIONS,
  ClusterOptions: object({}),
})

export const MOUNTS = list(MOUNT, 'workload.mounts')
