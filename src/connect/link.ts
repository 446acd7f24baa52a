import type { ServerResponse } from 'node:http'
import { clientHeaders } from '../forward/response-headers.ts'
import type { Answer } from '../gate/answer.ts'
import { Refusal } from '../refusal.ts'
import type { Gate } from './gate.ts'
import { explainGateFailure } from './gate-failure.ts'
import type { Tokens } from './tokens.ts'

/** What every request needs on its way to the gate. */
export interface Link {
  readonly gate: Gate
  /** Null when a client certificate alone says who calls. */
  readonly tokens: Tokens | null
  /** The header that tokens go in, alone; null for `Authorization: Bearer` (RFC 6750 section 2.1). */
  readonly tokenHeader: string | null
  /** The file of `--ca`, for messages. */
  readonly authorities: string | null
}

/** There is no token to be had; `message` is for a person and holds none. */
class TokenUnavailable extends Error {}

/** The token for one request, or null when there are none. Rejects with an error that `failureOf` explains. */
export async function tokenOf({ tokens }: Link): Promise<string | null> {
  try {
    return tokens === null ? null : await tokens.get()
  } catch (error) {
    throw new TokenUnavailable((error as Error).message, { cause: error })
  }
}

/**
 * The client's end-to-end fields for the gate, in a flat name, value list: with the gate's own Host, our token in place
 * of whatever the client sent, and without the fields that frame the body, which are the sender's to set.
 */
export function gateHeaders(raw: readonly string[], { gate, tokenHeader }: Link, token: string | null): string[] {
  const headers = ['Host', gate.address.authority]
  const ours = (tokenHeader ?? 'Authorization').toLowerCase()
  const kept = clientHeaders(raw)
  for (let i = 0; i < kept.length; i += 2) {
    const name = (kept[i] as string).toLowerCase()
    if (name === 'host' || name === 'content-length' || name === 'expect' || name === 'proxy-authorization') continue
    if (name === ours && token !== null) continue
    headers.push(kept[i] as string, kept[i + 1] as string)
  }
  if (token !== null)
    headers.push(...(tokenHeader === null ? ['Authorization', `Bearer ${token}`] : [tokenHeader, token]))
  return headers
}

/** Takes note of the gate's status: a token that it refuses is not used again. */
export function noteStatus({ tokens }: Link, token: string | null, status: number | undefined): void {
  if (status === 401 && token !== null) tokens?.refused(token)
}

/** What went wrong on our side of the gate, as the answer that a docker client shows: `{"message": …}`. */
export function failureAnswer(error: unknown, link: Link): Answer {
  const body = Buffer.from(JSON.stringify({ message: `dockgate connect: ${failureOf(error, link)}` }))
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }
  return { status: error instanceof Refusal ? error.status : 502, headers, body }
}

/** What went wrong on our side of the gate, for a person. */
export function failureOf(error: unknown, { gate, authorities }: Link): string {
  if (error instanceof TokenUnavailable) return `no token for the gate ${gate.address.name}: ${error.message}`
  if (error instanceof Refusal) return error.message
  return explainGateFailure(error, gate.address, authorities)
}

/** Answers a plain request with a failure of ours; an answer that has begun is broken off. */
export function fail(response: ServerResponse, error: unknown, link: Link): void {
  if (response.destroyed) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, headers, body } = failureAnswer(error, link)
  if (!response.req.complete) headers.Connection = 'close'
  response.writeHead(status, headers)
  response.end(body)
}
