import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openExchange } from '../../src/audit/exchange.ts'
import { makeRecord } from '../../src/audit/record.ts'
import { listenerSchema } from '../../src/config/schema.ts'
import { createCounters } from '../../src/gate/counters.ts'

const listener = listenerSchema.parse({ address: '127.0.0.1:2375' })
const exchangeOf = () => openExchange(listener, new IncomingMessage(new Socket()), '/nothing')

const sumsOf = ({ tallies }: ReturnType<typeof createCounters>['gateTime']) => [...tallies()].map(([, { sum }]) => sum)

it("takes the time until the engine is asked for the gate's, and from then until its answer's head for the engine's", () => {
  const counters = createCounters({ list: () => [] })
  const exchange = exchangeOf()
  exchange.sentAt = exchange.startedAt + 3
  exchange.answeredAt = exchange.sentAt + 40
  counters.note(exchange, makeRecord(exchange, 'request'))
  counters.note(exchange, makeRecord(exchange, 'session'))
  expect(sumsOf(counters.gateTime)).toEqual([expect.closeTo(0.003, 9)])
  expect(sumsOf(counters.engineTime)).toEqual([expect.closeTo(0.04, 9)])
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
