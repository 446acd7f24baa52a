import type { Field, Judgement, ListField, MapField, ObjectField, ScalarField } from './types.ts'

/*
 * Constructors of fields. Where no judgement is given, the field is harmless.
 */

interface Options {
  readonly emptyMatters?: true
}

/** A string; each of `nothing` asks for no more than the empty string. */
export function string(judge: Judgement = 'harmless', nothing: readonly string[] = []): ScalarField {
  return nothing.length === 0 ? { type: 'string', judge } : { type: 'string', judge, nothing }
}

export function boolean(judge: Judgement = 'harmless'): ScalarField {
  return { type: 'boolean', judge }
}

/** An integer of 64 bits at most. */
export function integer(judge: Judgement = 'harmless', options: Options = {}): ScalarField {
  return { type: 'integer', judge, ...options }
}

export function number(judge: Judgement = 'harmless'): ScalarField {
  return { type: 'number', judge }
}

export function list(items: Field, judge: Judgement = 'harmless', options: Options = {}): ListField {
  return { type: 'list', judge, items, ...options }
}

/** A list of strings. */
export function strings(judge: Judgement = 'harmless', options: Options = {}): ListField {
  return list(string(judge), judge, options)
}

/** A list of strings, or one string in place of a list of one. */
export function words(judge: Judgement = 'harmless'): ListField {
  return { ...strings(judge), orString: true }
}

/** Free keys. */
export function map(values: Field, judge: Judgement = 'harmless'): MapField {
  return { type: 'map', judge, values }
}

/** Free keys that hold strings: labels, options. */
export function stringMap(judge: Judgement = 'harmless'): MapField {
  return map(string(judge), judge)
}

interface ObjectOptions extends Options {
  /** For the members together; `harmless` leaves it to each of them. */
  readonly judge?: Judgement
  readonly aliases?: Readonly<Record<string, string>>
  readonly ignored?: readonly string[]
  readonly elsewhere?: Readonly<Record<string, string>>
  readonly always?: readonly string[]
  readonly mayBeNull?: true
}

/** An object with fixed names. */
export function object(fields: Readonly<Record<string, Field>>, options: ObjectOptions = {}): ObjectField {
  const { judge = 'harmless', aliases = {}, ignored = [], elsewhere = {}, always = [], ...rest } = options
  return {
    type: 'object',
    judge,
    fields: new Map(Object.entries(fields)),
    aliases: new Map(Object.entries(aliases)),
    ignored: new Set(ignored),
    elsewhere: new Map(Object.entries(elsewhere)),
    always: new Set(always),
    ...rest,
  }
}

/** An object all of whose members are judged by one part of the role, together. */
export function objectOf(judge: Judgement, fields: Readonly<Record<string, Field>>): ObjectField {
  return object(fields, { judge })
}

/** One judgement for several parameters. */
export function each(judge: Judgement, ...names: string[]): Readonly<Record<string, Judgement>> {
  return Object.fromEntries(names.map((name) => [name, judge]))
}

/** Parameters without consequence. */
export function harmless(...names: string[]): Readonly<Record<string, Judgement>> {
  return each('harmless', ...names)
}
