import * as fc from 'fast-check'
import type { Answer } from '../scene.ts'

export type Kind = 'container' | 'network' | 'volume' | 'image' | 'exec'
/** An id in full, its first twelve digits, or as few of them as tell it from the owner's others. */
type Form = 'full' | 'short' | 'brief'

/** How a command names an object: by a name of the tiny pool, as one of the owner's own, or as one of somebody else's. */
export type Ref =
  | { readonly name: string }
  | { readonly own: number; readonly form: Form }
  | { readonly theirs: number; readonly form: Form }

/** What a command is played with: an owner's, in one of the worlds that are compared. */
export interface Hand {
  /** A word that no other command has. */
  readonly mark: string
  text(kind: Kind, ref: Ref): string
  /** Every answer is kept, to be compared. */
  ask(method: string, target: string, body?: object): Promise<Answer>
  /** An answer that depends on the moment, which is not compared. */
  peek(method: string, target: string): Promise<Answer>
  /** Makes an object one of the owner's own, for references to come. */
  made(kind: Kind, id: unknown): void
}

export interface Command {
  readonly owner: number
  readonly op: string
  play(hand: Hand): Promise<unknown>
  /** As a failing sequence is printed. */
  [fc.toStringMethod](): string
}

/** Commands but for who says them. */
export type Saying = Omit<Command, 'owner' | typeof fc.toStringMethod>

/** One operation, with arguments that shrink and are printed. */
export function op<Arguments extends object>(
  weight: number,
  name: string,
  given: fc.Arbitrary<Arguments>,
  play: (given: Arguments, hand: Hand) => Promise<unknown>,
): fc.WeightedArbitrary<Saying> {
  const arbitrary = given.map((given) => ({
    op: `${name} ${JSON.stringify(given)}`,
    play: (hand: Hand) => play(given, hand),
  }))
  return { weight, arbitrary }
}

/** Few, so that owners collide all the time; no beginning of an id is among them. */
export const NAMES: Readonly<Record<Kind, readonly [string, ...string[]]>> = {
  container: ['job', 'web', 'nothing'],
  network: ['net', 'lan', 'nothing'],
  volume: ['vol', 'cache'],
  image: ['busybox:test', 'mine:1', 'mine:2', 'nothing:1'],
  exec: ['f'.repeat(64)],
}

const form = fc.constantFrom<Form>('full', 'short', 'brief')

export function ref(kind: Kind): fc.Arbitrary<Ref> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ own: fc.nat({ max: 9 }), form }) },
    { weight: 4, arbitrary: fc.constantFrom(...NAMES[kind]).map((name) => ({ name })) },
    { weight: 2, arbitrary: fc.record({ theirs: fc.nat({ max: 9 }), form }) },
  )
}

export const maybe = <Value>(arbitrary: fc.Arbitrary<Value>, freq = 3): fc.Arbitrary<Value | null> =>
  fc.option(arbitrary, { freq })

export const oneOf = <Value>(...values: Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values)

export const none = fc.constant({})

/** A query from what is there. */
export function query(members: Readonly<Record<string, string | number | boolean | object | null>>): string {
  const parts = Object.entries(members).flatMap(([name, value]) => {
    if (value === null || value === false) return []
    const text = value === true ? '1' : typeof value === 'object' ? JSON.stringify(value) : String(value)
    return [`${name}=${encodeURIComponent(text)}`]
  })
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}
