import { createInterface, type Interface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'

/** Asking ended before it was answered: nothing is written. */
class NotAnswered extends Error {}

export interface Question {
  readonly text: string
  /** One line that says what it means. */
  readonly help: string
  /** What an empty line stands for; null: there is no answer to fall back on. */
  readonly usual: string | null
  /** Why an answer will not do; null: it will. */
  readonly problem: (answer: string) => string | null
}

export interface Asker {
  /** Asks until the answer will do. Rejects with NotAnswered at the end of input, and at Ctrl-C. */
  ask(question: Question): Promise<string>
  /** The same for yes or no; an empty line is no. */
  confirm(text: string): Promise<boolean>
  close(): void
}

/** Asks a person at a terminal. */
export function openAsker(input: Readable, output: Writable): Asker {
  const lines = createInterface({ input, output })
  const ended = new AbortController()
  lines.once('close', () => ended.abort())
  lines.once('SIGINT', () => lines.close())
  return {
    async ask({ text, help, usual, problem }) {
      output.write(`\n${help}\n`)
      for (;;) {
        const typed = (
          await line(lines, `${text}${usual === null || usual === '' ? '' : ` [${usual}]`}: `, ended.signal)
        ).trim()
        const answer = typed === '' ? usual : typed
        const wrong = answer === null ? 'an answer is needed' : problem(answer)
        if (answer !== null && wrong === null) return answer
        output.write(`  ${wrong}\n`)
      }
    },
    async confirm(text) {
      return /^y(es)?$/i.test((await line(lines, `${text} [y/N] `, ended.signal)).trim())
    },
    close: () => lines.close(),
  }
}

async function line(lines: Interface, prompt: string, signal: AbortSignal): Promise<string> {
  if (signal.aborted) throw new NotAnswered('not answered: nothing was written')
  try {
    return await lines.question(prompt, { signal })
  } catch (error) {
    throw new NotAnswered('not answered: nothing was written', { cause: error })
  }
}
