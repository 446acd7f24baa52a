import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const CTRL_C = '\x03'
const CTRL_D = '\x04'

let folder: string
let child: ChildProcess | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-ask-'))
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Last {
  readonly words: string
  readonly act: (output: string) => void
}

/** Runs `init` at a terminal; when words have appeared behind those before, types what stands beside them, or acts. */
async function atTerminal(
  turns: readonly (readonly [words: string, typed: string])[],
  last: Last | null = null,
): Promise<{ code: number; said: string }> {
  const paths = `--folder ${folder}/gate --root ${folder} --ledger ${folder}/ledger.sqlite`
  const command = `echo process $$; exec ${process.execPath} ${MAIN} init ${paths}`
  const running = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe' })
  child = running
  let said = ''
  let read = 0
  const left: { words: string; act: (output: string) => void }[] = turns.map(([words, typed]) => ({
    words,
    act: () => running.stdin.write(typed),
  }))
  if (last !== null) left.push(last)
  running.stdout.on('data', (chunk) => {
    said += chunk
    for (let [turn] = left; turn !== undefined; [turn] = left) {
      const at = said.indexOf(turn.words, read)
      if (at < 0) return
      read = at + turn.words.length
      left.shift()
      turn.act(said)
    }
  })
  const [code] = (await once(running, 'close')) as [number]
  return { code, said }
}

const made = () => parse(readFileSync(join(folder, 'gate/dockgate.yaml'), 'utf8'))

it('asks for what it was not told, with defaults for an empty line', async () => {
  const { code, said } = await atTerminal([
    ['Take over what', '\r'],
    ['Name of this host', 'docker.acme.io\r'],
    ['People with certificates', 'alice:operator bob\r'],
    ['CI system', 'github-actions\r'],
    ['Whose jobs', 'acme/shop\r'],
    ['Address', '127.0.0.1:2376\r'],
  ])
  expect(code, said).toBe(0)
  expect(made().listeners[0].address).toBe('127.0.0.1:2376')
  expect(made().bindings).toEqual([
    { role: 'operator', issuer: 'staff', when: 'cert.commonName == "alice"' },
    { role: 'observer', issuer: 'staff', when: 'cert.commonName == "bob"' },
    { role: 'ci-run', issuer: 'ci', when: 'claims.repository == "acme/shop"' },
  ])
})

it('says what is wrong with an answer, and asks again', async () => {
  const { code, said } = await atTerminal([
    ['Take over what', 'tlsverfy\r'],
    ['did you mean "tlsverify"?', ''],
    ['Take over what', 'nothing\r'],
    ['Name of this host', 'h\r'],
    ['People with certificates', 'alice:opreator\r'],
    ['no such role', 'alice\r'],
    ['CI system', '\r'],
    ['Address', 'everywhere\r'],
    ['write host:port', '\r'],
  ])
  expect(code, said).toBe(0)
  expect(made().bindings).toEqual([{ role: 'observer', issuer: 'staff', when: 'cert.commonName == "alice"' }])
})

it.each([
  ['Ctrl-C', CTRL_C],
  ['the end of input', CTRL_D],
])('leaves nothing behind at %s', async (_, key) => {
  const { code, said } = await atTerminal([
    ['Take over what', '\r'],
    ['Name of this host', key],
  ])
  expect([code, readdirSync(folder)], said).toEqual([1, []])
  expect(said).toContain('not answered: nothing was written')
})

const ALICE = [
  ['Take over what', '\r'],
  ['Name of this host', 'h\r'],
  ['People with certificates', 'alice\r'],
  ['CI system', '\r'],
  ['Address', '\r'],
] as const
const OTHERS = [...ALICE.slice(0, 2), ['People with certificates', 'alice:operator\r'], ...ALICE.slice(3)] as const

it.each([
  ['no', '\r'],
  ['Ctrl-C', CTRL_C],
])('overwrites nothing when the answer is %s, and leaves nothing behind', async (_, answer) => {
  await atTerminal(ALICE)
  const { code, said } = await atTerminal([...OTHERS, ['Overwrite these? [y/N]', answer]])
  expect(code, said).toBe(1)
  expect(said).toContain('+  - { role: operator, issuer: staff')
  expect(made().bindings[0].role).toBe('observer')
  expect(readdirSync(folder)).toEqual(['gate'])
})

it('overwrites when the answer is yes', async () => {
  await atTerminal(ALICE)
  const { code } = await atTerminal([...OTHERS, ['Overwrite these? [y/N]', 'y\r']])
  expect([code, made().bindings[0].role]).toEqual([0, 'operator'])
})

it('leaves nothing behind when a signal ends it at the question', async () => {
  await atTerminal(ALICE)
  const { said } = await atTerminal(OTHERS, {
    words: 'Overwrite these? [y/N]',
    act: (output) => {
      expect(readdirSync(folder)).toHaveLength(2)
      process.kill(Number(/process (\d+)/.exec(output)?.[1]), 'SIGTERM')
    },
  })
  expect(said).toContain('Overwrite these?')
  expect(readdirSync(folder)).toEqual(['gate'])
  expect(made().bindings[0].role).toBe('observer')
})
