import type { FieldValue } from '../fields.ts'
import { madeBy } from '../judge/places.ts'
import { processorsOf, UNLIMITED } from '../judge/quantities.ts'
import type { JudgeContext } from '../judge/types.ts'
import { items, lastName, member, numberOf, textOf, wholeOf } from '../judge/values.ts'
import type { FactSheet, Most } from './facts.ts'

/** Microseconds, the kernel's own. */
const DEFAULT_PERIOD = 100_000
const NANOSECONDS = 1e9
const MOST_ULIMITS = 32

/** A quantity, in the order in which it is looked for, with how a value of it is read. */
type Reading = readonly [name: string, key: string, meant: (value: number) => number]

const whole = (value: number) => (value < 0 ? UNLIMITED : value)

const READINGS: readonly Reading[] = [
  ...['Memory', 'MemoryReservation', 'KernelMemory', 'KernelMemoryTCP'].map((name): Reading => [name, 'memory', whole]),
  ['MemorySwap', 'memorySwap', whole],
  ['ShmSize', 'shmSize', whole],
  ['NanoCpus', 'cpus', (value) => processorsOf(value) / 1e9],
  ['PidsLimit', 'pids', (value) => (value > 0 ? value : UNLIMITED)],
]

/** Limits of what is made or changed, as they are stated. */
export function noteLimits(context: JudgeContext, fields: readonly FieldValue[], sheet: FactSheet): void {
  const most = new Map<string, number>()
  const note = (key: string, value: number) => most.set(key, Math.max(most.get(key) ?? 0, value))
  for (const field of fields) noteField(field, context, note, sheet)
  noteWait(context, note)
  for (const [key, value] of most) sheet.part('limits').set(key, mostOf(value))
}

type Note = (key: string, value: number) => void

function noteField(field: FieldValue, context: JudgeContext, note: Note, sheet: FactSheet): void {
  const name = lastName(field)
  const reading = READINGS.find(([known]) => known === name)
  if (reading !== undefined) {
    const [, key, meant] = reading
    note(key, meant(numberOf(field)))
    // Kept from others, and no limit: whoever bounds memory wants one stated.
    if (name === 'MemoryReservation' && numberOf(beside(field, 'Memory', context)) === 0) note(key, UNLIMITED)
    return
  }
  switch (name) {
    case 'CpuQuota':
    case 'CpuPeriod':
      note('cpus', processorsByQuota(field, context))
      break
    case 'Ulimits':
      sheet.part('limits').set('ulimits', ulimitsOf(field))
      break
    case 'Limits':
    case 'Reservations':
      noteService(field, note)
      break
    case 'SwapBytes':
      note('memorySwap', numberOf(field) < 0 ? UNLIMITED : numberOf(field) + memoryOfService(context))
      break
  }
}

function beside(field: FieldValue, name: string, { body }: JudgeContext): FieldValue {
  const root = wholeOf(body)
  return field.name.startsWith('HostConfig.') ? member(root, 'HostConfig', name) : member(root, name)
}

/** An update keeps whatever period there is, and a period without a quota is no limit. */
function processorsByQuota(field: FieldValue, context: JudgeContext): number {
  const update = context.operation.spec.id === 'ContainerUpdate'
  const quota = numberOf(beside(field, 'CpuQuota', context))
  const period = numberOf(beside(field, 'CpuPeriod', context)) || (update ? 0 : DEFAULT_PERIOD)
  return quota <= 0 || period <= 0 ? UNLIMITED : quota / period
}

/** The most that each is asked for, soft or hard. */
export function ulimitsOf(field: FieldValue): Record<string, Most> {
  const most = new Map<string, number>()
  for (const ulimit of items(field).slice(0, MOST_ULIMITS)) {
    const name = textOf(member(ulimit, 'Name'))
    const values = ['Soft', 'Hard'].map((which) => whole(numberOf(member(ulimit, which))))
    if (/^[a-z]{1,16}$/.test(name)) most.set(name, Math.max(most.get(name) ?? 0, ...values))
  }
  return Object.fromEntries([...most].map(([name, value]) => [name, mostOf(value)]))
}

function noteService(field: FieldValue, note: Note): void {
  const stated = (name: string, key: string, meant: (value: number) => number) => {
    const value = numberOf(member(field, name))
    if (value !== 0) note(key, meant(value))
  }
  stated('MemoryBytes', 'memory', whole)
  stated('NanoCPUs', 'cpus', (value) => processorsOf(value) / 1e9)
  stated('Pids', 'pids', whole)
  // A reservation is no limit, which is to be stated where a role bounds it.
  if (lastName(field) === 'Reservations') {
    for (const [name, key] of [
      ['MemoryBytes', 'memory'],
      ['NanoCPUs', 'cpus'],
    ] as const) {
      if (numberOf(member(field, name)) !== 0) note(key, UNLIMITED)
    }
  }
}

function memoryOfService({ body }: JudgeContext): number {
  return numberOf(member(wholeOf(body), 'TaskTemplate', 'Resources', 'Limits', 'MemoryBytes'))
}

/** How long a stop waits; zero is a statement too. */
function noteWait(context: JudgeContext, note: Note): void {
  const root = wholeOf(context.body)
  const made = madeBy(context)
  if (made === null) return
  const container = made === 'container'
  const field = container
    ? member(root, 'StopTimeout')
    : member(root, 'TaskTemplate', 'ContainerSpec', 'StopGracePeriod')
  if (field.value === null) return
  note('stopTimeout', whole(numberOf(field) / (container ? 1 : NANOSECONDS)))
}

export function mostOf(value: number): Most {
  return value === UNLIMITED ? 'unlimited' : value
}
