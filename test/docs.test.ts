import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { configSchema } from '../src/config/schema.ts'
import { REASONS } from '../src/reasons.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

it('lists every reason code with its status and cause in docs/reasons.md', () => {
  const rows = read('docs/reasons.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows).toEqual(
    Object.entries(REASONS).map(([code, { status, summary }]) => `| \`${code}\` | ${status} | ${summary} |`),
  )
})

it('shows only configurations in the README that dockgate would take', () => {
  const blocks = [...read('README.md').matchAll(/```yaml\n(listeners:[^`]*)```/g)].map(([, yaml]) => yaml ?? '')
  expect(blocks).toHaveLength(1)
  for (const yaml of blocks) expect(configSchema.safeParse(parse(yaml)).error).toBeUndefined()
})
