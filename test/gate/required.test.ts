import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { json } from '../support/engine-answers.ts'
import { expectRecordFile } from '../support/record-lines.ts'
import { type Scene, startScene, streaming, UPGRADE } from './scene.ts'

/** A disk of its own, of 128 KiB. */
let disk: string
let scene: Scene

beforeEach(async () => {
  disk = mkdtempSync(join(tmpdir(), 'dockgate-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', disk])
  scene = await startScene({ records: `{ file: ${disk}/records.jsonl }`, more: 'audit: { required: true }' })
})

afterEach(async () => {
  rmSync(join(disk, 'filler'), { force: true })
  await scene.close()
  expectRecordFile(join(disk, 'records.jsonl'))
  execFileSync('umount', [disk])
  rmSync(disk, { recursive: true })
})

const fillDisk = () => {
  try {
    writeFileSync(join(disk, 'filler'), Buffer.alloc(256 * 1024))
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
  }
}

const lines = () =>
  readFileSync(join(disk, 'records.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Writes records until the disk takes no more of them. */
async function untilFull(bearer: string) {
  fillDisk()
  await vi.waitFor(async () => {
    await scene.send('GET /version', [bearer])
    expect(scene.gate.inside().gate.records.state().failing).not.toBeNull()
  })
  scene.engine.reset()
}

describe('with audit.required', () => {
  it('has the record of what will be done in the file before the engine hears of it', async () => {
    let found: unknown[] = []
    scene.engine.answer(async (asked, connection) => {
      found = lines()
      await json(201, { Id: 'x' })(asked, connection)
    })
    const answer = await scene.send('POST /networks/create', [await scene.bearer('ann')], { body: '{"Name":"n"}' })
    expect(answer.status).toBe(201)
    expect(found).toMatchObject([{ event: 'intent', operation: 'NetworkCreate', decision: 'allow', status: 0 }])
    await vi.waitFor(() => expect(lines().map(({ event }) => event)).toEqual(['intent', 'request']))
    const [intent, done] = lines()
    expect(done?.id).toBe(intent?.id)
  })

  it('has the record of a refusal in the file before the client hears of it', async () => {
    const { status } = await scene.send('GET /info', [])
    expect(status).toBe(401)
    expect(lines()[0]).toMatchObject({ event: 'intent', decision: 'deny', reason: 'credentials-missing', status: 401 })
  })

  it('does the same for what takes the connection over', async () => {
    let found: unknown[] = []
    scene.engine.answer((asked, connection) => {
      found = lines()
      return streaming(asked, connection)
    })
    const session = await scene.open()
    await session.write(
      `POST /containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: docker\r\n${await scene.bearer('ann')}\r\n${UPGRADE.join('\r\n')}\r\n\r\n`,
    )
    await scene.engine.waitForRequest(1)
    expect(found).toMatchObject([{ event: 'intent', operation: 'ContainerAttach' }])
  })

  it('refuses on a full disk what would change something, sends nothing of it, and does it when there is room', async () => {
    const bearer = await scene.bearer('ann')
    await untilFull(bearer)
    const refused = await scene.send('POST /networks/create', [bearer], { body: '{"Name":"n"}' })
    expect(refused.status).toBe(503)
    expect(refused.body.toString()).toContain('records cannot be written')
    expect(scene.engine.requests).toEqual([])

    rmSync(join(disk, 'filler'))
    expect((await scene.send('POST /networks/create', [bearer], { body: '{"Name":"n"}' })).status).toBe(200)
    await vi.waitFor(() =>
      expect(
        lines().filter(({ operation, event }) => operation === 'NetworkCreate' && event === 'request'),
      ).toMatchObject([
        { reason: 'record-unwritten', decision: 'deny', status: 503 },
        { reason: 'allowed', status: 200 },
      ]),
    )
  })

  it('refuses on a full disk to take a connection over for a command, and sends nothing of it', async () => {
    const bearer = await scene.bearer('ann')
    await untilFull(bearer)
    const refused = await scene.send('POST /containers/web/attach?stream=1&stdin=1', [bearer, ...UPGRADE])
    expect(refused.status).toBe(503)
    expect(scene.engine.requests).toEqual([])
  })

  it('lets reading go on while the disk is full', async () => {
    const bearer = await scene.bearer('ann')
    await untilFull(bearer)
    expect((await scene.send('GET /info', [bearer])).status).toBe(200)
    expect((await scene.send('GET /containers/web/logs?stdout=1', [bearer])).status).toBe(503)
  })

  it('can be turned on and off while the gate runs, and loses no record over it', async () => {
    const bearer = await scene.bearer('ann')
    await scene.reload({ records: `{ file: ${disk}/records.jsonl }` })
    await scene.send('POST /networks/create', [bearer], { body: '{"Name":"n"}' })
    await scene.reload({ records: `{ file: ${disk}/records.jsonl }`, more: 'audit: { required: true }' })
    await vi.waitFor(async () =>
      expect((await scene.send('POST /networks/create', [bearer], { body: '{"Name":"n"}' })).status).toBe(200),
    )
    for (const generation of [3, 2]) {
      await vi.waitFor(() =>
        expect(lines()).toContainEqual(expect.objectContaining({ event: 'request', generation, status: 200 })),
      )
    }
    expect(lines().filter(({ event, generation }) => event === 'intent' && generation === 2)).toEqual([])
  })
})
