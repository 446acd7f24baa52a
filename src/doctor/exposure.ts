import { isLocal, parseHost, shown } from './hosts.ts'
import { type Setting, type SetUp, settingOf, settingsFor, where } from './set-up.ts'
import { type Change, change, type Finding } from './types.ts'
import { listSetting } from './unit-file.ts'
import { RESTART_SOCKET, without } from './without.ts'

/** none: HTTP. tls: whoever connects may speak. verified: only holders of a certificate of the authority. */
export type Tls = 'none' | 'tls' | 'verified'

/** A TCP address that dockerd is set up to listen on. */
export interface Exposure {
  readonly host: string
  readonly port: number
  readonly where: string
  readonly change: Change
}

/** How dockerd protects its TCP addresses: "tlsverify" that is there and false turns TLS on all the same. */
export function tlsOf(setUp: SetUp): Tls {
  const verify = settingOf(setUp, 'tlsverify')
  if (verify?.value === 'true') return 'verified'
  return verify !== null || settingOf(setUp, 'tls')?.value === 'true' ? 'tls' : 'none'
}

/** The TCP addresses that command lines, daemon.json and docker.socket name. */
export function exposuresOf(setUp: SetUp): readonly Exposure[] {
  const tls = tlsOf(setUp) !== 'none'
  const hosts = settingsFor(setUp, 'hosts')
  const isTcp = isTcpHost(setUp)
  const fromOptions = hosts.filter(isTcp).flatMap((one) => {
    const host = parseHost(one.value, tls)
    return host.kind === 'tcp' ? [{ ...host, where: where(one.place), change: closing(setUp, one, isTcp) }] : []
  })
  return [...fromOptions, ...socketExposures(setUp)]
}

/** Makes the test whether a "hosts" or -H is a TCP address. */
export function isTcpHost(setUp: SetUp): (one: Setting) => boolean {
  const tls = tlsOf(setUp) !== 'none'
  return (one) => parseHost(one.value, tls).kind === 'tcp'
}

/** One change closes all addresses of one place: half of them would be no answer. */
function closing(setUp: SetUp, one: Setting, isTcp: (one: Setting) => boolean): Change {
  const same = settingsFor(setUp, 'hosts').filter((other) => other.place.file === one.place.file)
  const gone = same.filter((other) => isTcp(other) && (other.words.length === 0) === (one.words.length === 0))
  return without(setUp, gone, socketInstead(setUp))
}

/** The words that leave dockerd its socket when the TCP addresses are gone; none when another host does already. */
export function socketInstead(setUp: SetUp): readonly string[] {
  const isTcp = isTcpHost(setUp)
  if (settingsFor(setUp, 'hosts').some((one) => !isTcp(one))) return []
  return ['-H', setUp.socket === null ? 'unix:///var/run/docker.sock' : 'fd://']
}

/** The TCP addresses that docker.socket opens. */
export function socketExposures({ socket }: SetUp): Exposure[] {
  const streams = listSetting(socket?.lines ?? [], 'Socket', 'ListenStream')
  const paths = streams.map(({ value }) => value).filter((value) => value.startsWith('/'))
  return streams.flatMap((line) => {
    const address = streamAddress(line.value)
    if (address === null) return []
    const write = ['[Socket]', 'ListenStream=', `ListenStream=${paths[0] ?? '/run/docker.sock'}`]
    const file = '/etc/systemd/system/docker.socket.d/zz-dockgate.conf'
    return [{ ...address, where: where(line), change: change({ file, write, run: RESTART_SOCKET }) }]
  })
}

/** systemd.socket(5): a number alone is a port on every address. Null for what is no TCP address. */
function streamAddress(value: string): { host: string; port: number } | null {
  if (/^[0-9]{1,5}$/.test(value)) return { host: '::', port: Number(value) }
  const colon = value.lastIndexOf(':')
  const port = value.slice(colon + 1)
  if (colon < 1 || value.startsWith('/') || value.startsWith('@') || !/^[0-9]{1,5}$/.test(port)) return null
  const host = value.slice(0, colon)
  return host.startsWith('vsock') ? null : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** What the set-up opens to the network. */
export function exposureFindings(setUp: SetUp): readonly Finding[] {
  const tls = tlsOf(setUp)
  return exposuresOf(setUp).map((exposure) => ({
    ...judged(exposure, tls),
    where: exposure.where,
    change: withAdvice(exposure.change, tls),
  }))
}

function judged({ host, port }: Exposure, tls: Tls): Pick<Finding, 'id' | 'severity' | 'what' | 'why'> {
  const address = shown(host, port)
  const local = isLocal(host)
  if (tls === 'tls') {
    return {
      id: 'tcp-unverified',
      severity: 'danger',
      what: `dockerd listens on ${address} with TLS that asks nobody for a certificate ("tls" without "tlsverify")`,
      why: 'TLS hides what is said and does not say who speaks: whoever reaches the port is root on this host.',
    }
  }
  if (tls === 'verified') {
    return {
      id: 'tcp-verified',
      severity: local ? 'note' : 'warning',
      what: `dockerd listens on ${address} for every certificate of its authority (tlsverify)`,
      why: 'Each of those certificates is root on this host until it expires: there are no roles, no revocation and no records.',
    }
  }
  return {
    id: local ? 'tcp-plain-local' : 'tcp-plain',
    severity: 'danger',
    what: `dockerd listens on ${address} without TLS`,
    why: local
      ? 'Every user and every program on this host, containers on its network too, becomes root through it, whatever group docker says.'
      : 'Whoever reaches the port is root on this host, without a password and without a trace.',
  }
}

function withAdvice(made: Change, tls: Tls): Change {
  const advice =
    tls === 'verified'
      ? 'a gate takes its place with the same files, and clients go on: dockgate init --from tlsverify (docs/migration.md)'
      : 'a gate takes its place: dockgate init --from tcp (docs/migration.md)'
  return { ...made, text: made.text === null ? advice : `${made.text}; ${advice}` }
}
