import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openExchange } from '../../src/audit/exchange.ts'
import { listenerSchema } from '../../src/config/schema.ts'
import { noteDone, noteRunning, runningOn } from '../../src/gate/running.ts'

const listener = listenerSchema.parse({ address: '127.0.0.1:2375' })

it('knows the last request of a connection, and holds none that is over, also where it is never idle', () => {
  const socket = new Socket()
  const note = () => {
    const request = new IncomingMessage(socket)
    return noteRunning(request, new ServerResponse(request), openExchange(listener, request, '/'))
  }
  const first = note()
  const second = note()
  expect([first.waiting, second.waiting, second.previous]).toEqual([0, 1, first])
  noteDone(first)
  const third = note()
  noteDone(second)
  expect([runningOn(socket), third.previous, second.previous]).toEqual([third, second, null])
  noteDone(third)
  expect(runningOn(socket)).toBeUndefined()
  expect(note().previous).toBeNull()
})
