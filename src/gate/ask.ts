import type { Engine } from '../forward/engine.ts'
import { engineFailure } from '../forward/errors.ts'
import { parseJson } from '../inspect/json/parse.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import type { Ask, Told } from '../objects/types.ts'
import { readWhole } from '../read-whole.ts'
import { Refusal } from '../refusal.ts'

/** The engine answers such questions from memory; removing a container may take it a while. */
const ANSWER_MS = 120_000
/** The list of an owner's containers; each has a few kilobytes. */
const ANSWER_BYTES = 64 * 1024 * 1024

/** How the gate asks the engine on its own account. */
export function createAsk(engine: Engine): Ask {
  return async (method, path, body) => {
    const { statusCode, body: answer } = await engine.pool
      .request({
        method,
        path,
        headers: ['Host', 'docker', ...(body === undefined ? [] : ['Content-Type', 'application/json'])],
        body: body === undefined ? null : serialiseJson(body),
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
      })
      .catch((error: unknown) => {
        throw engineFailure(error)
      })
    try {
      const bytes = await readWhole(answer, ANSWER_BYTES)
      if (bytes !== null) return told(statusCode, bytes)
    } catch (cause) {
      throw unread(cause)
    }
    throw unread()
  }
}

function told(status: number, bytes: Buffer): Told {
  return { status, body: bytes.length === 0 ? null : asJson(bytes, status) }
}

/** What is no error is read without doubt or not at all. */
function asJson(bytes: Buffer, status: number): JsonValue {
  try {
    return parseJson(bytes)
  } catch (cause) {
    if (status >= 400) return null
    throw cause
  }
}

function unread(cause?: unknown): Refusal {
  return new Refusal('engine-broken', 'the Docker Engine does not tell whose objects the request is about', { cause })
}
