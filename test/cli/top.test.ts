import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Seen, topLines } from '../../src/cli/top-lines.ts'
import { type AdminScene, startAdminScene } from '../admin/scene.ts'
import { type Workplace, workplace } from './program.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const ALTERNATE_SCREEN = '\x1b[?1049h'
const BACK = '\x1b[?25h\x1b[?1049l'

let place: Workplace
let scene: AdminScene

beforeEach(async () => {
  place = workplace()
  scene = await startAdminScene()
})
afterEach(async () => {
  await place.remove()
  await scene.close()
})

/** At a gate of this process: one stream that goes on, and one refusal. */
async function busyGate() {
  await scene.engine.waitForRequest(1)
  scene.engine.answer(async (request, connection) => {
    await request.whole
    await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n')
  })
  const refused = await scene.open()
  await refused.write(await scene.request('GET', '/nothing'))
  await refused.answer()
  refused.destroy()
  await scene.records(1)
  const client = await scene.open()
  await client.write(await scene.request('GET', '/events'))
  await vi.waitFor(async () => expect(await scene.sessions()).toHaveLength(1))
  return client
}

it('"top --once" prints who does what now, and what was refused, without a terminal', async () => {
  const client = await busyGate()
  const { code, stdout, stderr } = await place.run('top', '--once', '--config', join(scene.folder, 'dockgate.yaml'))
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^20\S+Z {2}under way: 1 {2}refused lately: 1\n/)
  expect(stdout).toMatch(/^\d+s +local\/tester +operator +SystemEvents +0B +\d+B +[0-9a-z]{16}$/m)
  expect(stdout).toMatch(/^\d+s +GET \/nothing +operation-unknown +404 +[0-9a-z]{16}$/m)
  const json = await place.run('top', '--once', '--json', '--socket', scene.socket)
  expect(JSON.parse(json.stdout)).toMatchObject({
    sessions: [{ operation: 'SystemEvents' }],
    refusals: [{ record: { unrecognised: 'GET /nothing', reason: 'operation-unknown' } }],
  })
  client.destroy()
})

it.each([
  ['neither a terminal nor --once', [], 'this is no terminal: give --once'],
  ['--json without --once', ['--json'], '--json wants --once'],
])('"top" says what is wrong with %s', async (_, options, message) => {
  const outcome = await place.run('top', '--socket', 'admin.sock', ...options)
  expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
})

it.each([
  ['q', 'q'],
  ['Ctrl-C', '\x03'],
])('"top" draws on the whole terminal, again each second, and gives it back at %s', async (_, stop) => {
  const client = await busyGate()
  // script(1) of util-linux: a terminal of its own for the command.
  const command = `stty -echo cols 160 rows 40; stty -g; '${process.execPath}' '${MAIN}' top --socket '${scene.socket}'; echo "code $?"; stty -g`
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: place.folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const over = new Promise((resolve) => child.once('close', resolve))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk
  })
  try {
    await vi.waitFor(() => expect(stripVTControlCharacters(said)).toContain('local/tester'), { timeout: 15_000 })
    await vi.waitFor(() => expect(said.match(/under way: 1/g)?.length).toBeGreaterThan(1), { timeout: 15_000 })
    child.stdin.write(stop)
    await over
  } finally {
    child.kill('SIGKILL')
  }
  expect(said).toContain(ALTERNATE_SCREEN)
  const [shown = '', left = ''] = said.split(BACK)
  expect(left).toContain('code 0')
  const [before] = shown.split(ALTERNATE_SCREEN)
  expect(left.split('code 0')[1]?.trim()).toBe(before?.trim())
  client.destroy()
})

const record = {
  event: 'request',
  id: '0123456789abcdef',
  listener: 'l',
  remote: 'unix',
  principal: { issuer: 'i', subject: 'evil\x1b[31m\u202e' },
  operation: null,
  unrecognised: 'GET /\x07\x9b2J',
  apiVersion: null,
  object: null,
  generation: 1,
  decision: 'deny',
  role: null,
  reason: 'operation-unknown',
  status: 404,
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 1,
} as const
const session = {
  id: '0123456789abcdef',
  listener: 'l',
  remote: 'unix',
  principal: { issuer: 'i', subject: '\x1b]0;title\x07' },
  role: 'r',
  operation: 'ExecStart',
  object: { kind: 'exec', name: 'a\nb' },
  since: '2026-01-01T00:00:00.000Z',
  bytesIn: 3 * 1024 * 1024,
  bytesOut: 1023,
} as const
const seen = (sessions: number, refusals: number): Seen => ({
  at: new Date('2026-01-01T02:05:00Z'),
  sessions: Array.from({ length: sessions }, () => session),
  refusals: Array.from({ length: refusals }, () => ({ time: '2026-01-01T02:04:00Z', record })),
})

it('prints nothing that a terminal would act on, whatever names and subjects hold', () => {
  const lines = topLines(seen(1, 1), { columns: 500, rows: 50 }, 'no \x1b[2J answer')
  expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u)
  expect(lines.join('\n')).toContain('evil\\u{1b}[31m\\u{202e}')
  expect(lines.join('\n')).toMatch(/^2h05m +i\/\S+ +r +ExecStart +exec a\\u\{a\}b +3\.0MiB +1023B /m)
})

it.each([
  [80, 24],
  [20, 10],
  [1, 3],
])('keeps within %i columns and %i rows, with some of both tables', (columns, rows) => {
  const lines = topLines(seen(500, 100), { columns, rows })
  expect(lines.length).toBeLessThanOrEqual(Math.max(rows, 8))
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
  expect(lines.some((line) => line.startsWith('and 49'.slice(0, columns - 1)))).toBe(true)
})
