import type { Operation } from '../engine/types.ts'
import { Refusal } from '../refusal.ts'

/**
 * The protocol that an operation switches to, as the engine knows it: raw bytes for attach and exec, HTTP/2 for the
 * BuildKit tunnels, WebSocket for attach/ws. The client must ask for that one: the value that is sent is ours.
 *
 * @throws Refusal `upgrade-unexpected` when the operation does not switch, `upgrade-malformed` on another protocol
 */
export function upgradeProtocol({ spec }: Operation, asked: string | undefined): string {
  const protocol = protocolOf(spec.stream, spec.access === 'buildkit')
  if (protocol === null) throw new Refusal('upgrade-unexpected', `${spec.id} does not upgrade the connection`)
  if (asked?.toLowerCase() !== protocol) {
    throw new Refusal('upgrade-malformed', `${spec.id} upgrades to ${protocol} and nothing else`)
  }
  return protocol
}

function protocolOf(stream: string, buildkit: boolean): string | null {
  if (stream === 'websocket') return 'websocket'
  if (stream !== 'hijack') return null
  return buildkit ? 'h2c' : 'tcp'
}
