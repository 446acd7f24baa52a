import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ArchiveEntry, readEntry } from '../../../src/inspect/archive-entry.ts'
import { createInput } from '../../../src/inspect/archive-input.ts'
import { type ArchiveRules, checkEntry } from '../../../src/inspect/archive-rules.ts'
import { Refusal } from '../../../src/refusal.ts'
import { archive, chunked, entry, GNU, LINKS, long, pax, type RawHeader, sent, USTAR, V7 } from './archives.ts'
import { type GoEntry, type GoTar, startGoTar } from './go-tar/oracle.ts'

const ALL: ArchiveRules = { ...LINKS, special: true }

let go: GoTar
let folder: string
beforeAll(async () => {
  go = await startGoTar()
  folder = mkdtempSync(join(tmpdir(), 'dockgate-tar-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await go.stop()
})

const hex = (bytes: string) => Buffer.from(bytes, 'latin1').toString('hex')

/** Nanoseconds, with as many digits as Go keeps. */
function nanoseconds(time: string): string {
  const [, sign, seconds, fraction = ''] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(time) ?? []
  return String(BigInt(`${seconds}${fraction.slice(0, 9).padEnd(9, '0')}`) * (sign === '-' ? -1n : 1n))
}

const FLAGS: Readonly<Record<ArchiveEntry['type'], string>> = {
  file: '0',
  'hard link': '1',
  'symbolic link': '2',
  'character device': '3',
  'block device': '4',
  directory: '5',
  fifo: '6',
}

/** What was judged, in the form in which Go says what it reads. */
async function judged(bytes: Buffer): Promise<GoEntry[]> {
  const input = createInput(chunked(bytes))
  const entries: GoEntry[] = []
  for (let read = await readEntry(input); read !== null; read = await readEntry(input)) {
    const checked = checkEntry(read, ALL)
    const blocks = checked.size === 0 ? null : await input.take(Math.ceil(checked.size / 512) * 512)
    const content = blocks?.subarray(0, checked.size) ?? Buffer.alloc(0)
    entries.push({
      Name: hex(checked.name),
      Link: hex(checked.link),
      User: hex(checked.user),
      Group: hex(checked.group),
      Type: FLAGS[checked.type],
      Mode: checked.mode,
      UID: checked.uid,
      GID: checked.gid,
      Size: checked.size,
      Modified: nanoseconds(checked.modified),
      Accessed: checked.accessed === null ? '' : nanoseconds(checked.accessed),
      Attributes: Object.fromEntries([...checked.attributes].map(([name, value]) => [hex(name), hex(value)])),
      Content: createHash('sha256').update(content).digest('hex'),
    })
  }
  return entries
}

/** As the engine cleans names; what is no part of this is given as it is. */
function cleaned(found: GoEntry): object {
  const clean = (text: string) =>
    hex(posix.normalize(`./${Buffer.from(text, 'hex').toString('latin1')}`).replace(/\/$/, ''))
  return {
    ...found,
    Name: clean(found.Name),
    Link: found.Type === '1' ? clean(found.Link) : ['2'].includes(found.Type) ? found.Link : '',
    Mode: found.Mode & 0o7777,
    Size: found.Type === '0' ? found.Size : 0,
  }
}

const name = fc.oneof(
  fc.constantFrom(
    'a',
    './a',
    'a/b',
    'd/',
    './',
    '..',
    '/x',
    'a/../b',
    'caf\xe9',
    'n'.repeat(99),
    `${'l/'.repeat(60)}f`,
  ),
  fc.string({ unit: fc.constantFrom('a', '/', '.', '\xff', ' '), maxLength: 8 }),
)
const number = fc.oneof(
  fc.constantFrom<number | string>(
    '',
    '   644 ',
    '0000644\0',
    '0000644 ',
    '644\0 \0',
    '\x80\0\0\0\0\0\x01\0',
    '9',
    '-1',
  ),
  fc.integer({ min: 0, max: 0o777777 }),
)
const time = fc.oneof(number, fc.constantFrom<number | string>('\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe'))
const type = fc.constantFrom('0', '0', '1', '2', '3', '4', '5', '6', '7', '\0', 'S', 'Z')
const raw: fc.Arbitrary<RawHeader> = fc.record(
  {
    name,
    type,
    mode: number,
    uid: number,
    gid: number,
    modified: time,
    link: name,
    user: fc.constantFrom('', 'root', 'M\xfcller', 'u'.repeat(32)),
    group: fc.constantFrom('', 'wheel'),
    prefix: fc.constantFrom('', 'p', 'p/q', '..'),
    magic: fc.constantFrom(USTAR, GNU, V7),
  },
  { requiredKeys: ['name', 'type'] },
)
const records = fc.dictionary(
  fc.constantFrom(
    'path',
    'linkpath',
    'uid',
    'gid',
    'mtime',
    'atime',
    'ctime',
    'uname',
    'comment',
    'SCHILY.xattr.user.x',
  ),
  fc.oneof(name, fc.constantFrom('', '1', '12.5', '-3', '1.123456789123', '4294967294', '\0', '\xff')),
  { maxKeys: 4 },
)
const part = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(raw, fc.constantFrom('', 'x', 'y'.repeat(513)))
      .map(([h, content]) => entry(h, h.type === '0' || h.type === '\0' ? content : '')),
  },
  { weight: 2, arbitrary: records.map((said) => pax(said)) },
  { weight: 1, arbitrary: records.map((said) => pax(said, 'g')) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('L' as const, 'K' as const), name).map(([which, text]) => long(which, text)),
  },
)
const archives = fc
  .tuple(fc.array(part, { maxLength: 5 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }), fc.boolean())
  .map(([parts, changes, mutate]) => {
    const bytes = archive(...parts)
    if (mutate) for (const [at, byte] of changes) bytes[at % bytes.length] = byte
    return bytes
  })

it('T82 T92 sends what Go reads exactly as it was judged, of archives of every make', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(archives, fc.constantFrom(1, 100, 512, 100_000), async (bytes, size) => {
      let passed: Buffer
      try {
        passed = await sent(bytes, ALL, size)
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal)
        return
      }
      taken += 1
      expect(await go.ask(passed)).toEqual({ Error: '', Entries: await judged(bytes) })
    }),
    { numRuns: 1500 },
  )
  expect(taken).toBeGreaterThan(150)
}, 60_000)

it('reads archives as Go does, where it reads them at all', async () => {
  await fc.assert(
    fc.asyncProperty(archives, async (bytes) => {
      const passed = await sent(bytes, ALL).catch(() => null)
      if (passed === null) return
      const before = await go.ask(bytes)
      if (before.Error !== '') return
      expect((await go.ask(passed)).Entries.map(cleaned)).toEqual(before.Entries.map(cleaned))
    }),
    { numRuns: 1500 },
  )
}, 60_000)

it.each(['v7', 'ustar', 'oldgnu', 'gnu', 'posix'])(
  'takes what GNU tar writes in its form %s, and Go reads the same of it',
  async (form) => {
    const root = join(folder, form)
    const far = 'f'.repeat(form === 'v7' || form === 'ustar' ? 20 : 90)
    mkdirSync(join(root, 'dir', far), { recursive: true })
    writeFileSync(join(root, 'dir', far, 'file'), 'content')
    writeFileSync(join(root, form === 'ustar' ? 'cafe' : 'café'), 'x'.repeat(1000))
    symlinkSync('dir/file', join(root, 'link'))
    linkSync(join(root, 'dir', far, 'file'), join(root, 'hard'))
    chmodSync(join(root, 'dir'), 0o1777)
    utimesSync(join(root, 'dir', far, 'file'), 1_700_000_000.5, 1_600_000_000.25)
    const bytes = execFileSync('tar', ['-c', `--format=${form}`, '--owner=someone:70000', '-C', root, '.'])
    const [before, after] = [await go.ask(bytes), await go.ask(await sent(bytes))]
    expect(before.Entries).toHaveLength(7)
    expect(after.Error).toBe('')
    expect(after.Entries.map(cleaned)).toEqual(before.Entries.map(cleaned))
  },
)
