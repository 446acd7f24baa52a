import type { ObjectKind, OperationSpec } from './types.ts'

/*
 * What the objects of a path may be called. All patterns are one pass over the text; a `.` or `..` segment and an empty
 * one never come this far.
 */

/** Ids, and the names that engines let people choose (moby `names.RestrictedNameChars`). */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/

/** An image id, or a reference with registry, tag or digest. The engine reads its grammar; here its alphabet counts. */
const REFERENCE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/

/** A plugin's id or reference; plugins are never named by digest. */
const PLUGIN = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/

/** An exec id is always given in full. */
const EXEC = /^[0-9a-f]{64}$/

/**
 * A network's id or name. Engines up to 27 let a name be almost anything; here it is text that can be shown (no
 * controls, format or private characters, no space but U+0020) without the characters that no URI holds plain.
 */
const NETWORK = /^(?:[^\p{C}\p{Z}"#%;<>?\\^`{|}]| )+$/u

/** The path of an OPTIONS request, which the engine answers whatever it is. */
const ANY_PATH = /^[A-Za-z0-9._~:@+/-]+$/

/** Longer than any name or reference that an engine accepts. */
export const LONGEST_NAME = 1024

const BY_OBJECT: Readonly<Record<ObjectKind, RegExp>> = {
  container: NAME,
  exec: EXEC,
  image: REFERENCE,
  imageRef: REFERENCE,
  network: NETWORK,
  volume: NAME,
  build: NAME,
  node: NAME,
  service: NAME,
  task: NAME,
  secret: NAME,
  config: NAME,
  plugin: PLUGIN,
}

/** What the values of one path parameter look like. */
export function namePattern(spec: OperationSpec, parameter: string, manySegments: boolean): RegExp {
  if (spec.object?.parameter === parameter) return BY_OBJECT[spec.object.kind]
  return manySegments ? ANY_PATH : NAME
}
