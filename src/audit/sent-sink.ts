import { readFileSync } from 'node:fs'
import type { RecordsAddress } from '../config/records-schema.ts'
import { type Outlet, openOutlet } from './outlet.ts'
import { CLOSE_MS, createTrouble, MOST_WAITING, type Sink } from './sink.ts'
import { counted, syslogMessage } from './syslog.ts'

/** Bytes that are handed over at once. */
const BATCH = 64 * 1024
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 30_000
/** Of IPv4: 65,535 without the heads of IP and UDP. */
const MOST_DATAGRAM = 65_507

export interface SentTo {
  readonly address: RecordsAddress
  readonly syslog: boolean
  /** A file in PEM, which is read once. */
  readonly authorities: string | undefined
}

/**
 * Sends lines to a log service or a socket. While nobody is there they wait, and the connection is tried again at growing
 * distances. What a connection that broke off had not taken is sent again, so a line may arrive twice: its `id` and
 * `event` tell.
 *
 * @throws Error when the file of authorities cannot be read
 */
export function openSentSink({ address, syslog, authorities }: SentTo): Sink {
  const trouble = createTrouble()
  const place = syslog ? `syslog at ${address.text}` : address.text
  const trusted = authorities === undefined ? undefined : readFileSync(authorities, 'utf8')
  const waiting: { readonly frame: string; readonly bytes: number }[] = []
  let waitingBytes = 0
  let outlet: Outlet | null = null
  let isOpen = false
  let sending = false
  let delay = FIRST_RETRY_MS
  let timer: NodeJS.Timeout | null = null
  let closing: (() => void) | null = null

  function open(): void {
    timer = null
    isOpen = false
    outlet = openOutlet(address, trusted, {
      opened() {
        isOpen = true
        pump()
      },
      closed(why) {
        const wasOpen = isOpen
        outlet = null
        isOpen = false
        sending = false
        if (closing !== null && waiting.length === 0) return closing()
        // Who ends a connection that carries nothing only wants another one.
        if (!wasOpen || waiting.length > 0) trouble.fail(why)
        timer = setTimeout(open, delay)
        if (closing === null) timer.unref()
        delay = Math.min(delay * 2, LAST_RETRY_MS)
      },
    })
  }

  function pump(): void {
    if (sending || !isOpen || outlet === null) return
    if (waiting.length === 0) {
      trouble.over()
      if (closing !== null) outlet.end()
      return
    }
    let bytes = 0
    let count = 0
    while (count < waiting.length && bytes < BATCH) bytes += (waiting[count++] as { bytes: number }).bytes
    sending = true
    outlet.send(
      waiting.slice(0, count).map(({ frame }) => frame),
      () => {
        waiting.splice(0, count)
        waitingBytes -= bytes
        sending = false
        delay = FIRST_RETRY_MS
        pump()
      },
    )
  }

  function frameOf(line: string, record: object): string {
    if (!syslog) return line
    const message = syslogMessage(line, record)
    return address.kind === 'udp' ? message : counted(message)
  }

  open()
  return {
    write(line, record) {
      const frame = frameOf(line, record)
      const bytes = Buffer.byteLength(frame)
      if (waitingBytes + bytes > MOST_WAITING) {
        trouble.lose(`${place} does not keep up, and records are lost`)
        return 'lost'
      }
      if (address.kind === 'udp' && bytes > MOST_DATAGRAM) {
        trouble.lose('a record is too long for a datagram')
        return 'lost'
      }
      waiting.push({ frame, bytes })
      waitingBytes += bytes
      pump()
      return 'waiting'
    },
    state: () => ({ place, file: undefined, ...trouble.state() }),
    close: () =>
      new Promise((resolve) => {
        const over = () => {
          clearTimeout(giveUp)
          if (timer !== null) clearTimeout(timer)
          resolve()
        }
        const giveUp = setTimeout(() => {
          if (waiting.length > 0)
            process.stderr.write(`dockgate: records that ${place} did not take: ${waiting.length}\n`)
          closing = over
          waiting.length = 0
          if (outlet === null) over()
          else outlet.destroy()
        }, CLOSE_MS)
        closing = over
        if (timer === null) return pump()
        clearTimeout(timer)
        open()
      }),
  }
}
