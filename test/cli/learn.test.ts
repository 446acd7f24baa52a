import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Workplace, workplace } from './program.ts'

let place: Workplace
beforeEach(() => {
  place = workplace()
})
afterEach(() => place.remove())

const record = (subject: string, operation: string) =>
  JSON.stringify({ v: 1, event: 'request', principal: { issuer: 'local', subject }, operation, decision: 'allow' })
const put = (name: string, ...lines: string[]) => writeFileSync(join(place.folder, name), `${lines.join('\n')}\n`)

it('writes the role of several files and of standard input', async () => {
  put('a.jsonl', record('ann', 'ContainerList'))
  put('b.jsonl', record('bob', 'ImageList'))
  const files = await place.run('learn', '--from', 'a.jsonl', 'b.jsonl', '--role', 'ci')
  expect(files).toMatchObject({ code: 0, stderr: '' })
  expect(parse(files.stdout)).toEqual({ roles: { ci: { allow: ['ContainerList', 'ImageList'] } } })
  const piped = await place.runWith(record('ann', 'SystemInfo'), 'learn', '--from', '-')
  expect(parse(piped.stdout)).toEqual({ roles: { learned: { allow: ['SystemInfo'] } } })
})

it('names lines that are no records, and principals of whom there is nothing, and writes the role all the same', async () => {
  put('a.jsonl', 'nothing', record('ann', 'ContainerList'), record('bob', 'ImageList'))
  const { code, stdout, stderr } = await place.run(
    ...['learn', '--from', 'a.jsonl', '--principal', 'local/ann', '--principal', 'local/eve'],
  )
  expect([code, parse(stdout).roles.learned.allow]).toEqual([0, ['ContainerList']])
  expect(stderr).toBe('dockgate: a.jsonl:1 is not JSON\ndockgate: nothing was let through for local/eve\n')
})

it.each([
  ['nothing to learn from', ['--from', 'empty.jsonl'], 1, 'there is nothing to learn from'],
  ['no file', ['--from', 'missing.jsonl'], 2, "--from: ENOENT: no such file or directory, stat 'missing.jsonl'"],
  ['a directory', ['--from', '.'], 2, '--from: . is a directory'],
  ['no records', [], 2, "required option '--from <records...>' not specified"],
  ['a principal without its issuer', ['--from', 'empty.jsonl', '--principal', 'ann'], 2, 'ann is no ISSUER/SUBJECT'],
  ['no name of a role', ['--from', 'empty.jsonl', '--role', 'a b'], 2, 'a b is no name of a role'],
])('fails with %s', async (_, args, code, message) => {
  put('empty.jsonl', '')
  const outcome = await place.run('learn', ...args)
  expect(outcome).toMatchObject({ code, stdout: '' })
  expect(outcome.stderr).toContain(message)
})
