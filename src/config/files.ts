import { createPublicKey } from 'node:crypto'
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readRevocationFile } from '../identity/revocation-file.ts'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import { parseAddress } from './address.ts'
import { checkRecordsFiles } from './check-records.ts'
import type { Findings } from './findings.ts'
import type { Pieces } from './pieces.ts'
import { readTextFile, whyUnreadable } from './read-file.ts'
import { checkRevocationLists } from './revocation-lists.ts'
import type { CertificateIssuerConfig } from './schema.ts'
import { readAuthorityFiles, readTlsFiles } from './tls-files.ts'

const LEAST_RSA_BITS = 2048

type Path = readonly PropertyKey[]

/** Reads every file that the configuration names (relative ones below `directory`) and checks that it can be used. */
export function checkFiles(pieces: Pieces, directory: string, findings: Findings): void {
  const at = (file: string) => resolve(directory, file)
  for (const { index, value } of pieces.listeners) {
    if (value.tls) readTlsFiles(['listeners', index, 'tls'], value.tls, at, findings)
  }
  const { tls } = pieces.adminListener ?? {}
  if (tls) readTlsFiles(['admin', 'listener', 'tls'], tls, at, findings)
  for (const [name, issuer] of pieces.issuers) {
    const path = ['issuers', name]
    const { jwksFile, publicKey, ca } = issuer?.jwt ?? {}
    if (jwksFile !== undefined) checkJwks([...path, 'jwt', 'jwksFile'], at(jwksFile), findings)
    if (publicKey !== undefined) checkPublicKey([...path, 'jwt', 'publicKey'], at(publicKey), findings)
    if (ca !== undefined) readAuthorityFiles([...path, 'jwt', 'ca'], [at(ca)], findings)
    if (issuer?.certificate) checkCertificateIssuer([...path, 'certificate'], issuer.certificate, at, findings)
  }
  if (pieces.revocationsFile !== null) checkRevocationFile(at(pieces.revocationsFile), pieces, findings)
  const records = pieces.records?.file === undefined ? null : at(pieces.records.file)
  if (records !== null) checkPlace(['records', 'file'], records, findings)
  if (pieces.records !== null) checkRecordsFiles(pieces.records, at, findings)
  if (pieces.adminSocket !== null) checkAdminSocket(['admin', 'socket'], at(pieces.adminSocket), pieces, findings)
  if (pieces.ledgerFile !== null) checkLedgerFile(['ledger', 'file'], at(pieces.ledgerFile), records, findings)
}

function checkCertificateIssuer(
  path: Path,
  { authorities, crl }: CertificateIssuerConfig,
  at: (file: string) => string,
  findings: Findings,
): void {
  const bundles = readAuthorityFiles([...path, 'authorities'], authorities.map(at), findings)
  const certificates = bundles?.flatMap((bundle) => bundle.certificates) ?? []
  if (crl) checkRevocationLists([...path, 'crl'], crl.map(at), certificates, findings)
}

function checkPublicKey(path: Path, file: string, findings: Findings): void {
  const pem = readTextFile(path, file, findings)
  if (pem === null) return
  if (pem.includes('PRIVATE KEY-----')) {
    const out = `openssl pkey -in ${file} -pubout`
    findings.problem(path, `${file} holds a private key: a gate that only verifies must not have it; ${out}`)
    return
  }
  try {
    const key = createPublicKey(pem)
    const bits = key.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS
    if (bits < LEAST_RSA_BITS)
      findings.problem(path, `${file} holds an RSA key of ${bits} bits: at least ${LEAST_RSA_BITS}`)
  } catch {
    findings.problem(path, `${file} holds no public key in PEM form (-----BEGIN PUBLIC KEY-----)`)
  }
}

function checkJwks(path: Path, file: string, findings: Findings): void {
  const text = readTextFile(path, file, findings)
  if (text === null) return
  const keys = jwksKeys(text)
  if (keys === null) {
    findings.problem(path, `${file} is no JWK Set: wants {"keys": [ … ]} with at least one key (RFC 7517)`)
  } else if (keys.some((key) => 'd' in key || 'k' in key)) {
    findings.problem(path, `${file} holds a private or shared key: leave only the public keys in it`)
  }
}

function jwksKeys(text: string): object[] | null {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (!Array.isArray(keys) || keys.length === 0) return null
    return keys.every((key) => typeof key === 'object' && key !== null) ? keys : null
  } catch {
    return null
  }
}

function checkRevocationFile(file: string, { issuers }: Pieces, findings: Findings): void {
  const path = ['revocations', 'file']
  const read = readRevocationFile(file)
  if ('problems' in read) {
    for (const problem of read.problems) findings.problem(path, problem)
    return
  }
  const unknown = read.entries.find(({ issuer }) => issuer !== undefined && !issuers.has(issuer))?.issuer
  if (unknown === undefined) return
  const hint = didYouMean(unknown, issuers.keys())
  findings.warn(path, `${file} names the issuer ${quoted(unknown, 80)}, which is not under "issuers"${hint}`)
}

function checkAdminSocket(path: Path, socket: string, { listeners, engine }: Pieces, findings: Findings): void {
  const address = `unix://${socket}`
  if (parseAddress(address)?.kind !== 'unix') {
    const wanted = 'wants one of at most 107 bytes that ends in a name, such as /run/dockgate/admin.sock'
    findings.problem(path, `${quoted(socket)} is no path of a socket: ${wanted}`)
  } else if (address === engine) {
    findings.problem(path, 'is the socket of the engine; give the admin socket a path of its own')
  } else if (listeners.some(({ value }) => value.address === address)) {
    findings.problem(path, 'is the address of a listener; give the admin socket a path of its own')
  }
}

function checkLedgerFile(path: Path, file: string, records: string | null, findings: Findings): void {
  if (file === records) findings.problem(path, `${file} is records.file already: the ledger wants a file of its own`)
  else checkPlace(path, file, findings)
}

/** Of a file that the gate makes where it is not there. */
function checkPlace(path: Path, file: string, findings: Findings): void {
  try {
    const directory = statSync(dirname(file), { throwIfNoEntry: false })
    if (!directory?.isDirectory()) findings.problem(path, `the directory ${dirname(file)} does not exist: mkdir it`)
    else if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) findings.problem(path, `${file} is a directory`)
  } catch (error) {
    findings.problem(path, `${file} ${whyUnreadable(error)}`)
  }
}
