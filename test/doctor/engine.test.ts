import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { askEngine, engineFindings } from '../../src/doctor/engine.ts'

let folder: string
let socket: string
let server: http.Server | null = null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-doctor-'))
  socket = join(folder, 'd.sock')
})
afterEach(() => {
  server?.close()
  server?.closeAllConnections()
  server = null
  rmSync(folder, { recursive: true, force: true })
})

/** Something on the socket that answers by path; what it was asked is returned. */
async function serve(answers: Record<string, string>): Promise<string[]> {
  const asked: string[] = []
  server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end(answers[request.url ?? ''])
  })
  await new Promise<void>((resolve) => server?.listen(socket, resolve))
  return asked
}

const VERSION = JSON.stringify({ Version: '28.1', ApiVersion: '1.49', MinAPIVersion: '1.24' })

it('asks two questions that change nothing', async () => {
  const info = { SecurityOptions: ['name=seccomp,profile=x', 'name=rootless'], Plugins: { Authorization: ['opa'] } }
  const asked = await serve({ '/version': VERSION, '/info': JSON.stringify(info) })
  expect(await askEngine(socket)).toEqual({
    version: '28.1',
    apiVersion: '1.49',
    minApiVersion: '1.24',
    rootless: true,
    authorizationPlugins: ['opa'],
  })
  expect(asked).toEqual(['GET /version', 'GET /info'])
})

it.each([
  ['no JSON', 'hello'],
  ['more than 1 MiB', `"${'x'.repeat(1024 * 1024)}"`],
])('fails on an answer that is %s', async (_, answer) => {
  await serve({ '/version': answer, '/info': '{}' })
  await expect(askEngine(socket)).rejects.toThrow()
})

it('takes whatever JSON for an engine that says nothing', async () => {
  await serve({ '/version': 'null', '/info': '[]' })
  expect(await askEngine(socket)).toMatchObject({ version: '', rootless: false, authorizationPlugins: [] })
})

it.each([
  ['1.40', '1.12', ['engine-old']],
  ['1.41', '1.12', []],
  ['1.60', '1.57', ['engine-api-unknown']],
  ['', '', []],
])('judges API %s with minimum %s', (apiVersion, minApiVersion, ids) => {
  const facts = { version: 'x', apiVersion, minApiVersion, rootless: false, authorizationPlugins: [] }
  expect(engineFindings(facts, socket, []).map(({ id }) => id)).toEqual(ids)
})

it('tells of plugins that no file names', () => {
  const facts = { version: 'x', apiVersion: '', minApiVersion: '', rootless: true, authorizationPlugins: ['a', 'b'] }
  const found = engineFindings(facts, socket, ['a'])
  expect(found.map(({ id }) => id)).toEqual(['engine-rootless', 'authorization-plugin'])
  expect(found[1]?.what).toContain('"b"')
})
