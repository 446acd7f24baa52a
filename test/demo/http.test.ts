import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDemoEngine } from '../../src/demo/engine.ts'
import { BOUNDS } from '../../src/demo/state.ts'
import { openRaw, rawRequest } from '../support/raw-client.ts'

describe('the demo engine, on the wire', () => {
  let server: Server
  const endpoint = () => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const post = (target: string, body: object, more = '') => {
    const text = JSON.stringify(body)
    return `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n${more}\r\n${text}`
  }
  const send = async (bytes: string) => (await rawRequest(endpoint(), bytes)).answer

  beforeEach(async () => {
    server = createDemoEngine()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const startedExec = async () => {
    const { Id } = (await send(post('/v1.43/containers/create?name=web', { Image: 'hello-world' }))).json() as {
      Id: string
    }
    await send(post(`/v1.43/containers/${Id}/start`, {}))
    const exec = await send(post('/v1.43/containers/web/exec', { AttachStdin: true, AttachStdout: true, Cmd: ['cat'] }))
    return (exec.json() as { Id: string }).Id
  }

  it('answers a ping with the headers that dockerd gives', async () => {
    for (const method of ['GET', 'HEAD']) {
      const exchange = await rawRequest(endpoint(), `${method} /_ping HTTP/1.1\r\nHost: x\r\n\r\n`, {
        bodiless: method === 'HEAD',
      })
      const { answer } = exchange
      expect(['Api-Version', 'Builder-Version', 'Docker-Experimental', 'OSType'].map(answer.header)).toEqual([
        '1.51',
        '1',
        'false',
        'linux',
      ])
      expect(answer.header('Server')).toMatch(/^Docker\/.*demo/)
    }
  })

  it.each([
    ['GET', '/nothing', 404, 'page not found'],
    ['PATCH', '/containers/json', 404, 'page not found'],
    ['GET', '/v1.99/info', 400, 'client version 1.99 is too new. Maximum supported API version is 1.51'],
    ['GET', '/v1.12/info', 400, 'client version 1.12 is too old. Minimum supported API version is 1.24'],
    ['GET', '/images/registry.example%2Fa/b/json', 404, 'No such image: registry.example/a/b:latest'],
    ['GET', '/containers/json?filters={"nope":["x"]}', 400, "invalid filter 'nope'"],
  ])('answers %s %s with %i and a JSON message', async (method, target, status, message) => {
    const answer = await send(`${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect([answer.status, answer.header('Content-Type'), answer.json()]).toEqual([
      status,
      'application/json',
      { message },
    ])
  })

  it.each([
    ['1.41', 'application/vnd.docker.raw-stream'],
    ['1.42', 'application/vnd.docker.multiplexed-stream'],
  ])('hijacks at API %s with 101 and the stream type %s', async (version, type) => {
    const id = await startedExec()
    const connection = await openRaw(endpoint())
    const request = post(
      `/v${version}/exec/${id}/start`,
      { Detach: false, Tty: false },
      'Upgrade: tcp\r\nConnection: Upgrade\r\n',
    )
    // The body comes in pieces, and bytes of the stream come behind it.
    await connection.write(request.slice(0, -20))
    await connection.write(request.slice(-20, -3))
    await connection.write(`${request.slice(-3)}early`)
    const answer = await connection.answer()
    expect([answer.statusLine, answer.header('Content-Type'), answer.header('Upgrade')]).toEqual([
      'HTTP/1.1 101 UPGRADED',
      type,
      'tcp',
    ])
    await connection.write(' late')
    connection.end()
    const output = await connection.tunnelled('late')
    expect(output.readUInt8(0)).toBe(1)
    expect(output.toString('latin1', 8, 8 + output.readUInt32BE(4))).toContain('would now execute: cat')
    expect(output.includes('early')).toBe(true)
    await connection.closed()
  })

  it('hijacks without Upgrade: 200, a raw stream, and the end of the connection', async () => {
    const id = await startedExec()
    const exchange = await rawRequest(endpoint(), post(`/exec/${id}/start`, { Detach: false, Tty: true }), {
      until: 'close',
    })
    expect(exchange.answer.status).toBe(200)
    expect(exchange.answer.values('Content-Length')).toEqual([])
    expect(exchange.answer.text()).toContain('would now execute: cat')
  })

  it('answers an upgrade that does not hijack as ordinary HTTP', async () => {
    const upgrade = 'Host: x\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n'
    expect((await send(`GET /_ping HTTP/1.1\r\n${upgrade}`)).text()).toBe('OK')
    expect((await send(`POST /exec/nothing/start HTTP/1.1\r\n${upgrade}`)).status).toBe(404)
  })

  it('holds a bounded number of containers, and of bytes of a body', async () => {
    for (let i = 0; i < BOUNDS.containers; i++) {
      expect((await send(post('/containers/create', { Image: 'hello-world' }))).status).toBe(201)
    }
    expect((await send(post('/containers/create', { Image: 'hello-world' }))).status).toBe(507)
    expect((await send(post('/networks/create', { Name: 'x'.repeat(BOUNDS.bodyBytes) }))).status).toBe(413)
  })

  it('refuses a body that is not JSON, or not called so', async () => {
    expect((await send(post('/volumes/create', []))).status).toBe(400)
    expect((await send(post('/volumes/create', {}).replace('application/json', 'text/plain'))).status).toBe(400)
    expect((await send(post('/volumes/create', { a: 1 }).replace('}', '!'))).status).toBe(400)
  })
})
