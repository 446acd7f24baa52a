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

/** Turns a failure on the engine's side into the refusal that the client sees; the engine socket's path stays out of it. */
export function engineFailure(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const code = errorCode(error)
  if (code !== null && UNREACHABLE.has(code)) {
    return new Refusal('engine-unreachable', 'the Docker Engine does not answer; is dockerd running on the host?', {
      cause: error,
    })
  }
  return new Refusal('engine-broken', 'the Docker Engine broke off before it answered', { cause: error })
}

function errorCode(error: unknown): string | null {
  for (let seen = error; seen instanceof Error; seen = seen.cause) {
    const { code } = seen as NodeJS.ErrnoException
    if (typeof code === 'string' && !code.startsWith('FST_') && !code.startsWith('UND_ERR_SOCKET')) return code
  }
  return null
}
