import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { renameSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { linesOf } from '../../src/audit/lines.ts'
import { verifyChain } from '../../src/audit/verify.ts'
import { type Scene, startScene } from './scene.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const publicKey = createPublicKey(privateKey)
const CHAINED = (lines: number) => `{ file: records.jsonl, chain: { key: records.key, lines: ${lines} } }`

let scene: Scene

afterEach(() => scene.close())

async function start(records: string) {
  scene = await startScene({ records }, (put) =>
    put('records.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  )
}

/** Reads so much through the gate. */
async function ask(operation: string, target: string) {
  await scene.send(`GET ${target}`, [await scene.bearer('ann')])
  await scene.recorded({ operation })
}

const verified = (...files: string[]) => verifyChain(linesOf(files.map(scene.at)), publicKey)

it('goes on with one chain when the file of records is moved away and opened anew', async () => {
  await start(CHAINED(10))
  await ask('SystemInfo', '/info')
  renameSync(scene.at('records.jsonl'), scene.at('records.jsonl.1'))
  await scene.reload({ records: CHAINED(10) })
  await ask('SystemVersion', '/version')
  await scene.gate.close()
  const verdict = await verified('records.jsonl.1', 'records.jsonl')
  expect(verdict).toMatchObject({ first: 1, last: 6, broken: 0, unsigned: 0 })
})

it('goes on with one chain in the same file when its settings change, and loses no record over it', async () => {
  await start(CHAINED(10))
  await ask('SystemInfo', '/info')
  await scene.reload({ records: CHAINED(20) })
  await ask('SystemVersion', '/version')
  await scene.reload({ records: CHAINED(20), more: 'audit: { required: true }' })
  await ask('SystemDataUsage', '/system/df')
  await scene.gate.close()
  expect(await verified('records.jsonl')).toMatchObject({ first: 1, broken: 0, unsigned: 0, unchained: 0 })
})

it('leaves the file alone when a reload changes nothing about it', async () => {
  await start(CHAINED(10))
  await scene.reload({ records: CHAINED(10) })
  await scene.gate.close()
  expect(await verified('records.jsonl')).toMatchObject({ lines: 2, checkpoints: 2 })
})
