import { Refusal } from '../refusal.ts'

const UNREACHABLE = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'EPERM',
  'ENOTSOCK',
  'EAGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * Turns what ended an exchange with the engine into the refusal that the client sees: ours, when a body was refused on
 * its way; else a failure of the engine. The engine socket's path stays out of it.
 */
export function engineFailure(error: unknown): Refusal {
  const refusal = refusalIn(error)
  if (refusal !== null) return refusal
  const code = errorCode(error)
  if (code !== null && UNREACHABLE.has(code)) {
    return new Refusal('engine-unreachable', 'the Docker Engine does not answer; is dockerd running on the host?', {
      cause: error,
    })
  }
  return new Refusal('engine-broken', 'the Docker Engine broke off before it answered', { cause: error })
}

/** The carrier's plugin wraps what it is given. */
function refusalIn(error: unknown): Refusal | null {
  for (let seen = error; seen instanceof Error; seen = seen.cause) if (seen instanceof Refusal) return seen
  return null
}

function errorCode(error: unknown): string | null {
  for (let seen = error; seen instanceof Error; seen = seen.cause) {
    const { code } = seen as NodeJS.ErrnoException
    if (typeof code === 'string' && !code.startsWith('FST_') && !code.startsWith('UND_ERR_SOCKET')) return code
  }
  return null
}
