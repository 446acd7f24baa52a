import { REASONS, type ReasonCode } from './reasons.ts'

/**
 * A refusal: thrown once where the cause is known, turned into an HTTP answer in one place (`src/gate/answer.ts`).
 * `message` is shown to the person at the docker prompt; it must not hold a secret.
 */
export class Refusal extends Error {
  readonly reason: ReasonCode
  readonly status: number
  /** Seconds, for `Retry-After` (RFC 9110 section 10.2.3); null: none. */
  readonly retryAfter: number | null

  constructor(reason: ReasonCode, message: string, options?: { cause?: unknown; retryAfter?: number }) {
    // Any client can have as many of these as it likes, and a stack costs more than all else that makes a refusal: who
    // refuses, and why, its reason and message say. A cause keeps its own.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message, options)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'Refusal'
    this.reason = reason
    this.status = REASONS[reason].status
    this.retryAfter = options?.retryAfter ?? null
  }
}
