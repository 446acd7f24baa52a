import type { Decide } from './decide.ts'
import type { Members } from './filter-answer.ts'
import { labelsOf, textOf } from './plain.ts'
import type { Sight } from './sight.ts'

/** VolumeList: the owner's volumes. Warnings are what the volume drivers say, of whatever volume, and go. */
export function volumeList(sight: Sight): Members {
  return {
    members: (name) => {
      if (name === 'Volumes') return { elements: volumeItem(sight) }
      return name === 'Warnings' ? (value) => value === null || (() => null) : () => false
    },
  }
}

/** A volume, of VolumeList and of SystemDataUsage; its RefCount counts containers that the owner let mount it. */
export function volumeItem(sight: Sight): Decide {
  return (item) => sight.volume(textOf(item, 'Name'), labelsOf(item, 'Labels'))
}
