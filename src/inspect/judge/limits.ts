import type { FieldValue } from '../fields.ts'
import { shown, unlessHostField } from './findings.ts'
import { judgeMissingLimits } from './missing-limits.ts'
import { CPUS, judgeQuantity, MEMORY, MEMORY_SWAP, PIDS, processorsOf, SHM_SIZE, UNLIMITED } from './quantities.ts'
import { judgeReservations, judgeServiceLimits, judgeSwapBytes, judgeTasks } from './service-limits.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { judgeUlimits } from './ulimits.ts'
import { lastName, member, numberOf, wholeOf } from './values.ts'

type JudgeField = (field: FieldValue, context: WorkloadContext) => readonly Finding[]

/** What a container has where none is stated; more takes processors from others. */
const DEFAULT_SHARES = 1024
/** Microseconds, the kernel's own. */
const DEFAULT_PERIOD = 100_000

const BY_NAME: ReadonlyMap<string, JudgeField> = new Map<string, JudgeField>([
  ...['Memory', 'MemoryReservation', 'KernelMemory', 'KernelMemoryTCP'].map((name) => [name, judgeMemory] as const),
  ['MemorySwap', (field, context) => judgeQuantity(field, orUnlimited(numberOf(field)), MEMORY_SWAP, context)],
  ['ShmSize', (field, context) => judgeQuantity(field, orUnlimited(numberOf(field)), SHM_SIZE, context)],
  ['NanoCpus', (field, context) => judgeQuantity(field, processorsOf(numberOf(field)), CPUS, context)],
  ['CpuQuota', judgeQuota],
  ['CpuPeriod', judgePeriod],
  ['CpuShares', judgeShares],
  [
    'PidsLimit',
    (field, context) => judgeQuantity(field, numberOf(field) > 0 ? numberOf(field) : UNLIMITED, PIDS, context),
  ],
  ['Ulimits', judgeUlimits],
  ['OomScoreAdj', judgeOomScore],
  ['Limits', judgeServiceLimits],
  ['Reservations', judgeReservations],
  ['SwapBytes', judgeSwapBytes],
  // Judged where the body has them: zero is a statement too.
  ...['StopTimeout', 'StopGracePeriod'].map((name) => [name, () => []] as const),
  ...['Replicated', 'Global', 'ReplicatedJob', 'GlobalJob'].map((name) => [name, judgeTasks] as const),
])

/** Maxima of what is stated, and what must be: memory, processors and processes have no limit of the engine's. */
export const judgeLimits: WorkloadJudge = (fields, context) => [
  ...fields.flatMap((field) => (BY_NAME.get(lastName(field)) ?? judgeOther)(field, context)),
  ...judgeMissingLimits(context),
]

/** What a role has no limit for: block devices, real-time scheduling, what the kernel kills when memory runs out. */
function judgeOther(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  return unlessHostField(field, shown(field.value), 'no key of limits bounds it', context)
}

function judgeMemory(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  return judgeQuantity(field, orUnlimited(numberOf(field)), MEMORY, context)
}

/** Zero is not reported where it says nothing; what is negative lifts the limit. */
function orUnlimited(value: number): number {
  return value < 0 ? UNLIMITED : value
}

/** Processors as microseconds in each period. An update keeps whatever period there is, 1000 say, if it states none. */
function judgeQuota(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const quota = numberOf(field)
  const period = numberOf(beside(field, 'CpuPeriod', context)) || (isUpdate(context) ? 0 : DEFAULT_PERIOD)
  const asked = quota < 0 || period <= 0 ? UNLIMITED : Math.round((quota / period) * 1e9)
  return judgeQuantity(field, asked, CPUS, context)
}

/** A period without a quota is no limit at create, and changes the one that there is at update. */
function judgePeriod(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const quota = numberOf(beside(field, 'CpuQuota', context))
  return quota !== 0 ? [] : judgeQuantity(field, isUpdate(context) ? UNLIMITED : 0, CPUS, context)
}

function judgeShares(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const shares = numberOf(field)
  if (shares >= 0 && shares <= DEFAULT_SHARES) return []
  return unlessHostField(field, shown(field.value), `more than ${DEFAULT_SHARES} takes from others`, context)
}

function judgeOomScore(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  if (numberOf(field) >= 0) return []
  return unlessHostField(field, shown(field.value), 'below zero the kernel kills others first', context)
}

function isUpdate({ operation }: WorkloadContext): boolean {
  return operation.spec.id === 'ContainerUpdate'
}

/** A field of the same object, of an update or of a HostConfig. */
function beside(field: FieldValue, name: string, { body }: WorkloadContext): FieldValue {
  const root = wholeOf(body)
  return field.name.startsWith('HostConfig.') ? member(root, 'HostConfig', name) : member(root, name)
}
