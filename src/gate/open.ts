import type { Exchange } from '../audit/exchange.ts'
import { createCrowd } from './crowd.ts'

/** What is under way, so that closing can wait until the last record is written. */
export interface OpenExchanges {
  enter(exchange: Exchange): void
  leave(exchange: Exchange): void
  /** Whether something is under way on a client connection. */
  isBusy(connection: object): boolean
  /** Resolves when nothing that fits is under way, or as soon as the signal is aborted. */
  over(fits?: (exchange: Exchange) => boolean, signal?: AbortSignal): Promise<void>
}

export function createOpenExchanges(): OpenExchanges {
  const open = createCrowd<Exchange>()
  const waiting = new Set<() => void>()
  return {
    enter: open.add,
    leave(exchange) {
      open.remove(exchange)
      for (const look of waiting) look()
    },
    isBusy: (connection) => open.all().some((exchange) => exchange.connection === connection),
    over: (fits = () => true, signal) =>
      new Promise((resolve) => {
        const look = () => {
          if (!signal?.aborted && open.all().some(fits)) return
          waiting.delete(look)
          signal?.removeEventListener('abort', look)
          resolve()
        }
        waiting.add(look)
        signal?.addEventListener('abort', look)
        look()
      }),
  }
}
