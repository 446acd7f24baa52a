declare module 'pino-roll' {
  import type { destination } from 'pino'

  /** The part of pino-roll's options that is used here. */
  interface RollOptions {
    readonly file: string
    readonly size?: string
    readonly frequency?: 'daily' | 'hourly'
    readonly dateFormat?: string
    readonly limit: { readonly count: number; readonly removeOtherLogFiles: boolean }
    readonly mode: number
    readonly sync: boolean
    readonly maxLength: number
    readonly minLength: number
  }

  export default function roll(options: RollOptions): Promise<ReturnType<typeof destination>>
}
