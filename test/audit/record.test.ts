import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openExchange, recordId } from '../../src/audit/exchange.ts'
import { makeRecord } from '../../src/audit/record.ts'
import { configSchema, type ListenerConfig } from '../../src/config/schema.ts'
import { recognise } from '../../src/engine/recognise.ts'

const LISTENER = configSchema.shape.listeners.parse([{ name: 'main', address: '127.0.0.1:0' }])[0] as ListenerConfig

function exchange(method: string, target: string) {
  const request = new IncomingMessage(new Socket())
  request.method = method
  return openExchange(LISTENER, request, target)
}

it('names the operation, its object and the query values that are safe to write down', () => {
  const target = '/v1.41/containers/web/stop?t=5'
  const open = exchange('POST', target)
  open.operation = recognise('POST', target)
  expect(makeRecord(open, 'request')).toMatchObject({
    operation: 'ContainerStop',
    apiVersion: '1.41',
    object: { kind: 'container', name: 'web' },
    query: { t: '5' },
    decision: 'allow',
  })
})

it('writes down no value of a parameter that may hold a secret', () => {
  const target = '/build?buildargs=%7B%22TOKEN%22%3A%22hunter2%22%7D&remote=https%3A%2F%2Fuser%3Ahunter2%40host'
  const open = exchange('POST', target)
  open.operation = recognise('POST', target)
  expect(JSON.stringify(makeRecord(open, 'request'))).not.toContain('hunter2')
})

it('names method and path, never the query, of a request that was not recognised', () => {
  const record = makeRecord(exchange('GET', '/nope?token=hunter2'), 'request')
  expect(record.unrecognised).toBe('GET /nope')
})

it('T128 keeps control characters and bidirectional overrides out of what it writes', () => {
  const record = makeRecord(exchange('GET', '/a\u001b[31m\u202e\r\nforged'), 'request')
  expect(record.unrecognised).not.toMatch(/[\u0000-\u001f\u202e]/u)
})

it('names the owner under whom it was decided, where there is one', () => {
  const open = exchange('GET', '/info')
  expect(makeRecord(open, 'request')).not.toHaveProperty('owner')
  open.owner = 'github:acme/app#74'
  expect(makeRecord(open, 'request').owner).toBe('github:acme/app#74')
})

it('tells a refusal from a failure of the engine', () => {
  const open = exchange('GET', '/info')
  open.reason = 'operation-not-allowed'
  expect(makeRecord(open, 'request').decision).toBe('deny')
  open.reason = 'engine-unreachable'
  expect(makeRecord(open, 'request').decision).toBe('error')
})

it('makes record ids that do not repeat', () => {
  const ids = new Set(Array.from({ length: 10_000 }, recordId))
  expect(ids.size).toBe(10_000)
  for (const id of ids) expect(id).toMatch(/^[0-9a-z]{16}$/)
})
