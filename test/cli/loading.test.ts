import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const MAIN = path.join(import.meta.dirname, '../../src/cli/main.ts')

/** Prints each file that is loaded while the program runs. */
const SPY = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({ load(url, context, next) { console.log('loaded', url); return next(url, context) } })`)}`

/** What of src/ a command line loads. */
function loadedBy(...args: string[]): string[] {
  const output = execFileSync(process.execPath, ['--import', SPY, MAIN, ...args], { encoding: 'utf8' })
  return [...output.matchAll(/^loaded (file:.*)$/gm)]
    .map(([, url = '']) => path.relative(path.join(MAIN, '../..'), fileURLToPath(url)))
    .filter((file) => !file.startsWith('..'))
}

it('loads of the commands only the one that is asked for', () => {
  expect(loadedBy('version').sort()).toEqual([
    'cli/failure.ts',
    'cli/main.ts',
    'cli/version.ts',
    'config/errors.ts',
    'text.ts',
  ])
})

it('loads nothing that serves before the command line is known to be right', () => {
  const rooms = new Set(loadedBy('serve', '--help').map((file) => path.dirname(file)))
  expect([...rooms].sort()).toEqual(['.', 'cli', 'config', 'systemd'])
})
