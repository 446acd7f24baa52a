import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { commandTokens } from '../../src/connect/token-command.ts'
import { githubTokens } from '../../src/connect/token-github.ts'
import { environmentTokens, fileTokens } from '../../src/connect/token-local.ts'
import type { TokenSource } from '../../src/connect/tokens.ts'

const forever = new AbortController().signal
const get = (source: TokenSource) => source.fetch(forever)
const failure = (source: TokenSource) =>
  get(source).then(
    (token) => `gave ${token}`,
    (error: Error) => error.message,
  )

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-sources-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('--token-command', () => {
  it('gives what the shell command prints', async () => {
    expect(await get(commandTokens('printf a; printf %s b | tr b c'))).toBe('ac')
  })

  it('tells the exit code and standard error on failure, and nothing of standard output', async () => {
    const message = await failure(commandTokens('echo secret; echo one >&2; echo two >&2; exit 3'))
    expect(message).toBe('--token-command ended with exit code 3: one | two')
  })

  it('tells the signal that ended it', async () => {
    const message = await failure(commandTokens('kill -TERM $$'))
    expect(message).toBe('--token-command was ended by SIGTERM, and said nothing on standard error')
  })

  it('takes tokens out of the standard error that it shows', async () => {
    const said = '> authorization: Bearer s3cret and eyJhbGciOiJub25lIn0.eyJzdWIiOiJzM2NyZXQifQ.s3cret'
    const message = await failure(commandTokens(`echo '${said}' >&2; exit 1`))
    expect(message).toBe('--token-command ended with exit code 1: > authorization: Bearer [token] and [token]')
  })

  it('makes what it shows safe for a terminal', async () => {
    expect(await failure(commandTokens(`printf '\\033[31mred' >&2; exit 1`))).toContain('\\u{1b}[31mred')
  })

  it('is killed with all that it started when it takes too long, with what it said', async () => {
    const command = `echo waiting >&2; sleep 1000 | sleep 1000`
    const message = await failure(commandTokens(command, 200))
    // The pipes have closed: nobody of the pipeline holds them any more.
    expect(message).toBe('--token-command did not end within 0.2 s: waiting')
  })

  it('is killed when the program ends', async () => {
    const ending = new AbortController()
    const fetching = commandTokens('sleep 1000').fetch(ending.signal)
    ending.abort()
    await expect(fetching).rejects.toThrow('was interrupted')
  })

  it('is killed when it prints without end', async () => {
    expect(await failure(commandTokens('yes'))).toContain('printed more than 64 KiB')
  })

  it('gets no standard input', async () => {
    expect(await get(commandTokens('cat; echo end'))).toBe('end\n')
  })
})

describe('--token-file', () => {
  it('gives what is in the file now', async () => {
    const file = join(folder, 'token')
    const source = fileTokens(file)
    writeFileSync(file, 'one')
    expect(await get(source)).toBe('one')
    writeFileSync(join(folder, 'next'), 'two')
    renameSync(join(folder, 'next'), file)
    expect(await get(source)).toBe('two')
  })

  it('says which file is not there', async () => {
    const file = join(folder, 'token')
    expect(await failure(fileTokens(file))).toBe(`--token-file ${file}: the file does not exist`)
  })

  it('does not repeat a token that was given in place of its name', async () => {
    expect(await failure(fileTokens('eyJhbGciOiJub25lIn0.eyJzdWIiOiJzM2NyZXQifQ.s3cret'))).toBe(
      '--token-file [token]: the file does not exist',
    )
  })
})

describe('--gitlab', () => {
  it('gives the variable, and says what the job needs when there is none', async () => {
    const source = environmentTokens('DOCKGATE_TEST_TOKEN')
    onTestFinished(() => void delete process.env.DOCKGATE_TEST_TOKEN)
    process.env.DOCKGATE_TEST_TOKEN = 'one'
    expect(await get(source)).toBe('one')
    delete process.env.DOCKGATE_TEST_TOKEN
    expect(await failure(source)).toContain('the job needs id_tokens: { DOCKGATE_TEST_TOKEN: { aud: … } }')
  })
})

describe('--github-actions', () => {
  type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void
  const endpoint = async (answer: Handler) => {
    const requests: http.IncomingMessage[] = []
    const server = http.createServer((request, response) => {
      requests.push(request)
      answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/job/token?api-version=2.0`
    const source = githubTokens('docker.acme.io&x', {
      ACTIONS_ID_TOKEN_REQUEST_URL: url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 's3cret',
    })
    return { source, requests, where: new URL(url).host }
  }
  const always =
    (status: number, body: string): Handler =>
    (_request, response) =>
      response.writeHead(status).end(body)

  it("asks the job's endpoint for a token of the audience, with the job's secret", async () => {
    const { source, requests } = await endpoint(always(200, '{"count":3,"value":"abc"}'))
    expect(await get(source)).toBe('abc')
    expect(requests[0]?.url).toBe('/job/token?api-version=2.0&audience=docker.acme.io%26x')
    expect(requests[0]?.headers.authorization).toBe('Bearer s3cret')
  })

  it('asks again when the endpoint fails for a moment', async () => {
    let asked = 0
    const { source } = await endpoint((_request, response) => {
      asked += 1
      if (asked === 1) response.writeHead(503).end()
      else response.end('{"value":"abc"}')
    })
    expect(await get(source)).toBe('abc')
  })

  it('asks no more than three times', async () => {
    const { source, requests, where } = await endpoint((request) => request.socket.destroy())
    expect(await failure(source)).toContain(`--github-actions: ${where} gives no token: `)
    expect(requests).toHaveLength(3)
  })

  it.each([
    [403, '', 'it answers with status 403; has the job permissions: { id-token: write }, and does it still run?'],
    [404, '', 'it answers with status 404'],
    [302, '', 'it answers with status 302'],
    [200, 'no JSON s3cret', 'it answers without a token'],
    [200, '{"value":7}', 'it answers without a token'],
    [200, 'x'.repeat(70_000), 'it answers with more than 64 KiB'],
  ])('fails at once on an answer of status %s (case %#)', async (status, body, why) => {
    const { source, requests, where } = await endpoint(always(status, body))
    expect(await failure(source)).toBe(`--github-actions: ${where} gives no token: ${why}`)
    expect(requests).toHaveLength(1)
  })

  it('stops asking when the program ends', async () => {
    const { source, requests } = await endpoint(always(503, ''))
    const ending = new AbortController()
    const fetching = source.fetch(ending.signal)
    await expect.poll(() => requests).toHaveLength(1)
    ending.abort()
    await expect(fetching).rejects.toThrow()
    expect(requests).toHaveLength(1)
  })

  it('says what the job needs where there is no endpoint', () => {
    expect(() => githubTokens('a', {})).toThrow('permissions: { id-token: write }')
  })

  it('sends the secret over the network only by https', () => {
    const environment = {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'http://pipelines.acme.io/token',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 's3cret',
    }
    expect(() => githubTokens('a', environment)).toThrow('is no https:// URL')
  })
})
