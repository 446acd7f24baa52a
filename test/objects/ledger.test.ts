import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type How, openLedger } from '../../src/objects/ledger.ts'
import { temporaryDirectory } from '../support/docker-client.ts'

let folder: ReturnType<typeof temporaryDirectory>
let file: string
beforeEach(() => {
  folder = temporaryDirectory('ledger')
  file = path.join(folder.path, 'ledger.db')
})
afterEach(() => folder.remove())

describe('the ledger', () => {
  test('is a file that only its owner reads', () => {
    openLedger(file).close()
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('still says what was noted when it is opened again', () => {
    const first = openLedger(file)
    first.noteImage('sha256:1', 'a')
    first.noteReference('docker.io/library/app:1', 'a', 'made')
    first.noteVolume('v', 'a')
    first.close()
    const second = openLedger(file)
    expect(second.ownsImage('sha256:1', 'a')).toBe(true)
    expect(second.ownsImage('sha256:1', 'b')).toBe(false)
    expect(second.holdersOf('docker.io/library/app:1')).toEqual([{ owner: 'a', how: 'made' }])
    expect(second.volumeOwner('v')).toBe('a')
    second.close()
  })

  test('takes no database of something else', () => {
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE t (x)')
    other.close()
    expect(() => openLedger(file)).toThrow(`ledger ${file}: it is a database of something else`)
  })

  test('says that its folder is missing', () => {
    const missing = path.join(folder.path, 'missing', 'ledger.db')
    expect(() => openLedger(missing)).toThrow(`ledger ${missing}: its folder does not exist: make it first`)
  })

  test('waits for another process that writes', async () => {
    const ledger = openLedger(file)
    const hold = `const { DatabaseSync } = require('node:sqlite'); const other = new DatabaseSync(${JSON.stringify(file)})
      other.exec('BEGIN IMMEDIATE'); console.log(); setTimeout(() => other.exec('ROLLBACK'), 300)`
    const other = spawn(process.execPath, ['-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(other, 'close')
    await once(other.stdout, 'data')
    ledger.noteVolume('v', 'a')
    expect(ledger.volumeOwner('v')).toBe('a')
    ledger.close()
    await ended
  })

  test('takes no file that is no database', () => {
    writeFileSync(file, 'records that were named by mistake\n'.repeat(100))
    expect(() => openLedger(file)).toThrow(/ledger .*: file is not a database/)
  })

  test('takes no ledger of a later version', () => {
    openLedger(file).close()
    const later = new DatabaseSync(file)
    later.exec('PRAGMA user_version = 99')
    later.close()
    expect(() => openLedger(file)).toThrow('it has version 99, and this dockgate knows version 1')
  })

  test('is written by two at a time', () => {
    const one = openLedger(file)
    const other = openLedger(file)
    one.noteVolume('v', 'a')
    other.noteVolume('w', 'b')
    expect(one.volumeOwner('w')).toBe('b')
    one.close()
    other.close()
  })

  test('has every line that was acknowledged when its process is killed', async () => {
    const child = fork(path.join(import.meta.dirname, 'ledger-writer.ts'), [file], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const acknowledged: string[] = []
    child.on('message', (name: string) => {
      acknowledged.push(name)
      if (acknowledged.length === 50) child.kill('SIGKILL')
    })
    await once(child, 'close')
    const ledger = openLedger(file)
    expect(acknowledged.length).toBeGreaterThanOrEqual(50)
    expect(acknowledged.filter((name) => ledger.volumeOwner(name) !== 'a')).toEqual([])
    ledger.close()
  })
})

const id = fc.constantFrom('sha256:1', 'sha256:2', 'sha256:3')
const owner = fc.constantFrom('a', 'b')
const reference = fc.constantFrom('docker.io/library/x:1', 'docker.io/library/y:1')
const how = fc.constantFrom<How>('made', 'registry')
const step = fc.oneof(
  fc.tuple(fc.constant('image' as const), id, owner),
  fc.tuple(fc.constant('no image' as const), id, fc.option(owner)),
  fc.tuple(fc.constant('reference' as const), reference, owner, how),
  fc.tuple(fc.constant('no reference' as const), reference, fc.option(owner)),
)

let run = 0

test('the ledger says of images and references what a map would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const ledger = openLedger(path.join(folder.path, `${++run}.db`))
      const images = new Set<string>()
      const held = new Map<string, How>()
      const forget = (all: Set<string> | Map<string, How>, what: string, whose: string | null) => {
        for (const key of [...all.keys()])
          if (key === `${what} ${whose}` || (whose === null && key.startsWith(`${what} `))) all.delete(key)
      }
      for (const [kind, what, whose, means] of steps) {
        if (kind === 'image') {
          ledger.noteImage(what, whose as string)
          images.add(`${what} ${whose}`)
        } else if (kind === 'reference') {
          ledger.noteReference(what, whose as string, means as How)
          held.set(`${what} ${whose}`, means as How)
        } else if (kind === 'no image') {
          ledger.dropImage(what, whose)
          forget(images, what, whose)
        } else {
          ledger.dropReference(what, whose)
          forget(held, what, whose)
        }
      }
      for (const key of ['a', 'b']) {
        expect([...ledger.imagesOf(key)].sort()).toEqual(
          ['sha256:1', 'sha256:2', 'sha256:3'].filter((each) => images.has(`${each} ${key}`)),
        )
        for (const name of ['docker.io/library/x:1', 'docker.io/library/y:1']) {
          expect(ledger.holdersOf(name).find((holder) => holder.owner === key)?.how).toBe(held.get(`${name} ${key}`))
        }
      }
      ledger.close()
    }),
    { numRuns: 60 },
  )
})
