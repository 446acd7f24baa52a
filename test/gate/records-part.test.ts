import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { linesOf } from '../../src/audit/lines.ts'
import { verifyChain } from '../../src/audit/verify.ts'
import { recordsPart } from '../../src/gate/records-part.ts'
import { temporaryDirectory } from '../support/docker-client.ts'

const MANY = 5_000

it('lets one writer of a file finish before the next begins, and keeps what comes between', async () => {
  const folder = temporaryDirectory('records')
  onTestFinished(folder.remove)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = join(folder.path, 'records.key')
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const file = join(folder.path, 'records.jsonl')
  const part = recordsPart()
  const options = (lines: number) => ({ file, chain: { key, lines, interval: 60_000 } })
  const first = await part.prepare(options(1000))
  first.use()
  for (let n = 0; n < MANY; n++) first.value.write({ n })
  const second = await part.prepare(options(2000))
  second.use()
  for (let n = MANY; n < 2 * MANY; n++) expect(second.value.write({ n })).toBe('waiting')
  await part.close()
  expect(await verifyChain(linesOf([file]), publicKey)).toMatchObject({ first: 1, broken: 0, unsigned: 0 })
  const numbers = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).n)
    .filter((n) => n !== undefined)
  expect(numbers).toEqual(Array.from({ length: 2 * MANY }, (_, n) => n))
})
