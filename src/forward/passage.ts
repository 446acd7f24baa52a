import type { IncomingMessage } from 'node:http'
import type { CheckedRequest } from '../inspect/inspect.ts'
import type { Shape } from '../objects/types.ts'
import type { Refusal } from '../refusal.ts'

/** Where it is noted when the engine was asked and when it answered, in monotonic milliseconds. */
interface EngineTimes {
  sentAt: number
  answeredAt: number
}

/** One request on its way to the engine: what was checked, and the exchange's own counters and callbacks. */
export interface Passage {
  readonly checked: CheckedRequest
  /** How the answer is shown; null: as it is. */
  readonly shape: Shape | null
  readonly request: IncomingMessage
  readonly times: EngineTimes
  /** What ends the engine's side when the client goes away: set by who carries it, while there is something to end. */
  abort: (() => void) | null
  /** Throws a Refusal where the body is larger than it may be. */
  onBytesIn(bytes: number): void
  /** Bytes of the answer's body: those of `buffer` from `from` to `to`, until it returns. */
  onAnswerData(buffer: Buffer, from: number, to: number): void
  /** The engine failed before its answer began: nothing has been sent to the client. */
  onFailure(refusal: Refusal): void
  /** The engine broke off inside its answer. */
  onBroken(): void
}
