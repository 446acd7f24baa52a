import { boolean, integer, list, map, object, string, stringMap, strings } from './make.ts'
import type { Field } from './types.ts'

/*
 * What the engine calls Resources: part of HostConfig, and with RestartPolicy the whole of an update.
 */

const ULIMIT = object({
  Name: string('workload.limits'),
  Soft: integer('workload.limits'),
  Hard: integer('workload.limits'),
})

const WEIGHT_OF_DEVICE = object({ Path: string('workload.limits'), Weight: integer('workload.limits') })

/** `Path` is looked up on the host, and the answer tells whether it exists. */
const RATE_OF_DEVICE = object({ Path: string('workload.limits'), Rate: integer('workload.limits') })

const DEVICE = object({
  PathOnHost: string('workload.devices'),
  PathInContainer: string('workload.devices'),
  CgroupPermissions: string('workload.devices'),
})

/** With `Driver: "cdi"` (Engine 25) any device that a CDI file of the host describes, with its mounts and hooks. */
const DEVICE_REQUEST = object({
  Driver: string('workload.gpus'),
  Count: integer('workload.gpus'),
  DeviceIDs: strings('workload.gpus'),
  Capabilities: list(strings('workload.gpus'), 'workload.gpus'),
  Options: stringMap('workload.gpus'),
})

/** As containers and services have them. */
export const ULIMITS = list(ULIMIT, 'workload.limits')

/** `Name` and number of tries, judged together. */
export const RESTART_POLICY = object(
  { Name: string('workload.restart', ['no']), MaximumRetryCount: integer('workload.restart') },
  { judge: 'workload.restart' },
)

export const RESOURCES: Readonly<Record<string, Field>> = {
  Memory: integer('workload.limits'),
  // -1 is no limit.
  MemorySwap: integer('workload.limits'),
  MemoryReservation: integer('workload.limits'),
  // How the container's own memory is swapped, within what MemorySwap allows; the docker client always sends -1.
  MemorySwappiness: integer(),
  KernelMemory: integer('workload.limits'),
  KernelMemoryTCP: integer('workload.limits'),
  NanoCpus: integer('workload.limits'),
  CpuShares: integer('workload.limits'),
  CpuPeriod: integer('workload.limits'),
  CpuQuota: integer('workload.limits'),
  CpuRealtimePeriod: integer('workload.limits'),
  CpuRealtimeRuntime: integer('workload.limits'),
  // These two only take processors and memory nodes away from the container.
  CpusetCpus: string(),
  CpusetMems: string(),
  // 0 and less are no limit.
  PidsLimit: integer('workload.limits'),
  OomKillDisable: boolean('workload.limits'),
  BlkioWeight: integer('workload.limits'),
  BlkioWeightDevice: list(WEIGHT_OF_DEVICE, 'workload.limits'),
  BlkioDeviceReadBps: list(RATE_OF_DEVICE, 'workload.limits'),
  BlkioDeviceWriteBps: list(RATE_OF_DEVICE, 'workload.limits'),
  BlkioDeviceReadIOps: list(RATE_OF_DEVICE, 'workload.limits'),
  BlkioDeviceWriteIOps: list(RATE_OF_DEVICE, 'workload.limits'),
  Ulimits: ULIMITS,
  // Any cgroup of the host, whatever its limits and whoever else is in it.
  CgroupParent: string('host'),
  Devices: list(DEVICE, 'workload.devices'),
  DeviceCgroupRules: strings('workload.devices'),
  DeviceRequests: list(DEVICE_REQUEST, 'workload.gpus'),
  // Windows.
  CpuCount: integer(),
  CpuPercent: integer(),
  IOMaximumIOps: integer(),
  IOMaximumBandwidth: integer(),
}

/** The spelling of the official document of API 1.25 and of clients made from it. */
export const RESOURCE_ALIASES = { NanoCPUs: 'NanoCpus' }

const NO_MEMBERS = object({})

/** A set as Go writes it: `{"80/tcp": {}}`. */
export const set = (judge: 'harmless' | 'workload.volumes') => map(NO_MEMBERS, judge)
