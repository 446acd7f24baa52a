import type { FieldValue } from '../fields.ts'
import { finding, missing } from './findings.ts'
import { madeBy } from './places.ts'
import {
  CPUS,
  judgeQuantity,
  MEMORY,
  MEMORY_SWAP,
  maximumOf,
  most,
  PIDS,
  type Quantity,
  STOP_TIMEOUT,
  UNLIMITED,
} from './quantities.ts'
import type { Finding, WorkloadContext } from './types.ts'
import { member, numberOf, wholeOf } from './values.ts'

const NANOSECONDS = 1e9
/** The API version that brought them. */
const PIDS_OF_SERVICES = [1, 41] as const

/** What a role bounds, the engine does not, and the body leaves out, after the role's defaults. */
export function judgeMissingLimits(context: WorkloadContext): readonly Finding[] {
  const made = madeBy(context)
  if (made === null) return []
  return made === 'container' ? ofContainer(context) : ofService(context)
}

function ofContainer(context: WorkloadContext): readonly Finding[] {
  const root = wholeOf(context.body)
  const host = member(root, 'HostConfig')
  const quota = numberOf(member(host, 'CpuQuota'))
  const memory = numberOf(member(host, 'Memory'))
  return [
    ...must(member(host, 'Memory'), MEMORY, context),
    // A negative quota was found as such.
    ...(quota === 0 ? must(member(host, 'NanoCpus'), CPUS, context) : []),
    ...must(member(host, 'PidsLimit'), PIDS, context),
    ...(numberOf(member(host, 'MemorySwap')) === 0 ? mustSwap(member(host, 'MemorySwap'), memory, context) : []),
    ...judgeWait(member(root, 'StopTimeout'), 1, context),
  ]
}

function ofService(context: WorkloadContext): readonly Finding[] {
  const task = member(wholeOf(context.body), 'TaskTemplate')
  const limits = member(task, 'Resources', 'Limits')
  const memory = member(limits, 'MemoryBytes')
  const pids = member(limits, 'Pids')
  return [
    ...must(memory, MEMORY, context),
    ...must(member(limits, 'NanoCPUs'), CPUS, context),
    ...must(pids, PIDS, context),
    ...judgePidsVersion(pids, context),
    ...mustSwap(memory, numberOf(memory), context),
    ...judgeWait(member(task, 'ContainerSpec', 'StopGracePeriod'), NANOSECONDS, context),
  ]
}

function must(field: FieldValue, quantity: Quantity, context: WorkloadContext): readonly Finding[] {
  const maximum = maximumOf(quantity, context)
  if (maximum === null || numberOf(field) !== 0) return []
  return [missing(field, quantity.key, `it must be stated, ${most(quantity.unit, maximum)}`)]
}

/** Where no swap is stated, the engine allows as much of it as of memory; without a limit of memory, any. */
function mustSwap(field: FieldValue, memory: number, context: WorkloadContext): readonly Finding[] {
  const maximum = maximumOf(MEMORY_SWAP, context)
  const ofMemory = maximumOf(MEMORY, context)
  // That memory itself must be stated, and how much it may be, has been said.
  if (maximum === null || (ofMemory !== null && (memory <= 0 || memory > ofMemory))) return []
  const both = memory > 0 ? 2 * memory : UNLIMITED
  if (both <= maximum) return []
  const why = 'where it is not stated, it is twice the memory'
  return [missing(field, MEMORY_SWAP.key, `memory and swap must be ${most('bytes', maximum)}; ${why}`)]
}

/** Engines take the number of processes from a service of an older version, and then there is no limit. */
function judgePidsVersion(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const maximum = maximumOf(PIDS, context)
  const { apiVersion } = context.operation
  if (maximum === null || apiVersion === null || !isBelow(apiVersion, PIDS_OF_SERVICES)) return []
  return [
    finding(
      field,
      `API ${apiVersion}`,
      PIDS.key,
      `services have a limit of processes from API ${PIDS_OF_SERVICES.join('.')} on`,
    ),
  ]
}

function isBelow(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}

/** How long a stop waits, in units of which `unit` make a second. Zero kills at once; below zero it waits for ever. */
function judgeWait(field: FieldValue, unit: number, context: WorkloadContext): readonly Finding[] {
  if (field.value === null) return []
  const wait = numberOf(field) / unit
  if (wait === context.workload.defaults.stopTimeout) return []
  return judgeQuantity(field, wait < 0 ? UNLIMITED : wait, STOP_TIMEOUT, context)
}
