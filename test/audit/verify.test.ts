import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { createChain } from '../../src/audit/chained.ts'
import type { Fate, Sink } from '../../src/audit/sink.ts'
import { type Verdict, verifyChain } from '../../src/audit/verify.ts'
import { temporaryDirectory } from '../support/docker-client.ts'

const folder = temporaryDirectory('chain')
afterAll(folder.remove)
const KEY = join(folder.path, 'records.key')
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
writeFileSync(KEY, privateKey.export({ type: 'pkcs8', format: 'pem' }))

/** Lines of a chain with a checkpoint at each end, and after every so many. */
function chained(texts: readonly string[], every = 4): string[] {
  const lines: string[] = []
  const sink: Pick<Sink, 'write'> = {
    write(line): Fate {
      lines.push(line.slice(0, -1))
      return 'written'
    },
  }
  const chain = createChain({ key: KEY, lines: every, interval: 1_000_000 }, () => {})
  const put = (record: object) =>
    chain.write(`${JSON.stringify({ v: 1, ...chain.fields(), ...record })}\n`, record, sink as Sink)
  put(chain.begin(null, null))
  for (const text of texts) {
    put({ event: 'request', text })
    if (chain.isDue()) put(chain.checkpoint('interval'))
  }
  put(chain.checkpoint('close'))
  return lines
}

const verified = (lines: readonly string[], key = publicKey) =>
  verifyChain(
    lines.map((line, i) => ({ file: 'f', number: i + 1, bytes: Buffer.from(line), ended: true })),
    key,
  )

const places = ({ breaks }: Verdict) => breaks.map(({ line }) => line)

it('holds as it was written, with every checkpoint signed', async () => {
  const lines = chained(['a', 'b', 'c', 'd', 'e'])
  expect(await verified(lines)).toMatchObject({
    lines: lines.length,
    first: 1,
    last: lines.length,
    broken: 0,
    checkpoints: 3,
    unsigned: 0,
  })
})

const TEXTS = fc.array(fc.string(), { minLength: 1, maxLength: 30 })

it('finds any one line that was removed, where it was', () =>
  fc.assert(
    fc.asyncProperty(TEXTS, fc.nat(), async (texts, n) => {
      const lines = chained(texts)
      const at = n % lines.length
      const verdict = await verified(lines.toSpliced(at, 1))
      // Files that were rotated away look like this, so it is said, and no break.
      if (at === 0) expect(verdict.first).toBe(2)
      // The last line is the checkpoint that signs those before it.
      else if (at === lines.length - 1) expect(verdict.unsigned > 0 || verdict.last === at).toBe(true)
      else expect(places(verdict)).toEqual([at + 1])
    }),
  ))

it('finds any two lines that changed places, at the first of them', () =>
  fc.assert(
    fc.asyncProperty(TEXTS, fc.nat(), fc.nat(), async (texts, m, n) => {
      const lines = chained(texts)
      const a = m % lines.length
      const b = n % lines.length
      fc.pre(a < b)
      const swapped = lines.with(a, lines[b] as string).with(b, lines[a] as string)
      const verdict = await verified(swapped)
      expect(verdict.broken).toBeGreaterThan(0)
      expect(places(verdict)[0]).toBeLessThanOrEqual(a === 0 ? 2 : a + 1)
    }),
  ))

it('finds any line that is there twice, where the second is', () =>
  fc.assert(
    fc.asyncProperty(TEXTS, fc.nat(), async (texts, n) => {
      const lines = chained(texts)
      const at = n % lines.length
      expect(places(await verified(lines.toSpliced(at, 0, lines[at] as string)))[0]).toBe(at + 2)
    }),
  ))

it('finds any character that was changed, at its line or the next', () =>
  fc.assert(
    fc.asyncProperty(TEXTS, fc.nat(), fc.nat(), async (texts, n, place) => {
      const lines = chained(texts)
      const at = n % lines.length
      const line = lines[at] as string
      const i = place % line.length
      const changed = `${line.slice(0, i)}${line[i] === 'x' ? 'y' : 'x'}${line.slice(i + 1)}`
      const verdict = await verified(lines.with(at, changed))
      expect(verdict.broken + verdict.unchained + verdict.unsigned).toBeGreaterThan(0)
      if (verdict.broken > 0) expect(places(verdict)[0]).toBeLessThanOrEqual(at + 2)
    }),
    { numRuns: 500 },
  ))

it('finds a line that was put between two others', async () => {
  const lines = chained(['a', 'b', 'c'])
  expect(places(await verified(lines.toSpliced(2, 0, '{"event":"request","text":"forged"}')))).toEqual([3])
})

it('is not taken in by a chain that was made anew without the key', async () => {
  const other = generateKeyPairSync('ed25519').publicKey
  const verdict = await verified(chained(['a']), other)
  expect(verdict).toMatchObject({ checkpoints: 0, broken: 2 })
  expect(verdict.breaks[0]?.what).toContain('another key')
})

it('is not taken in by a signature of another line', async () => {
  const lines = chained(['a'])
  const last = JSON.parse(lines.at(-1) as string)
  const { signature } = JSON.parse(lines[0] as string)
  const verdict = await verified(lines.with(-1, JSON.stringify({ ...last, signature })))
  expect(verdict.breaks).toMatchObject([{ line: lines.length, what: expect.stringContaining('does not verify') }])
})

it('names what stands behind the last checkpoint, which nothing signs', async () => {
  const verdict = await verified(chained(['a', 'b', 'c']).slice(0, -1))
  expect(verdict).toMatchObject({ broken: 0, unsigned: 3, unsignedFrom: { file: 'f', number: 2 } })
})

it('says when a file begins in the middle of a chain, as after older ones were removed', async () => {
  expect(await verified(chained(['a', 'b', 'c']).slice(2))).toMatchObject({ broken: 0, first: 3 })
})

it('finds a second chain behind the first', async () => {
  const verdict = await verified([...chained(['a']), ...chained(['b'])])
  expect(verdict.breaks).toMatchObject([{ line: 4, seq: 1, what: expect.stringContaining('another chain') }])
})

it('tells lines of before the chain from lines whose chain was taken away', async () => {
  const lines = chained(['a', 'b'])
  expect(await verified(['{"event":"request"}', ...lines])).toMatchObject({ unchained: 1, broken: 0 })
  const stripped = lines.map((line, i) => (i < 2 ? '{"event":"request"}' : line))
  expect(await verified(stripped)).toMatchObject({ unchained: 2, broken: 1 })
})
