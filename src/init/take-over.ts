import { dirname } from 'node:path'
import { type Exposure, exposuresOf, type Tls, tlsOf } from '../doctor/exposure.ts'
import { isLocal, shown } from '../doctor/hosts.ts'
import { releaseOf } from '../doctor/release.ts'
import { openRoot, type Root } from '../doctor/root.ts'
import { readSetUp, type SetUp } from '../doctor/set-up.ts'
import { socketPathOf } from '../doctor/socket-file.ts'
import { tlsPathsOf } from '../doctor/tls-files.ts'
import type { Change } from '../doctor/types.ts'

/** How dockerd on a host is reached, as far as a gate takes its place. */
export interface Host {
  readonly root: Root
  /** `unix:///path` */
  readonly engine: string
  readonly tls: Tls
  readonly exposures: readonly Exposure[]
  /** The changes with which dockerd gives up its TCP addresses and its TLS. */
  readonly release: readonly Change[]
  readonly setUp: SetUp
}

/** Reads how dockerd is set up below a root folder (absolute). */
export function readHost(folder: string): Host {
  const root = openRoot(folder)
  const setUp = readSetUp(root)
  const engine = `unix://${socketPathOf(setUp)}`
  return { root, engine, tls: tlsOf(setUp), exposures: exposuresOf(setUp), release: releaseOf(setUp), setUp }
}

/** What a gate takes from a dockerd with `tlsverify`. */
export interface VerifiedSetUp {
  /** Where dockerd listens. */
  readonly addresses: readonly string[]
  /** Paths in the root. */
  readonly files: { readonly authority: string; readonly certificate: string; readonly key: string }
}

/** @throws Error with a message for a person when dockerd is not set up so, or a file of it is missing */
export function verifiedSetUp({ root, tls, exposures, setUp }: Host): VerifiedSetUp {
  if (exposures.length === 0) throw new Error('dockerd is not set up to listen on TCP: there is nothing to take over')
  if (tls === 'none') throw new Error(`dockerd listens on ${list(exposures)} without TLS; say --from tcp`)
  if (tls === 'tls') {
    const out = 'say --from tcp, which makes certificates'
    throw new Error(`dockerd listens on ${list(exposures)} with TLS that asks nobody for a certificate; ${out}`)
  }
  const { authority, certificate, key } = tlsPathsOf(setUp)
  const open = (what: string, path: string | null) => {
    if (path !== null && root.facts(path) !== null) return path
    throw new Error(`dockerd's ${what} is missing: ${path ?? 'no option names it'}`)
  }
  return {
    addresses: addressesOf(exposures),
    files: {
      authority: open('tlscacert', authority),
      certificate: open('tlscert', certificate),
      key: open('tlskey', key),
    },
  }
}

/** What a gate takes from a dockerd on TCP that asks nobody who it is. */
export interface OpenSetUp {
  /** The address for callers of this host; null: dockerd speaks TLS there, which cannot go on without certificates. */
  readonly local: string | null
  /** Where dockerd listens. */
  readonly addresses: readonly string[]
  /** One of them is reached from elsewhere. */
  readonly beyond: boolean
}

/** @throws Error with a message for a person when dockerd is not set up so */
export function openSetUp({ tls, exposures }: Host): OpenSetUp {
  if (exposures.length === 0) throw new Error('dockerd is not set up to listen on TCP: there is nothing to take over')
  if (tls === 'verified') throw new Error(`dockerd listens on ${list(exposures)} with tlsverify; say --from tlsverify`)
  const [first] = exposures
  // The loopback address serves those who called any address of this host from this host.
  const local = exposures.find(({ host }) => isLocal(host))
  const port = (local ?? first)?.port ?? 2375
  return {
    local: tls === 'tls' ? null : shown(local?.host ?? '127.0.0.1', port),
    addresses: addressesOf(exposures),
    beyond: exposures.some(({ host }) => !isLocal(host)),
  }
}

function addressesOf(exposures: readonly Exposure[]): string[] {
  return [...new Set(exposures.map(({ host, port }) => shown(host, port)))]
}

function list(exposures: readonly Exposure[]): string {
  return addressesOf(exposures).join(' and ')
}

/** Whether the user may read the file by the bits for everybody, or as its owner; `uid` null: a user that is not there yet. */
export function mayRead(root: Root, path: string, uid: number | null): boolean {
  const facts = root.facts(path)
  if (facts === null) return false
  const bit = facts.uid === uid ? 0o400 : 0o004
  return (facts.mode & bit) !== 0 && folders(path).every((folder) => mayEnter(root, folder, uid))
}

function mayEnter(root: Root, folder: string, uid: number | null): boolean {
  const facts = root.facts(folder)
  return facts !== null && (facts.mode & (facts.uid === uid ? 0o100 : 0o001)) !== 0
}

function folders(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [] : [...folders(parent), parent]
}
