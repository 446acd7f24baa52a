import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { blocks, PAGES, read } from './pages.ts'

const PROGRAM = new URL('../../src/cli/main.ts', import.meta.url).pathname
const helps = new Map<string, string>()

/** What `--help` says of a command; the program itself is the command of no words. */
function help(words: readonly string[]): string {
  const key = words.join(' ')
  const known = helps.get(key)
  if (known !== undefined) return known
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, ...words, '--help'], { encoding: 'utf8' })
  expect(status, `dockgate ${key} --help`).toBe(0)
  helps.set(key, stdout)
  return stdout
}

const subcommands = (text: string) =>
  [...(text.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name)

/** The words of each dockgate command in a text, up to what is another program's. */
function commandsIn(text: string): string[][] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ')
  return [...joined.matchAll(/(?:^|\s)dockgate ([a-z].*)$/gm)].map(([, rest = '']) => {
    const words = [...rest.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word)
    const end = words.findIndex((word) => /^(?:--|[|&;#>].*|\\)$/.test(word))
    return end < 0 ? words : words.slice(0, end)
  })
}

const spans = PAGES.flatMap((page) =>
  [
    ...read(page)
      .replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
      .matchAll(/`(dockgate [a-z][^`]*)`/g),
  ].flatMap(([, text = '']) => commandsIn(text.replaceAll(/\s+/g, ' ')).map((words) => ({ page, words }))),
)
const fenced = blocks('sh', 'text').flatMap(({ page, text }) =>
  commandsIn(text.replaceAll(/^\s*\$ /gm, '')).map((words) => ({ page, words })),
)
// Prose within a block of text begins no line with the name of the program.
const all = [...spans, ...fenced].map(({ page, words }) => ({ page, words, shown: words.join(' ').slice(0, 100) }))

test('finds the commands that pages show', () => {
  expect(spans.length).toBeGreaterThan(20)
  expect(fenced.length).toBeGreaterThan(20)
})

test.each(all)('$page: dockgate $shown', ({ words }) => {
  let command: string[] = []
  for (const word of words) {
    if (!subcommands(help(command)).includes(word)) break
    command = [...command, word]
  }
  expect(command).not.toEqual([])
  // A command of commands is given one of them.
  const next = words[command.length]
  if (subcommands(help(command)).length > 0) expect(next ?? '--help').toMatch(/^-/)
  const options = words.filter((word) => word.startsWith('-')).map((word) => word.split('=')[0] ?? '')
  const known: readonly string[] = help(command).match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? []
  expect(options.filter((option) => !known.includes(option))).toEqual([])
})
