import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Makes the test whether an IP address is of a network, `10.0.0.0/8` or `2001:db8::/32`; null when the text is no network. */
export function parseNetwork(text: string): ((address: string) => boolean) | null {
  const slash = text.indexOf('/')
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)]
  if (slash === -1 || !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return null
  const family = familyOf(address)
  const length = Number(bits)
  if (family === null || length > (family === 'ipv4' ? 32 : 128)) return null
  const list = new BlockList()
  list.addSubnet(address, length, family)
  return (one) => familyOf(one) === family && list.check(one, family)
}

/** An IPv4 client of a listener on `[::]` has an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2): it is the same client. */
export function plainAddress(address: string): string {
  const mapped = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : ''
  return isIPv4(mapped) ? mapped : address
}

function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  if (isIPv4(address)) return 'ipv4'
  return isIPv6(address) ? 'ipv6' : null
}
