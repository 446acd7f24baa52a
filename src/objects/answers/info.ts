import { isJsonArray, JsonNumber, type JsonValue } from '../../inspect/json/value.ts'
import type { Decide } from './decide.ts'
import { withMembers } from './plain.ts'

/** How much of each the owner has. */
export interface OwnCounts {
  readonly containers: number
  readonly running: number
  readonly paused: number
  readonly stopped: number
  readonly images: number
}

/** Rows of DriverStatus that say how the storage works. Others count layers (aufs) or tell how full it is (zfs). */
const DRIVER_ROWS: ReadonlySet<JsonValue> = new Set([
  'Backing Filesystem',
  'Native Overlay Diff',
  'Supports d_type',
  'Using metacopy',
  'driver-type',
  'userxattr',
])

/**
 * SystemInfo with the owner's counts in place of the engine's. What grows with everybody's work (`NFd`, `NGoroutines`,
 * `NEventsListener`) is 0, as from an engine that does not measure it.
 */
export function systemInfo(own: OwnCounts): Decide {
  const numbers: ReadonlyMap<string, number> = new Map([
    ['Containers', own.containers],
    ['ContainersRunning', own.running],
    ['ContainersPaused', own.paused],
    ['ContainersStopped', own.stopped],
    ['Images', own.images],
    ['NFd', 0],
    ['NGoroutines', 0],
    ['NEventsListener', 0],
  ])
  return () => (value) =>
    withMembers(value, (name, member) => {
      const number = numbers.get(name)
      if (number !== undefined) return new JsonNumber(String(number))
      return name === 'DriverStatus' ? knownRows(member) : member
    })
}

function knownRows(value: JsonValue): JsonValue {
  if (!isJsonArray(value)) return value
  return value.filter((row) => isJsonArray(row) && DRIVER_ROWS.has(row[0] ?? null))
}
