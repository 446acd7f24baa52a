import { isJsonArray } from '../../inspect/json/value.ts'
import type { Decide, Kept, Plain } from './decide.ts'
import type { Elements } from './filter-answer.ts'
import { elementsOf, labelsOf, memberOf, textOf, withMembers } from './plain.ts'
import { type Sight, whenKnown } from './sight.ts'

/** ContainerList: the containers that the owner may see. */
export function containerList(sight: Sight): Elements {
  return { elements: containerItem(sight), mark: sight.containerMark }
}

/** A container's summary, of ContainerList and of SystemDataUsage. */
export function containerItem(sight: Sight): Decide {
  return (item) => {
    const seen = sight.container(textOf(item, 'Id'), labelsOf(item, 'Labels'), textOf(item, 'ImageID') || null)
    return whenKnown(seen, (mine): Kept | Promise<Kept> => mine && withoutLinks(item, sight))
  }
}

/** A legacy link from a container adds a name to the one that it leads to: `/linking/alias`, which names the other. */
function withoutLinks(item: Plain, sight: Sight): Kept | Promise<Kept> {
  const names = elementsOf(memberOf(item, 'Names'))
  return names.some(isAlias) ? onlySeenLinks(names, sight) : true
}

async function onlySeenLinks(names: readonly Plain[], sight: Sight): Promise<Kept> {
  const hidden = new Set<unknown>()
  for (const name of names) {
    if (isAlias(name) && !(await sight.containerNamed(name.split('/')[1] as string))) hidden.add(name)
  }
  if (hidden.size === 0) return true
  return (value) =>
    withMembers(value, (name, member) =>
      name === 'Names' && isJsonArray(member) ? member.filter((each) => !hidden.has(each)) : member,
    )
}

function isAlias(name: Plain): name is string {
  return typeof name === 'string' && name.lastIndexOf('/') > 0
}
