import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { quoted } from '../../text.ts'

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const
type Protocol = (typeof PROTOCOLS)[number]

/** The first and the last of some ports; 0 to 0 stands for a port that the engine chooses. */
interface PortRange {
  readonly first: number
  readonly last: number
}

/** Ports of the host that a container may publish to. */
export interface PortRule extends PortRange {
  /** Canonical; null for every address, and for all of them at once. */
  readonly address: string | null
  readonly protocol: Protocol
}

/** One binding of a create request, as the Engine API has it. */
export interface PortRequest {
  /** `HostIp`; empty for all addresses. */
  readonly address: string
  /** `HostPort`: a port, a range from which the engine chooses, or empty or `0` for any free port. */
  readonly port: string
  /** What stands behind the slash in the key of `PortBindings`; `tcp` where nothing does. */
  readonly protocol: string
}

const FORM = 'wants [address:]port[-port][/protocol], such as 127.0.0.1:8000-8999 or 53/udp; port 0 is any free port'

/**
 * Reads one entry of `ports`: `8080`, `8000-8999`, `127.0.0.1:8080`, `[::1]:8000-8999`, `53/udp`. Without an address it is
 * every address, without a protocol it is tcp.
 */
export function parsePortRule(text: string): PortRule | { readonly problem: string } {
  const slash = text.indexOf('/')
  const protocol = parseProtocol(slash < 0 ? 'tcp' : text.slice(slash + 1))
  const place = slash < 0 ? text : text.slice(0, slash)
  const colon = place.lastIndexOf(':')
  const range = parsePortRange(place.slice(colon + 1))
  const address = colon < 0 ? null : parseAddress(place.slice(0, colon))
  if (protocol === null || range === null || (colon >= 0 && address === null)) {
    return { problem: `${quoted(text, 80)} names no ports: ${FORM}` }
  }
  return { address, ...range, protocol }
}

/** A rule as `parsePortRule` reads it: `127.0.0.1:8000-8999/tcp`. */
export function writePortRule({ address, first, last, protocol }: PortRule): string {
  const where = address === null ? '' : `${isIPv6(address) ? `[${address}]` : address}:`
  return `${where}${first}${last === first ? '' : `-${last}`}/${protocol}`
}

/** Whether one of the rules allows the binding: all of the ports that it may come to, on that address. */
export function allowsPort(rules: readonly PortRule[], request: PortRequest): boolean {
  const range = parsePortRange(request.port === '' ? '0' : request.port)
  const protocol = parseProtocol(request.protocol)
  const address = request.address === '' ? null : canonicalAddress(request.address)
  if (range === null || protocol === null || (address === null && request.address !== '')) return false
  return rules.some(
    (rule) =>
      rule.protocol === protocol &&
      (rule.address === null || rule.address === address) &&
      rule.first <= range.first &&
      range.last <= rule.last,
  )
}

/** Port 0 has no place in a range: it would not be the port that the engine opens. */
function parsePortRange(text: string): PortRange | null {
  const [first, last = first, ...more] = text.split('-').map(parsePort)
  if (first === undefined || first === null || last === undefined || last === null || more.length > 0) return null
  const sound = first === 0 ? last === 0 && text === '0' : first <= last
  return sound ? { first, last } : null
}

function parsePort(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return null
  const port = Number(text)
  return port <= 65_535 ? port : null
}

function parseProtocol(text: string): Protocol | null {
  return PROTOCOLS.find((protocol) => protocol === text) ?? null
}

function parseAddress(text: string): string | null {
  if (!text.startsWith('[')) return isIPv4(text) ? text : null
  return text.endsWith(']') && isIPv6(text.slice(1, -1)) ? canonicalAddress(text.slice(1, -1)) : null
}

function canonicalAddress(text: string): string | null {
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes('%')) return null
  return new SocketAddress({ address: text, family: 'ipv6' }).address
}
