import type { IncomingMessage } from 'node:http'
import type { Operation } from '../engine/types.ts'
import type { Framing } from '../listen/head.ts'
import { Refusal } from '../refusal.ts'
import { engineHeaders } from './headers.ts'
import { parseJson } from './json/parse.ts'
import { contentType } from './media.ts'

/** A JSON body may have this many bytes; the largest real ones (service specs with configs) stay far below. */
const JSON_BYTES = 4 * 1024 * 1024
/** dockerode repeats its options as JSON where the operation takes no body (stop, wait, rename, …): read so far, and dropped. */
const DROPPED_BYTES = 64 * 1024

/** Where the body's bytes come from: a plain request, or the socket of an upgrade. */
export interface BodySource {
  /** The whole body, at most `limit` bytes. Rejects with `body-too-large`, `body-timeout` or `client-gone`. */
  read(limit: number): Promise<Buffer>
}

/** The body to send: none, bytes that were read whole, or the client's stream (`length` null: chunked). */
type CheckedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'stream'; readonly length: number | null }

/** What will be sent to the engine; everything in it was judged or made here. */
export interface CheckedRequest {
  readonly operation: Operation
  /** Flat name, value list, without framing: the forwarder adds that from the body. */
  readonly headers: string[]
  readonly body: CheckedBody
}

const NONE: CheckedBody = { kind: 'none' }
const EMPTY = new Set(['', '{}', 'null'])

/**
 * Judges what an allowed operation carries: media type, framing and size of the body, headers.
 *
 * @throws Refusal `content-type`, `content-encoding`, `body-unexpected`, `body-malformed`, `body-too-large`, `body-timeout`, `upgrade-unexpected`
 */
export function inspect(
  operation: Operation,
  request: IncomingMessage,
  framing: Framing,
  source: BodySource,
): CheckedRequest | Promise<CheckedRequest> {
  const { spec } = operation
  const headers = engineHeaders(spec, request.rawHeaders)
  if (!framing.present) return { operation, headers, body: NONE }
  if (spec.body === 'none') return dropBody(operation, headers, request, framing, source)
  const type = contentType(spec, request.headers['content-type'], request.headers['content-encoding'])
  headers.push('Content-Type', type)
  if (spec.body !== 'json') return { operation, headers, body: { kind: 'stream', length: framing.length } }
  if (framing.length !== null && framing.length > JSON_BYTES) throw tooLarge(operation)
  return source.read(JSON_BYTES).then((bytes) => ({ operation, headers, body: { kind: 'bytes', bytes } }))
}

async function dropBody(
  operation: Operation,
  headers: string[],
  request: IncomingMessage,
  framing: Framing,
  source: BodySource,
): Promise<CheckedRequest> {
  const { spec } = operation
  if (spec.method !== 'POST') throw unexpected(operation)
  contentType(spec, request.headers['content-type'], request.headers['content-encoding'])
  if (framing.length !== null && framing.length > DROPPED_BYTES) throw unexpected(operation)
  const bytes = await source.read(DROPPED_BYTES).catch((error: unknown) => {
    throw error instanceof Refusal && error.reason === 'body-too-large' ? unexpected(operation) : error
  })
  // Before API 1.24 this was a HostConfig: whoever sends one believes that it counts.
  if (spec.id === 'ContainerStart' && !EMPTY.has(bytes.toString('latin1').trim())) throw unexpected(operation)
  if (bytes.length > 0) parseJson(bytes)
  return { operation, headers, body: NONE }
}

function unexpected({ spec }: Operation): Refusal {
  return new Refusal('body-unexpected', `${spec.id} takes no request body`)
}

function tooLarge(operation: Operation): Refusal {
  return new Refusal('body-too-large', `${operation.spec.id} takes a body of at most ${JSON_BYTES} bytes`)
}
