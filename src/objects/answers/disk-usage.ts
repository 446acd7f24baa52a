import { JsonNumber, type JsonObject } from '../../inspect/json/value.ts'
import { containerItem, containerList } from './containers.ts'
import type { Decide, Kept } from './decide.ts'
import type { Members } from './filter-answer.ts'
import { imageItem } from './images.ts'
import { memberOf, numberOf, textOf } from './plain.ts'
import { type Sight, whenKnown } from './sight.ts'
import { volumeItem } from './volumes.ts'

/** What the summaries of API 1.52 tell of one kind of object, and the table of `docker system df`. */
interface Usage {
  total: number
  active: number
  bytes: number
  reclaimable: number
}

/**
 * SystemDataUsage, as of an engine that has only what the owner may see. Totals are the sums of the owner's items, so
 * they follow what they sum, at their object's end: `LayersSize` counts a layer in each image that has it, as which images
 * of others hold a layer must not be told. Nothing is told of the build cache, which is nobody's: its records name no owner.
 *
 * From API 1.52 on the engine sends items only when asked with `verbose=1`, without which there is nothing to sum: ask so
 * always, and give here what the client asked.
 *
 * @param verbose whether the items below `ImageUsage` and the like are sent
 */
export function diskUsage(sight: Sight, verbose: boolean): Members {
  const images = noUsage()
  let layers = false
  return {
    members: (name) => {
      switch (name) {
        case 'LayersSize':
          return () => {
            layers = true
            return false
          }
        case 'Images':
          return { elements: countedImage(sight, images) }
        case 'Containers':
          return containerList(sight)
        case 'Volumes':
          return { elements: volumeItem(sight) }
        case 'BuildCache':
          return { elements: () => false }
        case 'BuilderSize':
          return () => () => new JsonNumber('0')
        case 'ImageUsage':
          return summary(verbose, (usage) => countedImage(sight, usage))
        case 'ContainerUsage':
          return summary(verbose, (usage) => countedContainer(sight, usage))
        case 'VolumeUsage':
          return summary(verbose, (usage) => countedVolume(sight, usage))
        case 'BuildCacheUsage':
          return summary(verbose, () => () => false)
        default:
          return () => false
      }
    },
    finish: () => (layers ? members({ LayersSize: images.bytes }) : members({})),
  }
}

/** ImagesDiskUsage and its siblings (API 1.52). */
function summary(verbose: boolean, counted: (usage: Usage) => Decide): Members {
  const usage = noUsage()
  const decide = counted(usage)
  return {
    members: (name) => {
      if (name !== 'Items') return () => false
      if (verbose) return { elements: decide }
      return { elements: (item, member) => whenKnown(decide(item, member), () => false) }
    },
    finish: () =>
      members({
        ActiveCount: usage.active,
        TotalCount: usage.total,
        Reclaimable: usage.reclaimable,
        TotalSize: usage.bytes,
      }),
  }
}

function countedImage(sight: Sight, usage: Usage): Decide {
  return imageItem(sight, (item, containers) => count(usage, numberOf(item, 'Size'), containers > 0))
}

function countedContainer(sight: Sight, usage: Usage): Decide {
  const decide = containerItem(sight)
  return (item, member) =>
    whenKnown(decide(item, member), (kept): Kept => {
      if (kept !== false) count(usage, numberOf(item, 'SizeRw'), ACTIVE.has(textOf(item, 'State')))
      return kept
    })
}

/** As the engine counts them (daemon/disk_usage.go): what `docker container prune` would leave. */
const ACTIVE: ReadonlySet<string> = new Set(['running', 'paused', 'restarting'])

function countedVolume(sight: Sight, usage: Usage): Decide {
  const decide = volumeItem(sight)
  return (item, member) =>
    whenKnown(decide(item, member), (kept): Kept => {
      const data = memberOf(item, 'UsageData')
      if (kept !== false) count(usage, numberOf(data, 'Size'), numberOf(data, 'RefCount') > 0)
      return kept
    })
}

function noUsage(): Usage {
  return { total: 0, active: 0, bytes: 0, reclaimable: 0 }
}

/** @param size -1 where the engine could not tell */
function count(usage: Usage, size: number, active: boolean): void {
  const bytes = Math.max(size, 0)
  usage.total += 1
  usage.bytes += bytes
  if (active) usage.active += 1
  else usage.reclaimable += bytes
}

function members(numbers: Record<string, number>): JsonObject {
  const object: Record<string, JsonNumber> = Object.create(null)
  for (const [name, number] of Object.entries(numbers)) object[name] = new JsonNumber(String(number))
  return object
}
