import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { PkiError } from '../../src/pki/errors.ts'
import {
  makePrivateFolder,
  PRIVATE_FILE,
  PUBLIC_FILE,
  readIfThere,
  readPrivateIfThere,
  replaceFile,
  writeNewFile,
} from '../../src/pki/files.ts'
import { temporaryFolder } from './folder.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

it('gives a new file its mode whatever the umask is', () => {
  const folder = temporaryFolder()
  const before = process.umask(0)
  onTestFinished(() => void process.umask(before))
  writeNewFile(join(folder, 'key.pem'), 'k', PRIVATE_FILE)
  process.umask(0o077)
  writeNewFile(join(folder, 'ca.pem'), 'c', PUBLIC_FILE)
  expect([modeOf(join(folder, 'key.pem')), modeOf(join(folder, 'ca.pem'))]).toEqual([0o600, 0o644])
})

it('leaves an existing file as it is and nothing beside it', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'key.pem'), 'old')
  expect(() => writeNewFile(join(folder, 'key.pem'), 'new', PRIVATE_FILE)).toThrow('exists already')
  expect(readFileSync(join(folder, 'key.pem'), 'utf8')).toBe('old')
  expect(readdirSync(folder)).toEqual(['key.pem'])
})

it('does not write through a symbolic link that waits at the path', () => {
  const folder = temporaryFolder()
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'key.pem'))
  expect(() => writeNewFile(join(folder, 'key.pem'), 'new', PRIVATE_FILE)).toThrow(PkiError)
  expect(readdirSync(folder)).toEqual(['key.pem'])
})

it('replaces a file by another one, not by writing into it', () => {
  const folder = temporaryFolder()
  const path = join(folder, 'cert.pem')
  writeFileSync(path, 'old')
  const before = statSync(path).ino
  replaceFile(path, 'new', PUBLIC_FILE)
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(statSync(path).ino).not.toBe(before)
  expect(readdirSync(folder)).toEqual(['cert.pem'])
})

it('leaves nothing behind when a replacement fails', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'cert.pem'))
  expect(() => replaceFile(join(folder, 'cert.pem'), 'new', PUBLIC_FILE)).toThrow()
  expect(readdirSync(folder)).toEqual(['cert.pem'])
})

it('makes folders that only their owner may enter', () => {
  const folder = join(temporaryFolder(), 'state', 'clients')
  makePrivateFolder(folder)
  expect([modeOf(folder), modeOf(join(folder, '..'))]).toEqual([0o700, 0o700])
})

it('refuses a folder that others may write to', () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o777)
  expect(() => makePrivateFolder(folder)).toThrow(/others may write .* chmod 700/)
})

it.each([0o640, 0o604, 0o644])('refuses a private key of mode %o', (mode) => {
  const path = join(temporaryFolder(), 'key.pem')
  writeFileSync(path, 'k')
  chmodSync(path, mode)
  expect(() => readPrivateIfThere(path)).toThrow(/may be read by others .* chmod 600/)
})

it('reads a private key that only its owner may read', () => {
  const path = join(temporaryFolder(), 'key.pem')
  writeFileSync(path, 'k', { mode: 0o600 })
  expect(readPrivateIfThere(path)).toBe('k')
})

it('tells a file that is not there from one that cannot be read', () => {
  const folder = temporaryFolder()
  expect([readIfThere(join(folder, 'x')), readPrivateIfThere(join(folder, 'x'))]).toEqual([null, null])
  expect(() => readIfThere(folder)).toThrow(PkiError)
  expect(() => readIfThere(join(folder, 'a\0b'))).toThrow(PkiError)
})
