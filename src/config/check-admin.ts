import { parseListenerAddress } from './address.ts'
import { checkListener } from './check-listener.ts'
import type { Findings } from './findings.ts'
import type { Pieces } from './pieces.ts'

const PATH = ['admin', 'listener']

/** Checks the address and the TLS of the admin listener, by the rules of every listener. */
export function checkAdmin({ adminListener, listeners }: Pieces, findings: Findings): void {
  if (adminListener === null) return
  const { address } = adminListener
  const path = [...PATH, 'address']
  const same = listeners.find(({ value }) => value.address === address && !address.endsWith(':0'))
  const kind = parseListenerAddress(address)?.kind
  if (kind === 'unix') {
    findings.problem(path, 'is a unix socket, which admin.socket is already: wants host:port or [IPv6]:port')
  } else if (kind === 'inherited') {
    findings.problem(path, 'is a socket of systemd, which only listeners take: wants host:port or [IPv6]:port')
  } else if (same !== undefined) {
    findings.problem(
      path,
      `listeners[${same.index}] listens there already; give the admin listener an address of its own`,
    )
  } else checkListener(PATH, adminListener, findings)
}
