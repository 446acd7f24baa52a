import type { X509Certificate } from 'node:crypto'
import type { CertificateIssuerConfig, Config } from '../config/schema.ts'
import { type FileWatch, watchFiles } from '../config/watch.ts'
import type { RevocationList } from '../pki/revocation-list.ts'
import { readAuthorities } from './authorities.ts'
import { createRules } from './certificate-rules.ts'
import { createRevocation } from './revocation.ts'
import { createListReader } from './revocation-files.ts'
import type { CertificateIssuer } from './standing.ts'

/** An issuer, what was read for it, and what could not be. */
export interface FollowedIssuer extends CertificateIssuer {
  /** Null where none are configured. */
  readonly lists: readonly RevocationList[] | null
  /** Why files are not in use as they are now, for the operator; null when they are. */
  readonly problem: string | null
}

/** The issuers of certificates, as their files are now. */
export interface CertificateIssuers {
  /** In the configuration's order. Another array after every change. */
  current(): readonly FollowedIssuer[]
  close(): void
}

export interface FollowOptions {
  /** Called after every change. */
  readonly changed: () => void
  /** Takes lines for the operator. */
  readonly warn: (line: string) => void
}

/**
 * Reads the authorities and revocation lists of all issuers of certificates, and again when their files change. What
 * cannot be read then stays as it was, and is tried again.
 *
 * @throws Error with a message for the operator when a file cannot be used at the beginning
 */
export function followCertificateIssuers(issuers: Config['issuers'], options: FollowOptions): CertificateIssuers {
  const byName = new Map<string, FollowedIssuer>()
  let current: readonly FollowedIssuer[] = []
  const watches: FileWatch[] = []
  const close = () => {
    for (const watch of watches) watch.close()
  }
  const publish = (issuer: FollowedIssuer) => {
    byName.set(issuer.name, issuer)
    current = [...byName.values()]
    options.changed()
  }
  try {
    for (const [name, { certificate }] of Object.entries(issuers)) {
      if (certificate) watches.push(followIssuer(name, certificate, publish, options.warn))
    }
  } catch (error) {
    close()
    throw error
  }
  return { current: () => current, close }
}

function followIssuer(
  name: string,
  config: CertificateIssuerConfig,
  publish: (issuer: FollowedIssuer) => void,
  warn: FollowOptions['warn'],
): FileWatch {
  const path = `issuers.${name}.certificate`
  const fixed = { name, depth: config.depth, rules: createRules(config), isSpiffe: config.spiffe !== undefined }
  const readLists = config.crl ? createListReader(config.crl) : null
  let authorities: readonly X509Certificate[] | null = null
  let isFirst = true

  function load(): void {
    const problems: string[] = []
    try {
      authorities = config.authorities.flatMap((file) => readAuthorities(`${path}.authorities`, file))
    } catch (error) {
      if (authorities === null) throw error
      problems.push((error as Error).message)
    }
    const read = readLists?.() ?? null
    for (const problem of read?.problems ?? []) problems.push(`${path}.crl: ${problem}`)
    const failure = problems.length > 0 ? new Error(problems.join('; ')) : null
    if (failure && isFirst) throw failure
    // Even then: what is revoked in the files that could be read must not wait for the others.
    const lists = read?.lists ?? null
    publish({
      ...fixed,
      authorities,
      lists,
      revocation: lists && createRevocation(lists),
      problem: failure?.message ?? null,
    })
    if (failure) throw failure
    if (!isFirst) warn(`${path}: its changed files are in use: ${countOf(authorities.length, read?.lists ?? null)}`)
    isFirst = false
  }

  return watchFiles({
    paths: [...config.authorities, ...(config.crl ?? [])],
    load,
    failed: ({ message }) => warn(`${message}; what was read of it before stays in force, and it is tried again`),
  })
}

function countOf(authorities: number, lists: ReturnType<ReturnType<typeof createListReader>>['lists'] | null): string {
  if (lists === null) return `authorities: ${authorities}`
  const revoked = lists.reduce((sum, list) => sum + list.revoked.size, 0)
  return `authorities: ${authorities}, revoked certificates: ${revoked}`
}
