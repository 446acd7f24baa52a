import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

it('bounds what V8 collects often by the same in the unit and in the image, with an option that this Node knows', () => {
  const [, option = ''] = /^Environment=NODE_OPTIONS=(.*)$/m.exec(read('deploy/systemd/dockgate.service')) ?? []
  const [, inImage] = /^ENV NODE_OPTIONS=(.*)$/m.exec(read('deploy/docker/Dockerfile')) ?? []
  expect(option).toMatch(/^--max-semi-space-size=\d+$/)
  expect(inImage).toBe(option)
  expect(read('docs/operations.md')).toContain(option)
  // Node ends with code 9 when it does not take an option of the environment.
  const env = { ...process.env, NODE_OPTIONS: option }
  const program = ['src/cli/main.ts', 'version']
  expect(execFileSync(process.execPath, program, { cwd: ROOT, env, encoding: 'utf8' })).toMatch(/^dockgate /)
})
