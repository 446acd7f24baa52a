import type { Kept, PlainObject } from './decide.ts'

/** By name, as the engine wrote them. */
export type Labels = Readonly<Record<string, string>>

/** What is known at once needs no promise: thousands of elements are asked about. */
export type Soon<Value> = Value | Promise<Value>

/**
 * What one owner may see. The answers' filters ask it about each object that the engine names; `null` for labels means that
 * the answer does not tell them, an empty object that there are none. An event may come after its object is gone, so what
 * was known of an object should be remembered for a while; about what is not known, the answer is `false`.
 */
export interface Sight {
  /** What the summary of each of the owner's containers has in it, and few others; `null` when there is no such thing. */
  readonly containerMark: Buffer | null
  /**
   * @param labels an event's are its attributes: the labels, with the engine's own attributes among them
   * @param imageId of the image that it was made from; `null` where the answer does not tell it
   */
  container(id: string, labels: Labels | null, imageId: string | null): Soon<boolean>
  /** By its name without the leading slash: a legacy link gives a container the name `/linking/alias`. */
  containerNamed(name: string): Soon<boolean>
  /** How many of the owner's containers were made from the image, or -1, the engine's word for "not counted". */
  containersOf(imageId: string): Soon<number>
  /** The predefined networks (bridge, host, none) are everybody's and not asked about. */
  network(id: string, name: string, labels: Labels | null): Soon<boolean>
  volume(name: string, labels: Labels | null): Soon<boolean>
  /** One item of the list of images; a change takes the references away that are not the owner's. */
  image(item: PlainObject): Soon<Kept>
  /** @param reference what the event names the image by: a reference, or its id again */
  imageEvent(id: string, action: string, reference: string): Soon<boolean>
  service(id: string, labels: Labels | null): Soon<boolean>
  /** @param labels those of the containers, which the service's own are not among */
  task(id: string, serviceId: string, labels: Labels): Soon<boolean>
  secret(id: string, labels: Labels | null): Soon<boolean>
  config(id: string, labels: Labels | null): Soon<boolean>
}

/** `next` of the value, at once where the value is there. */
export function whenKnown<Value, Result>(value: Soon<Value>, next: (value: Value) => Soon<Result>): Soon<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/**
 * A label as the engine writes it among others: `"name":"value"`, as Go's encoding/json does. `null` when it has characters
 * that JSON can write in more than one way, or Go writes as an escape (quotes, backslashes, `<`, `>`, `&`, all but ASCII).
 */
export function labelMark(name: string, value: string): Buffer | null {
  return PLAIN.test(name) && PLAIN.test(value) ? Buffer.from(`"${name}":"${value}"`) : null
}

const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/
