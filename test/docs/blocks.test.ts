import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { configSchema } from '../../src/config/schema.ts'
import { blocks, PAGES, read } from './pages.ts'

const KEYS = new Set(Object.keys(configSchema.shape))
/** What a block leaves out. */
const REST = {
  listeners: [{ address: '127.0.0.1:2375' }],
  issuers: {},
  roles: { observer: { extends: 'observer' } },
  bindings: [],
}

const nth = <T extends { page: string }>(all: readonly T[]) =>
  all.map((block, index) => ({
    block,
    name: `${block.page}, ${all.slice(0, index).filter(({ page }) => page === block.page).length + 1}`,
  }))

test.each(nth(blocks('yaml')))(
  'block of YAML in $name is YAML, and of a configuration what dockgate takes',
  ({ block }) => {
    for (const document of parseAllDocuments(block.text)) {
      expect([...document.errors, ...document.warnings]).toEqual([])
      const value: unknown = document.toJS()
      const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
      if (!keys.some((key) => KEYS.has(key))) continue
      expect(configSchema.safeParse({ ...REST, ...(value as object) }).error?.issues).toBeUndefined()
    }
  },
)

test.each(nth(blocks('sh')))('block of shell in $name is good syntax', ({ block }) => {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: block.text, encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})

test.each(nth(blocks('json', 'jsonl')))('block of JSON in $name is JSON, a line each', ({ block }) => {
  for (const line of block.text.split('\n')) expect(() => JSON.parse(line)).not.toThrow()
})

test.each(PAGES)('links of %s lead to files and headings that are there', (page) => {
  const missing = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = '', heading] = target.split('#')
      const found = file === '' ? page : path.join(path.dirname(page), file)
      if (!existsSync(new URL(`../../${found}`, import.meta.url))) return true
      return heading !== undefined && !headings(found).includes(heading)
    })
  expect(missing).toEqual([])
})

/** As GitHub makes anchors of them. */
function headings(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
