import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openExchange } from '../../src/audit/exchange.ts'
import { makeRecord } from '../../src/audit/record.ts'
import { listenerSchema } from '../../src/config/schema.ts'
import { createCounters } from '../../src/gate/counters.ts'

const listener = listenerSchema.parse({ address: '127.0.0.1:2375' })
const exchangeOf = () => openExchange(listener, new IncomingMessage(new Socket()), '/nothing')

async function sumOf(histogram: ReturnType<typeof createCounters>['gateTime']): Promise<number | undefined> {
  const { values } = await histogram.get()
  return values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value
}

it("takes the time until the engine is asked for the gate's, and from then until its answer's head for the engine's", async () => {
  const counters = createCounters({ list: () => [] })
  const exchange = exchangeOf()
  exchange.sentAt = exchange.startedAt + 3
  exchange.answeredAt = exchange.sentAt + 40
  counters.note(exchange, makeRecord(exchange, 'request'))
  counters.note(exchange, makeRecord(exchange, 'session'))
  expect(await sumOf(counters.gateTime)).toBeCloseTo(0.003, 9)
  expect(await sumOf(counters.engineTime)).toBeCloseTo(0.04, 9)
})

it('counts the bytes of an exchange once, however often it is looked at', () => {
  const open = [exchangeOf()]
  const counters = createCounters({ list: () => open })
  const [exchange] = open as [ReturnType<typeof exchangeOf>]
  exchange.bytesIn = 10
  counters.note(exchange, makeRecord(exchange, 'request'))
  exchange.carried = () => ({ bytesIn: 5, bytesOut: 7 })
  expect(counters.bytes()).toEqual({ in: 15, out: 7 })
  expect(counters.bytes()).toEqual({ in: 15, out: 7 })
  exchange.carried = null
  exchange.bytesIn += 6
  exchange.bytesOut += 8
  counters.note(exchange, makeRecord(exchange, 'session'))
  open.length = 0
  expect(counters.bytes()).toEqual({ in: 16, out: 8 })
})
