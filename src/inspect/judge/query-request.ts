import { encodeComponent, encodePath } from '../../engine/target.ts'
import type { Operation } from '../../engine/types.ts'
import { matchesAny, type Pattern } from '../../policy/profile/pattern.ts'
import type { Profile } from '../../policy/profile/types.ts'
import { Refusal } from '../../refusal.ts'
import { printable, quoted } from '../../text.ts'
import { parseJson } from '../json/parse.ts'
import type { JsonValue } from '../json/value.ts'
import type { Finding, JudgeContext } from './types.ts'

/** What is known of whoever asks, where no body is judged. */
export interface QueryContext extends Pick<JudgeContext, 'profile' | 'principal'> {
  /** The role allows BuildKit's tunnels, which is all of BuildKit: there is nothing left to judge in a build by it. */
  readonly buildkit: boolean
}

/** The parameters and headers of a request while they are judged; what is set is sent instead of what came. */
export interface QueryRequest {
  readonly operation: Operation
  readonly profile: Profile
  readonly context: QueryContext
  /** The first value; empty where there is none, as the engine reads it. */
  value(name: string): string
  values(name: string): readonly string[]
  /** Path parameters are decoded. */
  path(name: string): string
  /** Every value of a header; the name in lower case. */
  header(name: string): readonly string[]
  /** No values: the parameter is left out. */
  set(name: string, ...values: readonly string[]): void
  setPath(name: string, value: string): void
  refuse(field: string, asked: string, key: string, why: string): void
  /** Refuses what no part of a role bounds, unless the role lists the parameter among the fields that reach the host. */
  refuseHostField(name: string, why: string): void
  /** Whether a header is there; a name that ends in `*` is a prefix. */
  hasHeader(name: string): boolean
}

const TEXT_SHOWN = 80
const LISTED = 3

interface OpenRequest extends QueryRequest {
  readonly findings: Finding[]
  /** The operation with what was set. */
  rebuilt(): Operation
}

export function openRequest(operation: Operation, headers: readonly string[], context: QueryContext): OpenRequest {
  const findings: Finding[] = []
  const sent = new Map<string, readonly string[]>()
  let params: Record<string, string> | null = null
  const values = (name: string) => operation.query.flatMap(([other, value]) => (other === name ? [value] : []))
  return {
    operation,
    profile: context.profile,
    context,
    findings,
    values,
    value: (name) => values(name)[0] ?? '',
    path: (name) => operation.params[name] ?? '',
    header: (name) => headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name),
    set: (name, ...replaced) => sent.set(name, replaced),
    setPath(name, value) {
      params ??= Object.assign(Object.create(null), operation.params) as Record<string, string>
      params[name] = value
    },
    refuse: (field, asked, key, why) => findings.push({ field, asked, key, why }),
    refuseHostField(name, why) {
      const hostFields = context.profile.workload?.hostFields ?? []
      if (matchesAny(hostFields, name, context.principal)) return
      const value = name.startsWith('{') ? operation.params[name.slice(1, -1)] : values(name)[0]
      const asked = value === undefined ? 'a value' : shownText(value)
      findings.push({
        field: name,
        asked,
        key: 'workload.hostFields',
        why: `${why}; the role would have to list ${name}`,
      })
    },
    hasHeader: (name) =>
      headers.some((header, index) => {
        const lower = header.toLowerCase()
        if (index % 2 === 1) return false
        return name.endsWith('*') ? lower.startsWith(name.slice(0, -1)) : lower === name
      }),
    rebuilt: () =>
      sent.size === 0 && params === null ? operation : retarget(operation, replaceIn(operation.query, sent), params),
  }
}

type Pairs = Operation['query']

/** In the place of the first value there was, or at the end. */
function replaceIn(query: Pairs, sent: ReadonlyMap<string, readonly string[]>): Pairs {
  const left = new Map(sent)
  const replaced = query.flatMap(([name, value]): Pairs => {
    if (!sent.has(name)) return [[name, value]]
    const values = left.get(name) ?? []
    left.set(name, [])
    return values.map((text) => [name, text])
  })
  return [...replaced, ...[...left].flatMap(([name, values]) => values.map((text) => [name, text] as const))]
}

/**
 * The operation with other query parameters, and where given other path parameters, and the target that says so: in the
 * spelling in which `recognise` writes targets.
 */
export function retarget(operation: Operation, query: Pairs, params: Operation['params'] | null = null): Operation {
  const named = params ?? operation.params
  const path = operation.spec.path.replace(/\{([a-z]+)\+?\}/g, (_, name: string) => encodePath(named[name] ?? ''))
  const version = operation.apiVersion === null ? '' : `/v${operation.apiVersion}`
  const text = query.map(([name, value]) => `${encodeComponent(name)}=${encodeComponent(value)}`).join('&')
  return { ...operation, params: named, query, target: `${version}${path}${text === '' ? '' : `?${text}`}` }
}

/** A parameter that holds JSON, read as strictly as a body; null where it is empty. Throws Refusal `query-malformed`. */
export function jsonValue(request: Pick<QueryRequest, 'operation' | 'value'>, name: string): JsonValue {
  const text = request.value(name)
  if (text === '') return null
  try {
    return parseJson(Buffer.from(text))
  } catch (cause) {
    throw cause instanceof Refusal
      ? badParameter(request, name, 'is no JSON that can be read without doubt', cause)
      : cause
  }
}

const LEAST_INTEGER = -(2n ** 63n)
const GREATEST_INTEGER = 2n ** 63n - 1n

/**
 * A parameter that holds an integer; 0 where it is empty. The engine takes what it cannot read for 0, which often is no
 * limit at all. Throws Refusal `query-malformed`.
 */
export function integerValue(request: QueryRequest, name: string): number {
  const text = request.value(name)
  if (text === '') return 0
  const value = /^-?(?:0|[1-9][0-9]{0,18})$/.test(text) ? BigInt(text) : null
  if (value === null || value < LEAST_INTEGER || value > GREATEST_INTEGER) {
    throw badParameter(request, name, 'is no whole number')
  }
  return Number(value)
}

export function badParameter(
  { operation }: Pick<QueryRequest, 'operation'>,
  name: string,
  problem: string,
  cause?: unknown,
): Refusal {
  return new Refusal('query-malformed', `${operation.spec.id}: the query parameter ${quoted(name)} ${problem}`, {
    cause,
  })
}

/** What the role has under a key. */
export function listed(key: string, patterns: readonly Pattern[]): string {
  if (patterns.length === 0) return `the role has no ${key}`
  const more = patterns.length > LISTED ? `, and ${patterns.length - LISTED} more` : ''
  const texts = patterns.slice(0, LISTED).map(({ text }) => text)
  return `the role lists ${printable(texts.join(', '), 200)}${more}`
}

export function shownText(text: string): string {
  return quoted(text, TEXT_SHOWN)
}
