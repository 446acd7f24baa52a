import { constants, X509Certificate } from 'node:crypto'
import type https from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { formatPath } from '../config/errors.ts'
import { createFindings } from '../config/findings.ts'
import type { ListenerConfig } from '../config/schema.ts'
import { readTlsFiles, type TlsFiles } from '../config/tls-files.ts'
import { type FileWatch, watchFiles } from '../config/watch.ts'

type TlsConfig = NonNullable<ListenerConfig['tls']>

/** TLS 1.2 suites with forward secrecy and AEAD only (RFC 9325 section 4.2), then the TLS 1.3 ones. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

const HANDSHAKE_MS = 10_000

/**
 * What a listener's TLS does whatever its files hold. Half-close must survive TLS: without allowHalfOpen a client that
 * ends its input loses the output (`docker exec`).
 */
export function tlsOptions({ clientCertificates }: TlsConfig): https.ServerOptions {
  return {
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: clientCertificates !== 'none',
    rejectUnauthorized: clientCertificates === 'required',
    allowHalfOpen: true,
  } as https.ServerOptions
}

/**
 * Gives a server the certificate, key and authorities of its listener, and others when the files change: connections
 * that are open stay, new ones get the new files. Every change has a context of its own, and with it keys of its own for
 * session tickets: no session is resumed that began under other authorities. Files that cannot be served change nothing.
 *
 * @param warn takes lines for the operator
 * @throws Error when the files cannot be served at the beginning
 */
export function followTlsFiles(
  server: https.Server,
  name: string,
  tls: TlsConfig,
  warn: (line: string) => void,
): FileWatch {
  let served: TlsFiles | null = null

  function load(): void {
    const files = readFiles(name, tls, served === null ? () => {} : warn)
    if (served !== null && isSame(files, served)) return
    const context = contextOptions(files, tls)
    // Throws for what OpenSSL cannot use, before the server is touched.
    createSecureContext(context)
    server.setSecureContext(context)
    if (served !== null) warn(`listener ${name}: new TLS files are in use: ${describe(files)}`)
    served = files
  }

  return watchFiles({
    paths: [tls.certificate, tls.key, ...(tls.clientAuthorities ?? [])],
    load,
    failed: ({ message }) => warn(`${message}; what was served before is served on, and the files are tried again`),
  })
}

function readFiles(name: string, tls: TlsConfig, warn: (line: string) => void): TlsFiles {
  const findings = createFindings()
  const files = readTlsFiles(['tls'], tls, (file) => file, findings)
  const line = ({ path, message }: { path: readonly PropertyKey[]; message: string }) =>
    `${formatPath(path)}: ${message}`
  if (files === null) throw new Error(`listener ${name}: ${findings.problems.map(line).join('; ')}`)
  for (const warning of findings.warnings) warn(`listener ${name}: ${line(warning)}`)
  return files
}

function isSame(one: TlsFiles, other: TlsFiles): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function contextOptions({ certificate, key, clientAuthorities }: TlsFiles, tls: TlsConfig): SecureContextOptions {
  return {
    cert: certificate,
    key,
    minVersion: `TLSv${tls.minimumVersion}`,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    // A renegotiation (TLS 1.2) could change the client's certificate after it was looked at.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(clientAuthorities.length > 0 ? { ca: [...clientAuthorities] } : {}),
  }
}

function describe({ certificate, clientAuthorities }: TlsFiles): string {
  const { serialNumber, validToDate } = new X509Certificate(certificate)
  const authorities = clientAuthorities.length > 0 ? `, ${clientAuthorities.length} files of authorities` : ''
  return `certificate ${serialNumber}, good until ${validToDate.toISOString().slice(0, 10)}${authorities}`
}
