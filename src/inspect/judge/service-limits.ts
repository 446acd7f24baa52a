import type { FieldValue } from '../fields.ts'
import { shown, unlessHostField } from './findings.ts'
import { CPUS, judgeQuantity, MEMORY, MEMORY_SWAP, PIDS, processorsOf, type Quantity, UNLIMITED } from './quantities.ts'
import type { Finding, WorkloadContext } from './types.ts'
import { lastName, member, numberOf, wholeOf } from './values.ts'

/** `TaskTemplate.Resources.Limits`: of each task. */
export function judgeServiceLimits(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const pids = member(field, 'Pids')
  return [...judgeReservations(field, context), ...judgeStated(pids, PIDS, context)]
}

/** `TaskTemplate.Resources.Reservations`: kept from others, so bounded as the limits are. */
export function judgeReservations(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  return [
    ...judgeStated(member(field, 'MemoryBytes'), MEMORY, context),
    ...judgeStated(member(field, 'NanoCPUs'), CPUS, context, processorsOf),
  ]
}

function judgeStated(
  field: FieldValue,
  quantity: Quantity,
  context: WorkloadContext,
  meant: (value: number) => number = (value) => (value < 0 ? UNLIMITED : value),
): readonly Finding[] {
  const value = numberOf(field)
  return value === 0 ? [] : judgeQuantity(field, meant(value), quantity, context)
}

/** Swap beside the memory (API 1.52), where the role counts both together. */
export function judgeSwapBytes(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const memory = member(wholeOf(context.body), 'TaskTemplate', 'Resources', 'Limits', 'MemoryBytes')
  const swap = numberOf(field)
  return judgeQuantity(field, swap < 0 ? UNLIMITED : numberOf(memory) + swap, MEMORY_SWAP, context)
}

/** How many tasks: each has the limits for itself, and a role has no key for their number. */
export function judgeTasks(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const numbers = ['Replicas', 'MaxConcurrent', 'TotalCompletions'].map((name) => member(field, name))
  const every = lastName(field).startsWith('Global') ? [field] : numbers.filter((number) => numberOf(number) > 1)
  return every.flatMap((asked) =>
    unlessHostField(asked, shown(asked.value), 'no key of limits bounds more than one task', context),
  )
}
