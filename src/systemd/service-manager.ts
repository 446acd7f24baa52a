import { type ExecFileException, execFile } from 'node:child_process'

/** How long the manager may take to note a message: then the next one has its turn. */
const TOLD_WITHIN_MS = 10_000
const LONGEST_STATUS = 400
/** The largest that a timer of Node takes. */
const MOST_MS = 2 ** 31 - 1

/** Who started this process, and is told how it stands (sd_notify(3)). */
export interface ServiceManager {
  /** Resolves when the manager has noted that it serves, or cannot be told. */
  ready(status: string): Promise<void>
  readonly reloads: { begin(): void; end(outcome: string): void }
  /** From here on the watchdog is answered as often as it asks for, for as long as `isWell` says so. */
  watch(isWell: () => boolean): void
  stopping(): void
  /** Resolves when all that was told is noted; nothing is told behind it. */
  close(): Promise<void>
}

/** Of a process that nobody watches over. */
export const SILENT: ServiceManager = {
  ready: () => Promise.resolve(),
  reloads: { begin: () => {}, end: () => {} },
  watch: () => {},
  stopping: () => {},
  close: () => Promise.resolve(),
}

/**
 * Speaks to the service manager that NOTIFY_SOCKET leads to, and to nobody where there is none. Removes the variables that
 * it reads, so that no child speaks for this process.
 *
 * Node has no unix datagram sockets, so the messages go by systemd-notify(1), one after the other. It ends when the manager
 * has noted its message (since systemd 246): a sender that is gone by then could not be told from a stranger. It is
 * a process of the service and not its main one, which is what NotifyAccess=all is for.
 *
 * @param warn takes why the manager cannot be told, once
 */
export function createServiceManager(env: NodeJS.ProcessEnv, warn: (line: string) => void): ServiceManager {
  const { NOTIFY_SOCKET: socket, PATH: path } = env
  const beat = watchdogPeriod(env)
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  if (socket === undefined || socket === '') return SILENT

  let last: Promise<void> = Promise.resolve()
  let closed = false
  let warned = false
  let timer: NodeJS.Timeout | null = null

  function send(lines: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const options = { env: { NOTIFY_SOCKET: socket, PATH: path }, timeout: TOLD_WITHIN_MS, cwd: '/' }
      execFile('systemd-notify', ['--', ...lines], options, (error, _, stderr) => {
        if (error !== null && !warned) warn(`ERROR: ${explain(error, stderr)}`)
        warned ||= error !== null
        resolve()
      })
    })
  }

  function tell(...lines: string[]): Promise<void> {
    if (!closed) last = last.then(() => send(lines))
    return last
  }

  return {
    ready: (status) => tell('READY=1', statusLine(status)),
    reloads: {
      begin() {
        // CLOCK_MONOTONIC, by which Type=notify-reload tells this reload from an earlier one.
        void tell(
          'RELOADING=1',
          `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`,
          'STATUS=reading the configuration',
        )
      },
      end: (outcome) => void tell('READY=1', statusLine(outcome)),
    },
    watch(isWell) {
      if (beat === null) return
      let underWay = false
      const answer = async () => {
        if (underWay || !isWell()) return
        underWay = true
        await tell('WATCHDOG=1')
        underWay = false
      }
      void answer()
      timer = setInterval(answer, beat)
    },
    stopping: () => void tell('STOPPING=1', 'STATUS=letting what is under way come to its end'),
    close() {
      closed = true
      if (timer !== null) clearInterval(timer)
      return last
    },
  }
}

/** Half of what the manager waits for a sign of life (sd_watchdog_enabled(3)), in ms; null when it does not wait for one. */
function watchdogPeriod({ WATCHDOG_USEC: time = '', WATCHDOG_PID: owner = '' }: NodeJS.ProcessEnv): number | null {
  if (owner !== '' && owner !== String(process.pid)) return null
  if (!/^[1-9][0-9]{0,17}$/.test(time)) return null
  return Math.min(MOST_MS, Math.max(1, Math.floor(Number(time) / 2000)))
}

/** A line feed would begin another assignment. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_STATUS)}`
}

function explain(error: ExecFileException, stderr: string): string {
  const what = 'systemd cannot be told how the gate stands'
  if (error.code === 'ENOENT')
    return `${what}: there is no systemd-notify here; install it or set Type=exec and no WatchdogSec=`
  return `${what}: ${stderr.trim() || error.message}`
}
