import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openExchange } from '../../src/audit/exchange.ts'
import { listenerSchema } from '../../src/config/schema.ts'
import { noteDone, noteRunning, type Running, runningOn } from '../../src/gate/running.ts'

const listener = listenerSchema.parse({ address: '127.0.0.1:2375' })

it('knows the last request of a connection, and holds none that is over, also where it is never idle', () => {
  const socket = new Socket()
  const first = runningOf(socket)
  const second = runningOf(socket)
  expect([noteRunning(first), noteRunning(second), second.previous]).toEqual([0, 1, first])
  noteDone(first)
  const third = runningOf(socket)
  noteRunning(third)
  noteDone(second)
  expect([runningOn(socket), third.previous, second.previous]).toEqual([third, second, null])
  noteDone(third)
  expect(runningOn(socket)).toBeUndefined()
  const fourth = runningOf(socket)
  expect([noteRunning(fourth), fourth.previous]).toEqual([0, null])
})

it('tells all that run on a connection when it is gone, the oldest first', () => {
  const socket = new Socket()
  const gone: Running[] = []
  const [first, second, third] = [1, 2, 3].map(() => {
    const running = runningOf(socket, () => {
      gone.push(running)
      noteDone(running)
    })
    noteRunning(running)
    return running
  })
  noteDone(second as Running)
  socket.emit('close')
  expect(gone).toEqual([first, third])
})

function runningOf(socket: Socket, onGone = () => {}): Running {
  const request = new IncomingMessage(socket)
  const exchange = openExchange(listener, request, '/')
  return { request, response: new ServerResponse(request), exchange, previous: null, onGone }
}
