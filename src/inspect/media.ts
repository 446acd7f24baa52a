import type { OperationSpec } from '../engine/types.ts'
import { Refusal } from '../refusal.ts'

/** The engine reads these into its query (Go's Request.Form), so they could override what was judged. */
const FORMS = new Set(['application/x-www-form-urlencoded', 'multipart/form-data', 'multipart/mixed'])

/**
 * Judges Content-Type and Content-Encoding for an operation with a body and returns the content type to send: the
 * canonical one of the operation's body kind, never the client's bytes.
 *
 * A body where none belongs must be JSON: it is read and dropped.
 *
 * @throws Refusal `content-type` (forms; JSON operations with another type), `content-encoding`
 */
export function contentType(spec: OperationSpec, type: string | null, encoding: string | null): string {
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new Refusal('content-encoding', `${spec.id} takes no Content-Encoding; send the body as it is`)
  }
  const essence = mediaType(type)
  if (essence !== null && (FORMS.has(essence) || essence.startsWith('multipart/'))) {
    throw new Refusal('content-type', `${spec.id} takes no form; the engine would read it into the query`)
  }
  if (spec.body === 'tar' || spec.body === 'other') return 'application/x-tar'
  if (essence !== null && essence !== 'application/json') {
    throw new Refusal('content-type', `${spec.id} takes application/json`)
  }
  return 'application/json'
}

/** The type/subtype of a Content-Type (RFC 9110 section 8.3.1) in lower case, without parameters; null when absent. */
function mediaType(value: string | null): string | null {
  if (value === null) return null
  const end = value.indexOf(';')
  const essence = (end < 0 ? value : value.slice(0, end)).trim().toLowerCase()
  return essence === '' ? null : essence
}
