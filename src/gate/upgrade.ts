import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Exchange, openExchange } from '../audit/exchange.ts'
import type { ListenerConfig } from '../config/schema.ts'
import { upgradeOnEngine } from '../forward/hijack.ts'
import { streamFormat } from '../forward/notice.ts'
import { type Tunnel, tunnel } from '../forward/tunnel.ts'
import { upgradeProtocol } from '../inspect/upgrade.ts'
import type { Sent } from '../objects/types.ts'
import { Refusal } from '../refusal.ts'
import { answerErrand, answerRefusal, asRefusal, noteRefusal } from './answer.ts'
import { type UpgradeBody, upgradeBody } from './body.ts'
import { decide, type Gate, leave, openChecked, record, type Serving } from './gate.ts'
import { runningOn } from './running.ts'
import { relayAnswer, switchingHead, writeAnswer } from './wire.ts'

/**
 * A request that wants to take the connection over. Node's `upgrade` event bypasses fastify, so this is the second and
 * last way in; it goes through the same decision function as plain requests.
 */
export function onUpgrade({ gate, listener }: Serving, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const exchange = openExchange(listener, request, request.url ?? '', gate.generation)
  gate.open.enter(exchange)
  // Whoever reads or writes it next sees its end as well; an error without a listener would end the process.
  socket.on('error', () => {})
  carry(gate, listener, exchange, request, socket, head)
    .catch((error: unknown) => {
      const refusal = asRefusal(error)
      noteRefusal(exchange, refusal)
      record(gate, exchange)
      // Behind a pipelined request whose answer still runs, ours would be read as part of that one.
      if (socket.destroyed || runningOn(request.socket)) socket.destroy()
      else writeAnswer(socket, answerRefusal(refusal, exchange, gate.engine))
    })
    .finally(() => leave(gate, exchange))
}

async function carry(
  gate: Gate,
  config: ListenerConfig,
  exchange: Exchange,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  if (runningOn(request.socket)) {
    throw new Refusal('upgrade-malformed', 'a request that upgrades must not be pipelined behind another')
  }
  const body = upgradeBody(request, socket, head, config.limits.bodyTimeout)
  const errand = await decide(gate, exchange, request, config, body)
  if (errand instanceof Refusal) throw errand
  if (errand.kind === 'answer') {
    exchange.status = errand.status
    writeAnswer(socket, answerErrand(errand, gate.engine))
    record(gate, exchange)
    return
  }
  try {
    const session = openSession(gate, exchange, socket)
    try {
      await carryChecked(gate, exchange, errand, { request, socket, body, session })
    } finally {
      session.close()
    }
  } finally {
    errand.over()
  }
}

/** A session that can be ended at any time: before its tunnel opens with its connection, later as the tunnel ends. */
function openSession(gate: Gate, exchange: Exchange, socket: Duplex) {
  let stop = (_text: string): void => void socket.destroy()
  const close = openChecked(gate, exchange, ({ text }) =>
    stop(`dockgate: session ended: ${text} (record ${exchange.id})`),
  )
  return {
    close,
    becomes(opened: Tunnel) {
      stop = opened.stop
    },
  }
}

interface Upgrading {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly body: UpgradeBody
  readonly session: ReturnType<typeof openSession>
}

async function carryChecked(
  gate: Gate,
  exchange: Exchange,
  { checked, shape }: Sent,
  { request, socket, body, session }: Upgrading,
): Promise<void> {
  const protocol = upgradeProtocol(checked.operation, request.headers.upgrade)
  if (checked.body.kind === 'bytes') exchange.bytesIn = checked.body.bytes.length
  exchange.sentAt = performance.now()
  const answer = await upgradeOnEngine(gate.engine, checked, protocol, request.socket)
  exchange.answeredAt = performance.now()
  if (socket.destroyed) {
    answer.response.destroy()
    if (answer.kind === 'tunnel') answer.socket.destroy()
    throw new Refusal('client-gone', 'the client went away')
  }
  exchange.status = answer.response.statusCode ?? 502
  if (answer.kind === 'plain') {
    const { bytes, end } = await relayAnswer(socket, answer.response, shape)
    exchange.bytesOut = bytes
    if (end !== 'complete') exchange.reason = end
    record(gate, exchange)
    return
  }
  record(gate, exchange)
  socket.write(switchingHead(answer.response, protocol))
  const format = streamFormat(checked, answer.response, protocol)
  const opened = tunnel(socket, body.rest(), answer.socket, answer.head, format)
  session.becomes(opened)
  exchange.carried = opened.carried
  const end = await opened.over
  exchange.carried = null
  exchange.bytesIn += end.bytesIn
  exchange.bytesOut += end.bytesOut
  exchange.reason = end.endedBy === 'client' ? 'client-gone' : 'allowed'
  record(gate, exchange, 'session')
}
