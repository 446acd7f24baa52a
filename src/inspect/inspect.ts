import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import type { Framing } from '../listen/head.ts'
import type { Role } from '../policy/types.ts'
import { Refusal } from '../refusal.ts'
import type { ArchiveRules } from './archive-rules.ts'
import { collectFacts } from './facts/collect.ts'
import type { Facts } from './facts/facts.ts'
import { rebuildFilters } from './filters.ts'
import { engineHeaders } from './headers.ts'
import { parseJson } from './json/parse.ts'
import type { JsonValue } from './json/value.ts'
import { type JudgedBody, judgeJsonBody } from './json-body.ts'
import { archiveRules } from './judge/archive.ts'
import { allowsEveryExec, judgeInspectedExec } from './judge/exec.ts'
import { judgeQuery } from './judge/query.ts'
import { retarget } from './judge/query-request.ts'
import type { Finding } from './judge/types.ts'
import { contentType } from './media.ts'
import { NotAllowed } from './not-allowed.ts'
import { headerValue } from './raw-headers.ts'
import type { Surroundings } from './surroundings.ts'

/** A JSON body may have this many bytes; the largest real ones (service specs with configs) stay far below. */
const JSON_BYTES = 4 * 1024 * 1024
/** dockerode repeats its options as JSON where the operation takes no body (stop, wait, rename, …): read so far, and dropped. */
const DROPPED_BYTES = 64 * 1024

/** Where the body's bytes come from: a plain request, or the socket of an upgrade. */
export interface BodySource {
  /** The whole body, at most `limit` bytes. Rejects with `body-too-large`, `body-timeout` or `client-gone`. */
  read(limit: number): Promise<Buffer>
}

/** A request that its role allows to be made, as far as it is known by then. */
export interface Asked {
  readonly operation: Operation
  /** Name and value pairs in one flat list, as they came. */
  readonly rawHeaders: readonly string[]
  readonly framing: Framing
  readonly source: BodySource
  readonly principal: Principal
  /** Null: an operation that everybody has, which asks for nothing. */
  readonly role: Role | null
  readonly surroundings: Surroundings
  /** Gets what the request asks for, also of one that is refused for it. */
  readonly noteFacts: (facts: Facts) => void
}

/** The client's stream: `length` null is chunked, `archive` null passes as it is, and otherwise is checked on its way. */
interface Stream {
  readonly kind: 'stream'
  readonly length: number | null
  readonly archive: ArchiveRules | null
}

/** The body to send: none, bytes that were read whole, or a stream. */
type CheckedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly value: JsonValue }
  | Stream

/** What will be sent to the engine; everything in it was judged or made here. */
export interface CheckedRequest {
  readonly operation: Operation
  /** Flat name, value list, without framing: the forwarder adds that from the body. */
  readonly headers: string[]
  readonly body: CheckedBody
}

const NO_BODY = { checked: null, hostPaths: null }
type NoBody = typeof NO_BODY
const NONE: CheckedBody = { kind: 'none' }
const EMPTY = new Set(['', '{}', 'null'])

/**
 * Judges what an allowed operation asks for: query, headers, media type, framing, size and content of the body.
 *
 * @throws Refusal (or rejects with it) `content-type`, `content-encoding`, `body-unexpected`, `body-malformed`, `body-field`,
 * `body-too-large`, `body-timeout`, `query-malformed`, `header-repeated`; NotAllowed with everything that the role does not allow
 */
export function inspect(asked: Asked): CheckedRequest | Promise<CheckedRequest> {
  const { operation, framing, role } = asked
  const { spec } = operation
  const headers = engineHeaders(spec, asked.rawHeaders)
  if (role === null) {
    const request = { operation, headers, body: NONE }
    return framing.present ? withoutBody(asked, request) : request
  }
  const judged = judgeParameters(asked, role, headers)
  const request = { operation: judged.operation, headers, body: NONE }
  if (spec.body === 'json') return withJson(asked, role, request, judged.findings)
  noteFacts(asked, headers)
  if (judged.findings.length > 0) throw new NotAllowed(spec.id, role.name, judged.findings)
  if (!framing.present) return request
  if (!takesBody(judged.operation)) return withoutBody(asked, request)
  headers.push('Content-Type', mediaTypeOf(asked))
  return { ...request, body: { kind: 'stream', ...streamOf(asked, role) } }
}

/** Everything but the body: the operation that is sent, and what the role does not allow of it. */
function judgeParameters(
  { operation, principal }: Asked,
  role: Role,
  headers: readonly string[],
): { readonly operation: Operation; readonly findings: readonly Finding[] } {
  const { profile } = role
  const judged = judgeQuery(operation, headers, { profile, principal, buildkit: role.operations.has('Session') })
  return { operation: withFilters(judged.operation), findings: judged.findings }
}

/** Filters are read as the engine reads them, and written anew. */
function withFilters(operation: Operation): Operation {
  if (!operation.query.some(([name]) => name === 'filters')) return operation
  const query = operation.query.map(
    ([name, value]) => [name, name === 'filters' ? rebuildFilters(value) : value] as const,
  )
  return retarget(operation, query)
}

async function withJson(
  asked: Asked,
  role: Role,
  request: CheckedRequest,
  parameters: readonly Finding[],
): Promise<CheckedRequest> {
  const { operation, framing, source } = asked
  if (framing.present) request.headers.push('Content-Type', mediaTypeOf(asked))
  if (framing.length !== null && framing.length > JSON_BYTES) throw tooLarge(operation)
  const read = framing.present ? await source.read(JSON_BYTES) : Buffer.alloc(0)
  const judged = await judgeJsonBody(read, { ...asked, profile: role.profile })
  const { findings, bytes, value } = judged
  noteFacts(asked, request.headers, judged)
  const started = operation.spec.id === 'ExecStart' ? await judgeStart(asked, role) : []
  const all = [...parameters, ...findings, ...started]
  if (all.length > 0) throw new NotAllowed(operation.spec.id, role.name, all)
  return bytes === null ? request : { ...request, body: { kind: 'bytes', bytes, value } }
}

/** Of a request that is sent, and of one that is refused for what it asks for. */
function noteFacts(
  { operation, principal, noteFacts: note }: Asked,
  headers: readonly string[],
  { checked, hostPaths }: Pick<JudgedBody, 'checked' | 'hostPaths'> | NoBody = NO_BODY,
): void {
  const facts = collectFacts({ operation, principal, headers, checked, hostPaths, body: checked?.value ?? null })
  if (facts !== null) note(facts)
}

/**
 * The start of an exec that was made past this gate, or by somebody else: what it will run is asked of the engine. One
 * that the engine does not know it will not start.
 */
async function judgeStart(asked: Asked, role: Role): Promise<readonly Finding[]> {
  const { operation, principal, surroundings } = asked
  const id = operation.params.id ?? ''
  if (allowsEveryExec(role.profile) || surroundings.execWasJudged(id, principal, role)) return []
  const inspected = await surroundings.inspectExec(id)
  if (inspected === null) return []
  return judgeInspectedExec(inspected, { ...asked, profile: role.profile, body: null, hostPaths: null })
}

/** Of a pull, and of an import that the engine fetches, no engine reads the body. */
function takesBody({ spec, query }: Operation): boolean {
  if (spec.id !== 'ImageCreate') return spec.body !== 'none'
  return query.some(([name, value]) => name === 'fromSrc' && value === '-')
}

async function withoutBody(asked: Asked, request: CheckedRequest): Promise<CheckedRequest> {
  const { operation, framing, source } = asked
  const { spec } = operation
  if (spec.method !== 'POST') throw unexpected(operation)
  mediaTypeOf(asked)
  if (framing.length !== null && framing.length > DROPPED_BYTES) throw unexpected(operation)
  const bytes = await source.read(DROPPED_BYTES).catch((error: unknown) => {
    throw error instanceof Refusal && error.reason === 'body-too-large' ? unexpected(operation) : error
  })
  // Before API 1.24 this was a HostConfig: whoever sends one believes that it counts.
  if (spec.id === 'ContainerStart' && !EMPTY.has(bytes.toString('latin1').trim())) throw unexpected(operation)
  if (bytes.length > 0) parseJson(bytes)
  return request
}

function streamOf({ operation, framing }: Asked, { name, profile }: Role): Omit<Stream, 'kind'> {
  if (operation.spec.id !== 'PutContainerArchive') return { length: framing.length, archive: null }
  const archive = archiveRules(profile, (finding) => new NotAllowed(operation.spec.id, name, [finding]))
  // What is written anew has another length.
  return { length: archive === null ? framing.length : null, archive }
}

function mediaTypeOf({ operation, rawHeaders }: Asked): string {
  return contentType(
    operation.spec,
    headerValue(rawHeaders, 'content-type'),
    headerValue(rawHeaders, 'content-encoding'),
  )
}

function unexpected({ spec }: Operation): Refusal {
  return new Refusal('body-unexpected', `${spec.id} takes no request body`)
}

function tooLarge(operation: Operation): Refusal {
  return new Refusal('body-too-large', `${operation.spec.id} takes a body of at most ${JSON_BYTES} bytes`)
}
