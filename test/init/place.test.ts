import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openPlace } from '../../src/init/place.ts'

let above: string
let folder: string
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'dockgate-place-'))
  folder = join(above, 'gate')
})
afterEach(() => rmSync(above, { recursive: true, force: true }))

const everything = () =>
  readdirSync(above, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(above.length + 1))
    .sort()

function makeFolder(files: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, 'server'), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

it('shows nothing at the folder before it is put, and all of it then', () => {
  const place = openPlace(folder)
  writeFileSync(join(place.staged, 'a'), 'a')
  expect(() => statSync(folder)).toThrow('ENOENT')
  place.put()
  place.discard()
  expect(everything()).toEqual(['gate/a'])
  expect(statSync(folder).mode & 0o777).toBe(0o750)
})

it('begins with what is there, and tells new from changed and the same', () => {
  makeFolder({ 'same.pem': '1', 'changed.pem': '1', 'server/key.pem': 'k' })
  chmodSync(join(folder, 'server/key.pem'), 0o600)
  const place = openPlace(folder)
  writeFileSync(join(place.staged, 'changed.pem'), '2')
  writeFileSync(join(place.staged, 'server/new'), '2')
  expect(place.files()).toEqual([
    { name: 'changed.pem', state: 'changed' },
    { name: 'same.pem', state: 'same' },
    { name: 'server/key.pem', state: 'same' },
    { name: 'server/new', state: 'new' },
  ])
  place.put()
  place.discard()
  expect(everything()).toEqual(['gate/changed.pem', 'gate/same.pem', 'gate/server/key.pem', 'gate/server/new'])
  expect(readFileSync(join(folder, 'changed.pem'), 'utf8')).toBe('2')
  expect(statSync(join(folder, 'server/key.pem')).mode & 0o777).toBe(0o600)
})

it('counts a file with another mode as changed', () => {
  makeFolder({ 'key.pem': 'k' })
  chmodSync(join(folder, 'key.pem'), 0o644)
  const place = openPlace(folder)
  chmodSync(join(place.staged, 'key.pem'), 0o600)
  expect(place.files()).toEqual([{ name: 'key.pem', state: 'changed' }])
  place.discard()
})

it('takes back what was put when one file cannot be, and leaves every old file as it was', () => {
  makeFolder({ 'a.pem': 'old a' })
  const place = openPlace(folder)
  writeFileSync(join(place.staged, 'a.pem'), 'new a')
  writeFileSync(join(place.staged, 'b'), 'new b')
  mkdirSync(join(place.staged, 'deep'))
  writeFileSync(join(place.staged, 'deep/c'), 'new c')
  writeFileSync(join(place.staged, 'z'), 'new z')
  // In the place of the last one.
  mkdirSync(join(folder, 'z'))
  expect(() => place.put()).toThrow()
  place.discard()
  expect(everything()).toEqual(['gate/a.pem'])
  expect(readFileSync(join(folder, 'a.pem'), 'utf8')).toBe('old a')
  expect(readdirSync(folder).sort()).toEqual(['a.pem', 'server', 'z'])
})

it('does not write through a link that somebody else looks after', () => {
  makeFolder({})
  writeFileSync(join(above, 'managed'), 'theirs')
  symlinkSync(join(above, 'managed'), join(folder, 'a'))
  const place = openPlace(folder)
  writeFileSync(join(place.staged, 'a'), 'ours')
  expect(() => place.put()).toThrow('is a link')
  place.discard()
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('theirs')
})

it('leaves nothing but the folder behind when it is discarded', () => {
  makeFolder({ a: '1' })
  const place = openPlace(folder)
  writeFileSync(join(place.staged, 'b'), 'b')
  place.discard()
  expect(readdirSync(above)).toEqual(['gate'])
  expect(everything()).toEqual(['gate/a'])
})

it('keeps what is staged from everybody else', () => {
  const place = openPlace(folder)
  const [staging = ''] = readdirSync(above)
  expect(statSync(join(above, staging)).mode & 0o777).toBe(0o700)
  place.discard()
})

it('does not undo what somebody else has done meanwhile, such as to revoke a certificate', () => {
  makeFolder({ 'crl.pem': 'none', 'issued.pem': 'one' })
  const place = openPlace(folder)
  writeFileSync(join(place.staged, 'issued.pem'), 'one two')
  writeFileSync(join(folder, 'crl.pem'), 'one')
  place.put()
  place.discard()
  expect(readFileSync(join(folder, 'crl.pem'), 'utf8')).toBe('one')
  expect(readFileSync(join(folder, 'issued.pem'), 'utf8')).toBe('one two')

  const again = openPlace(folder)
  writeFileSync(join(again.staged, 'crl.pem'), 'one two')
  writeFileSync(join(folder, 'crl.pem'), 'one three')
  expect(() => again.put()).toThrow('crl.pem was changed by somebody else meanwhile')
  again.discard()
  expect(readFileSync(join(folder, 'crl.pem'), 'utf8')).toBe('one three')
})

it('leaves a ledger and records where they are, and does not copy them', () => {
  makeFolder({ 'ledger.sqlite': 'l', 'records.jsonl': 'r' })
  const place = openPlace(folder)
  expect(place.files()).toEqual([])
  place.put()
  place.discard()
  expect(everything()).toEqual(['gate/ledger.sqlite', 'gate/records.jsonl'])
})
