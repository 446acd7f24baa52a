import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkArchive } from '../../src/inspect/archive-stream.ts'
import { imageArchiveRules } from '../../src/objects/images/archive-names.ts'
import { digestsOf } from '../../src/objects/images/digests.ts'
import { archive, chunked, entry, header } from '../inspect/archive/archives.ts'

const sha256 = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const LAYER = 'a layer'
const MANIFEST = entry({ name: 'manifest.json' }, JSON.stringify([{ Config: 'a/c.json', RepoTags: ['app:1'] }]))
const configuration = (layer: string | Buffer, name = 'a/c.json', member = 'diff_ids') =>
  entry({ name }, JSON.stringify({ rootfs: { type: 'layers', [member]: [sha256(layer)] } }))

async function taken(...entries: Buffer[]): Promise<readonly string[]> {
  const named: string[] = []
  const rules = imageArchiveRules(async (references) => void named.push(...references))
  await buffer(checkArchive(chunked(archive(...entries), 100), rules))
  return named
}

describe('an archive of images', () => {
  test.each([
    ['plain', Buffer.from(LAYER)],
    ['compressed', gzipSync(LAYER)],
  ])('is taken with the content of its layers, %s', async (_, content) => {
    const layer = entry({ name: 'layer.tar' }, content.toString('latin1'))
    expect(await taken(configuration(LAYER), layer, MANIFEST)).toEqual(['docker.io/library/app:1'])
    expect(await taken(MANIFEST, layer, configuration(LAYER))).toEqual(['docker.io/library/app:1'])
  })

  const layer = entry({ name: 'layer.tar' }, LAYER)
  const large = Buffer.concat([header({ name: 'a/c.json', size: 2 ** 20 + 512 }), Buffer.alloc(2 ** 20 + 512)])
  test.each<[string, Buffer[]]>([
    ['a layer of which it has another content', [configuration('another'), layer, MANIFEST]],
    ['the same in other case', [configuration('another', 'a/c.json', 'Diff_IDs'), layer, MANIFEST]],
    ['no configuration', [layer, MANIFEST]],
    ['a configuration that is replaced by one that is not read', [configuration(LAYER), layer, large, MANIFEST]],
    [
      'a configuration that is replaced by one that is no JSON',
      [configuration(LAYER), layer, entry({ name: 'a/c.json' }, '{"a":1,"a":2}'), MANIFEST],
    ],
    [
      'a configuration that is a link',
      [configuration(LAYER), layer, entry({ name: 'a/c.json', type: '1', link: 'layer.tar' }), MANIFEST],
    ],
    [
      'a configuration behind a link',
      [configuration(LAYER, 'b/c.json'), layer, entry({ name: 'a', type: '2', link: 'b' }), MANIFEST],
    ],
    [
      'a file that is written through a link',
      [configuration(LAYER), layer, entry({ name: 'x', type: '2', link: 'a' }), entry({ name: 'x/c.json' }), MANIFEST],
    ],
  ])('is not taken with %s', async (_, entries) => {
    await expect(taken(...entries)).rejects.toThrow('the archive of images is not taken')
  })
})

const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })

async function digests(parts: readonly Uint8Array[]): Promise<readonly string[]> {
  const found: string[] = []
  const passing = digestsOf((digest) => found.push(digest))
  for (const part of parts) {
    const shared = Buffer.from(part)
    const written = passing.write(shared)
    shared.fill(0)
    await written
  }
  await passing.end()
  passing.close()
  return found
}

test('digests are those of the whole, in whatever pieces it comes', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      expect((await digests(parts))[0]).toBe(sha256(Buffer.concat(parts)))
    }),
  )
})

test('and of what it is uncompressed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 30 }), async (content, size) => {
      const compressed = gzipSync(content)
      const parts = Array.from({ length: Math.ceil(compressed.length / size) }, (_, index) =>
        compressed.subarray(index * size, (index + 1) * size),
      )
      expect(await digests(parts)).toEqual([sha256(compressed), sha256(Buffer.from(content))])
    }),
    { numRuns: 50 },
  )
})

test('what only begins as if it were compressed has its own digest alone', async () => {
  const bytes = Buffer.concat([gzipSync('x').subarray(0, 12), Buffer.alloc(300_000, 7)])
  const parts = Array.from({ length: 30 }, (_, index) => bytes.subarray(index * 10_011, (index + 1) * 10_011))
  expect(await digests(parts)).toEqual([sha256(bytes)])
})
