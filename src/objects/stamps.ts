import type { Principal } from '../identity/principal.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../inspect/json/value.ts'
import { printable } from '../text.ts'
import { edited, objectFrom } from './edit.ts'
import type { Owner } from './types.ts'

/*
 * The gate's own labels. A client can set none that begins with `io.dockgate.` (judge/labels.ts).
 */

export const OWNER_LABEL = 'io.dockgate.owner'
export const RECORD_LABEL = 'io.dockgate.record'
const PRINCIPAL_LABEL = 'io.dockgate.principal'
export const EXPIRES_LABEL = 'io.dockgate.expires'

/** Whether a label is among the gate's own, by its exact name. */
export function isGateLabel(name: string): boolean {
  return name.startsWith('io.dockgate.')
}

const NAME_LENGTH = 256
/** As `stampsOf` writes it: anything else is not the gate's. */
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/

/** The labels that an object gets when it is made. */
export type Stamps = Readonly<Record<string, string>>

/**
 * @param key the owner key; null: nobody's, which is written too, as a label that an image had would count otherwise
 * @param record the record id of the request that makes it
 * @param expires milliseconds since the epoch; Infinity: it stays
 */
export function stampsOf(
  key: string | null,
  { issuer, subject }: Principal,
  record: string,
  expires = Number.POSITIVE_INFINITY,
): Stamps {
  return {
    [OWNER_LABEL]: key ?? '',
    [PRINCIPAL_LABEL]: printable(`${issuer}/${subject}`, NAME_LENGTH),
    [RECORD_LABEL]: record,
    ...(expires === Number.POSITIVE_INFINITY ? {} : { [EXPIRES_LABEL]: new Date(expires).toISOString() }),
  }
}

export function ownStamps(owner: Owner): Stamps {
  return stampsOf(owner.key, owner.principal, owner.record, expiryOf(owner))
}

/**
 * When what an owner makes now is to be removed.
 *
 * @returns milliseconds since the epoch; Infinity: never
 */
export function expiryOf({ principal, rule }: Owner): number {
  const ends = rule.endsWithToken ? principal.expiresAt * 1000 : Number.POSITIVE_INFINITY
  return Math.min(Date.now() + rule.lifetime, ends)
}

/** When an object with these labels is to be removed, in milliseconds since the epoch; Infinity: never. */
export function expiryIn(labels: JsonValue | undefined): number {
  const text = labelIn(labels, EXPIRES_LABEL) ?? ''
  return TIME.test(text) ? Date.parse(text) : Number.POSITIVE_INFINITY
}

/** An object with stamps among the labels at a path, which is made where it is not there. */
export function stamped(
  body: JsonValue,
  path: readonly string[],
  stamps: Readonly<Record<string, string>>,
): JsonObject {
  return edited(body, path, (labels) =>
    objectFrom([...Object.entries(labels !== null && isJsonObject(labels) ? labels : {}), ...Object.entries(stamps)]),
  )
}

/** The owner key of an object's labels; null where there is none, and for nobody's. */
export function ownerIn(labels: JsonValue | undefined): string | null {
  const key = labelIn(labels, OWNER_LABEL)
  return key === '' ? null : key
}

export function labelIn(labels: JsonValue | undefined, name: string): string | null {
  if (labels === undefined || !isJsonObject(labels)) return null
  const value = Object.hasOwn(labels, name) ? labels[name] : null
  return typeof value === 'string' ? value : null
}
