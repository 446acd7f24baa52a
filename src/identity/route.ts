import type { Dispatcher } from 'undici'
import { createFindings } from '../config/findings.ts'
import type { JwtIssuerConfig } from '../config/schema.ts'
import { readAuthorityFiles } from '../config/tls-files.ts'
import { watchFiles } from '../config/watch.ts'
import { openRoute } from './fetch.ts'

/** The way to an issuer, which changes with the file of authorities. */
export interface FollowedRoute {
  /** To be asked before each request. */
  current(): Dispatcher
  close(): void
}

export interface FollowRouteOptions {
  /** Called after every change. */
  readonly changed: () => void
  /** Takes lines for the operator. */
  readonly warn: (line: string) => void
}

/**
 * Opens the way to an issuer's keys, and follows the file of authorities by which its server is verified. A file that
 * becomes bad leaves the last good authorities in force.
 *
 * @param path where the issuer stands in the configuration, for messages: `issuers.github.jwt`
 * @throws Error with a message for the operator when the file cannot be used at the beginning
 */
export function followRoute(
  path: string,
  { ca, proxy }: Pick<JwtIssuerConfig, 'ca' | 'proxy'>,
  { changed, warn }: FollowRouteOptions,
): FollowedRoute {
  if (ca === undefined) {
    const route = openRoute({ proxy })
    return { current: () => route, close: () => drop(route) }
  }
  let pem = readAuthorityPem(`${path}.ca`, ca)
  let route = openRoute({ ca: pem, proxy })
  const watch = watchFiles({
    paths: [ca],
    load() {
      const found = readAuthorityPem(`${path}.ca`, ca)
      if (found === pem) return
      // What it carries now comes to its end.
      void route.close().catch(() => {})
      pem = found
      route = openRoute({ ca: pem, proxy })
      warn(`${path}.ca: the authorities of ${ca} as it is now are in use`)
      changed()
    },
    failed: ({ message }) => warn(`${message}; what was read of it before stays in force, and it is tried again`),
  })
  return {
    current: () => route,
    close() {
      watch.close()
      drop(route)
    },
  }
}

function drop(route: Dispatcher): void {
  void route.destroy().catch(() => {})
}

function readAuthorityPem(path: string, file: string): string {
  const findings = createFindings()
  const pem = readAuthorityFiles([], [file], findings)?.map((bundle) => bundle.pem)
  if (pem === undefined) throw new Error(findings.problems.map(({ message }) => `${path}: ${message}`).join('; '))
  return pem.join('')
}
