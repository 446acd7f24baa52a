/** Another screen than the one that was there (xterm's 1049), without a cursor; and back. */
const TAKE = '\x1b[?1049h\x1b[?25l'
const GIVE_BACK = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

const CTRL_C = '\x03'
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const

interface Shown {
  /** As many as there is room for, as wide as the terminal, without control characters. */
  lines(room: { readonly columns: number; readonly rows: number }): readonly string[]
  /** Looks anew, each time before it is shown again. */
  next(): Promise<void>
  readonly everyMs: number
}

/**
 * Shows something that changes on the whole terminal until somebody presses q or Ctrl-C. Resolves when the terminal is as it
 * was before.
 *
 * @throws what `next` rejects with (as a rejection), the terminal likewise
 */
export async function runScreen({ lines, next, everyMs }: Shown): Promise<void> {
  const { stdin, stdout } = process
  let timer: NodeJS.Timeout | undefined
  const draw = () => {
    // Zero of both is what a terminal says that was told nothing of its size.
    const columns = stdout.columns || 80
    const rows = stdout.rows || 24
    const shown = lines({ columns, rows: rows - 1 }).slice(0, rows - 1)
    stdout.write(`${HOME}${shown.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`)
  }
  try {
    await new Promise<void>((resolve, reject) => {
      stdin.on('data', (keys: Buffer) => {
        const text = keys.toString('latin1')
        if (text.includes('q') || text.includes(CTRL_C)) resolve()
      })
      for (const signal of SIGNALS) process.once(signal, resolve)
      stdout.on('resize', draw)
      const again = () => {
        timer = setTimeout(() => {
          next().then(() => {
            draw()
            again()
          }, reject)
        }, everyMs)
      }
      stdin.setRawMode(true)
      stdin.resume()
      stdout.write(TAKE)
      draw()
      again()
    })
  } finally {
    clearTimeout(timer)
    stdout.off('resize', draw)
    stdout.write(GIVE_BACK)
    stdin.setRawMode(false)
    stdin.pause()
    stdin.removeAllListeners('data')
  }
}
