import { recognise } from '../../engine/recognise.ts'
import { encodeComponent, encodePath } from '../../engine/target.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { serialiseJson } from '../../inspect/json/serialise.ts'
import { isJsonArray, type JsonValue } from '../../inspect/json/value.ts'
import { at, textAt } from '../edit.ts'
import { type Filters, matchesLabels } from '../filters.ts'
import { textsAt } from '../images/images.ts'
import { list, numberAt, ownContainers } from '../own.ts'
import type { OwnedRequest, World } from '../request.ts'
import { IMAGE_DELETE_RULES } from './image-delete.ts'

/** What was removed, as the engine's answer names it, and how many bytes that was. */
export interface PrunedImages {
  readonly removed: readonly JsonValue[]
  readonly reclaimed: number
}

/** How the engine writes an image without names before API 1.43. */
const NO_TAG = '<none>:<none>'

/**
 * Removes images of the owner's that nothing uses: those without a name, or with `dangling=false` all. Each is removed as
 * its owner would remove it, so that what others have too stays theirs.
 *
 * @param isOlder whether an image that the engine lists is old enough to go
 */
export async function pruneImages(
  request: OwnedRequest,
  filters: Filters,
  isOlder: (item: JsonValue, createdOf: () => Promise<string>) => Promise<boolean>,
): Promise<PrunedImages> {
  const { owner, world } = request
  const [dangling = 'true'] = filters.get('dangling') ?? []
  const withNames = dangling === 'false' || dangling === '0'
  const used = new Set((await ownContainers(world, owner.key)).map((item) => textAt(item, 'ImageID')))
  const removed: JsonValue[] = []
  let reclaimed = 0
  let sizes: ReadonlyMap<string, number> | null = null
  for (const item of await list(world.ask, '/images/json?', {})) {
    const id = textAt(item, 'Id')
    const names = textsAt(item, 'RepoTags').filter((tag) => tag !== NO_TAG)
    if (used.has(id) || (names.length > 0 && !withNames) || !isOwn(item, names, request)) continue
    if (!matchesLabels(filters, at(item, 'Labels'))) continue
    if (!(await isOlder(item, () => createdOf(id, world)))) continue
    sizes ??= await sizesOf(world)
    const items = await removeImage(names.length === 0 ? [id] : world.images.visible(names, id, owner), request)
    removed.push(...items)
    if (items.some((each) => textAt(each, 'Deleted') === id)) reclaimed += sizes.get(id) ?? 0
  }
  return { removed, reclaimed }
}

function isOwn(item: JsonValue, names: readonly string[], { owner, world }: OwnedRequest): boolean {
  return (
    world.ledger.ownsImage(textAt(item, 'Id'), owner.key) ||
    world.images.visible(names, textAt(item, 'Id'), owner).length > 0
  )
}

async function createdOf(id: string, { ask }: World): Promise<string> {
  return textAt((await ask('GET', `/images/${encodeComponent(id)}/json`)).body, 'Created')
}

/** Bytes that only the image itself has. */
async function sizesOf({ ask }: World): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await ask('GET', '/system/df?type=image')
  const images = status === 200 ? (at(body, 'Images') ?? null) : null
  return new Map(
    (isJsonArray(images) ? images : []).map((image) => [
      textAt(image, 'Id'),
      numberAt(image, 'Size') - Math.max(0, numberAt(image, 'SharedSize')),
    ]),
  )
}

/** As many requests of the owner's to remove it; one that the engine or the gate would refuse leaves it as it is. */
async function removeImage(names: readonly string[], request: OwnedRequest): Promise<readonly JsonValue[]> {
  const items: JsonValue[] = []
  for (const name of names) {
    const operation = recognise('DELETE', `/images/${encodePath(name)}`)
    const { status, body } = await answered({ ...request, checked: { ...request.checked, operation } })
    if (status === 200 && isJsonArray(body)) items.push(...body)
  }
  return items
}

/** What the owner would be answered. */
async function answered(request: OwnedRequest): Promise<{ readonly status: number; readonly body: JsonValue }> {
  const errand = await IMAGE_DELETE_RULES.ImageDelete?.(request)
  if (errand === undefined || errand.kind === 'answer') return errand ?? { status: 404, body: null }
  try {
    const { status, body } = await request.world.ask('DELETE', errand.checked.operation.target)
    const reshaping = errand.shape?.(status) ?? null
    if (reshaping?.kind !== 'whole') return { status, body }
    const shown = await reshaping.change(serialiseJson(body))
    return { status: shown.status, body: parseJson(shown.bytes) }
  } finally {
    errand.over()
  }
}
