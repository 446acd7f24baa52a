import { globSync, readFileSync } from 'node:fs'

const ROOT = new URL('../../', import.meta.url).pathname

/** A fenced block of a page. */
export interface Block {
  readonly page: string
  readonly language: string
  readonly text: string
}

/** Every page that a reader may come to, by its path in the project. */
export const PAGES = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md'], { cwd: ROOT }).sort()

export function read(page: string): string {
  return readFileSync(`${ROOT}${page}`, 'utf8')
}

/** The fenced blocks of all pages, in these languages. */
export function blocks(...languages: readonly string[]): Block[] {
  return PAGES.flatMap((page) =>
    [...read(page).matchAll(/^ *```([a-z]+)\n([\s\S]*?)\n *```$/gm)]
      .map(([, language = '', text = '']) => ({ page, language, text }))
      .filter(({ language }) => languages.includes(language)),
  )
}
