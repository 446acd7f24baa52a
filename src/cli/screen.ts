/** Another screen than the one that was there (xterm's 1049), without a cursor; and back. */
const TAKE = '\x1b[?1049h\x1b[?25l'
const GIVE_BACK = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

const CTRL_C = '\x03'
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const

/** Lines for a terminal of this width: without control characters. */
type View = (columns: number) => readonly string[]

interface Shown {
  readonly first: View
  /** What is shown next; rejects with an error for the person when it cannot be had. */
  next(): Promise<View>
  readonly everyMs: number
}

/**
 * Shows something that changes on the whole terminal until somebody presses q or Ctrl-C, or it cannot be had any more. Resolves
 * when the terminal is as it was before.
 *
 * @throws what `next` rejects with (as a rejection)
 */
export async function runScreen({ first, next, everyMs }: Shown): Promise<void> {
  const { stdin, stdout } = process
  let view = first
  let timer: NodeJS.Timeout | undefined
  const draw = () => {
    const { columns = 80, rows = 24 } = stdout
    const lines = view(columns).slice(0, rows - 1)
    stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`)
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
          next().then((newer) => {
            view = newer
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
