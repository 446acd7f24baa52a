import { encodeComponent } from '../engine/target.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import { isJsonArray, JsonNumber, type JsonValue } from '../inspect/json/value.ts'
import { Refusal } from '../refusal.ts'
import { factsOfListed } from './containers.ts'
import { at, textAt } from './edit.ts'
import type { Ledger } from './ledger.ts'
import type { World } from './request.ts'
import { OWNER_LABEL, ownerIn } from './stamps.ts'
import type { Ask } from './types.ts'

/*
 * What an owner has, as the engine lists it. The engine filters by label, so that others' objects cost nothing here; of
 * containers it is verified that the label is their own.
 */

/** @param query of the list, ending in `&`; `filters` are added */
export async function ownContainers(
  { ask, containers }: Pick<World, 'ask' | 'containers'>,
  key: string,
  query = 'all=1&',
  filters: Readonly<Record<string, readonly string[]>> = {},
): Promise<readonly JsonValue[]> {
  const listed = await list(ask, `/containers/json?${query}`, { ...filters, label: [`${OWNER_LABEL}=${key}`] })
  const own: JsonValue[] = []
  for (const item of listed) if ((await containers.ownerOf(factsOfListed(item))) === key) own.push(item)
  return own
}

/** How many networks are the owner's. */
export async function countNetworks({ ask }: Pick<World, 'ask'>, key: string): Promise<number> {
  return (await list(ask, '/networks?', { label: [`${OWNER_LABEL}=${key}`] })).length
}

/** Whose a volume is: its label counts, and the ledger only where it has none, as a name may have been another's before. */
export function volumeOwner(ledger: Ledger, labels: JsonValue | undefined, name: string): string | null {
  return ownerIn(labels) ?? ledger.volumeOwner(name)
}

/** Whether a volume is the owner's, by what the engine says of it. */
export function isOwnVolume({ ledger }: Pick<World, 'ledger'>, told: JsonValue, key: string): boolean {
  return volumeOwner(ledger, at(told, 'Labels'), textAt(told, 'Name')) === key
}

/**
 * A list of the engine's, narrowed by filters.
 *
 * @param target ends in `?` or `&`
 * @param none statuses by which the engine says that it has nothing of the kind
 * @throws Refusal `engine-broken` (as a rejection) where it gives none
 */
export async function list(
  ask: Ask,
  target: string,
  filters: Readonly<Record<string, readonly string[]>>,
  none: ReadonlySet<number> = new Set(),
): Promise<readonly JsonValue[]> {
  const { status, body } = await ask('GET', `${target}filters=${encodeComponent(serialiseJson(filters).toString())}`)
  // Volumes stand in an object of their own, and none of them is null.
  const items = target.startsWith('/volumes') ? (at(body, 'Volumes') ?? []) : body
  if (none.has(status) || (status === 200 && items === null)) return []
  if (status !== 200 || !isJsonArray(items)) {
    throw new Refusal(
      'engine-broken',
      `the Docker Engine does not tell what is there (status ${status} for ${target.split('?')[0]})`,
    )
  }
  return items
}

/** The number at a path; 0 where there is none. */
export function numberAt(value: JsonValue, ...path: readonly string[]): number {
  const found = at(value, ...path)
  return found instanceof JsonNumber ? Number(found.text) : 0
}
