import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { requestUpgrade } from '../forward/hijack.ts'
import { tunnel } from '../forward/tunnel.ts'
import { upgradeBody } from '../gate/body.ts'
import { relayAnswer, switchingHead, writeAnswer } from '../gate/wire.ts'
import { failureAnswer, gateHeaders, type Link, noteStatus, tokenOf } from './link.ts'

/** The body of an upgrade is a few options (exec start); the gate takes no more either. */
const BODY_BYTES = 4 * 1024 * 1024
const BODY_MS = 60_000

/**
 * Passes on a request that wants to take the connection over (attach, exec, BuildKit's tunnels, WebSocket), and joins
 * both connections once the gate has said 101; any other answer is relayed, and the client's connection ended.
 */
export async function carryUpgrade(link: Link, request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
  // Whoever reads or writes it next sees its end as well; an error without a listener would end the process.
  client.on('error', () => {})
  try {
    await carry(link, request, client, head)
  } catch (error) {
    if (client.destroyed) return
    writeAnswer(client, failureAnswer(error, link))
  }
}

async function carry(link: Link, request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
  const source = upgradeBody(request, client, head, BODY_MS)
  const body = await source.read(BODY_BYTES)
  const token = await tokenOf(link)
  const { method = 'GET', url: path = '/' } = request
  const protocol = request.headers.upgrade ?? ''
  const asked = { method, path, headers: gateHeaders(request.rawHeaders, link, token), body, protocol }
  const answer = await requestUpgrade(asked, () => link.gate.connect(), request.socket)
  if (client.destroyed) {
    answer.response.destroy()
    if (answer.kind === 'tunnel') answer.socket.destroy()
    return
  }
  if (answer.kind === 'plain') {
    noteStatus(link, token, answer.response.statusCode)
    await relayAnswer(client, answer.response)
    return
  }
  client.write(switchingHead(answer.response, answer.response.headers.upgrade ?? protocol))
  await tunnel(client, source.rest(), answer.socket, answer.head).over
}
