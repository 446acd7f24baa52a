/** A JSON value (RFC 8259) as it was written: numbers keep their text, objects have no prototype and no repeated name. */
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject

/** Has a null prototype, so that `__proto__`, `constructor` and the like are names as any other. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}

const INTEGER = /^-?[0-9]+$/

/** A number by its source text: `-0`, `1e3`, `1.0` and integers beyond 2^53 stay what they were. */
export class JsonNumber {
  readonly text: string

  /** @param text a number of JSON's grammar (RFC 8259 section 6); the caller vouches for it */
  constructor(text: string) {
    this.text = text
  }

  /** Written with digits only: what Go reads into an integer, range aside. `1.0` and `1e3` are not. */
  get isInteger(): boolean {
    return INTEGER.test(this.text)
  }

  /**
   * The exact value of an integer; `-0` is 0.
   *
   * @throws SyntaxError when not `isInteger`
   */
  toBigInt(): bigint {
    return BigInt(this.text)
  }
}

/** Array.isArray does not tell TypeScript that what is left is no read-only array. */
export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

export function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !(value instanceof JsonNumber) && !isJsonArray(value)
}
