import { quoted } from '../text.ts'
import { isLoopback, parseAddress } from './address.ts'
import { checkAdmin } from './check-admin.ts'
import { checkConditions } from './check-conditions.ts'
import { checkListener } from './check-listener.ts'
import { checkRecords } from './check-records.ts'
import type { Findings } from './findings.ts'
import type { Pieces } from './pieces.ts'
import type { JwtIssuerConfig } from './schema.ts'

/** Checks what the schema cannot see: values that must fit each other. Reads no other file. */
export function checkPieces(pieces: Pieces, findings: Findings): void {
  checkListeners(pieces, findings)
  checkAdmin(pieces, findings)
  if (pieces.engine !== null && parseAddress(pieces.engine)?.kind !== 'unix') {
    findings.problem(
      ['engine'],
      `${quoted(pieces.engine)} is no unix socket: wants unix:///absolute/path, such as unix:///var/run/docker.sock`,
    )
  }
  checkIssuers(pieces, findings)
  checkConditions(pieces, findings)
  checkLedger(pieces, findings)
  checkRecords(pieces, findings)
}

/** Labels do not say whose an image is, and not every volume has one. */
function checkLedger({ roles, ledgerFile }: Pieces, findings: Findings): void {
  const own = [...roles].filter(([, role]) => role?.objects !== undefined && role.objects !== 'all')
  if (own.length === 0 && ledgerFile !== null) {
    findings.warn(['ledger'], 'not used: no role has objects: own', { atKey: true })
  }
  const [name] = own[0] ?? []
  if (name === undefined || ledgerFile !== null) return
  const what = 'whose images and unnamed volumes are whose must be written down'
  findings.problem(['roles', name, 'objects'], `${what}: add ledger: {file: ledger.sqlite} beside "roles"`, {
    atKey: true,
  })
}

function checkListeners(pieces: Pieces, findings: Findings): void {
  const names = new Map<string, number>()
  const addresses = new Map<string, number>()
  for (const { index, value } of pieces.listeners) {
    const path = ['listeners', index]
    const sameAddress = value.address.endsWith(':0') ? undefined : addresses.get(value.address)
    const sameName = names.get(value.name)
    if (sameAddress !== undefined) {
      findings.problem([...path, 'address'], `listeners[${sameAddress}] listens there already; remove one of them`)
    } else if (sameName !== undefined) {
      const what = `listeners[${sameName}] has the name ${quoted(value.name)} already`
      findings.problem(path, `${what}; give this one another "name"`)
    }
    names.set(value.name, index)
    addresses.set(value.address, index)
    checkListener(path, value, findings)
    if (value.limits.targetBytes > value.limits.headerBytes) {
      findings.problem([...path, 'limits'], 'targetBytes is larger than headerBytes, of which the target is a part')
    }
  }
}

function checkIssuers(pieces: Pieces, findings: Findings): void {
  const seen = new Map<string, string>()
  for (const [name, issuer] of pieces.issuers) {
    if (issuer === null) continue
    const path = ['issuers', name]
    if ((issuer.jwt === undefined) === (issuer.certificate === undefined)) {
      findings.problem(path, 'wants exactly one of jwt and certificate', { atKey: true })
      continue
    }
    if (issuer.certificate || issuer.jwt?.confirmation === 'required') checkAskedFor(pieces, path, findings)
    if (!issuer.jwt) continue
    const other = seen.get(issuer.jwt.issuer)
    if (other === undefined) seen.set(issuer.jwt.issuer, name)
    else {
      const what = `issuers.${other} has the same "issuer": which of them a token means would be left to chance`
      findings.problem([...path, 'jwt', 'issuer'], `${what}; keep one, list all its audiences there`)
    }
    checkKeySource([...path, 'jwt'], issuer.jwt, findings)
  }
}

function checkAskedFor(pieces: Pieces, path: readonly PropertyKey[], findings: Findings): void {
  const all = [...pieces.listeners.map(({ value }) => value), ...(pieces.adminListener ? [pieces.adminListener] : [])]
  if (all.some(({ tls }) => tls !== undefined && tls.clientCertificates !== 'none')) return
  const out = 'add tls.clientAuthorities to a listener'
  findings.warn(path, `no listener asks for client certificates, so nobody can use this issuer; ${out}`, {
    atKey: true,
  })
}

function checkKeySource(path: readonly PropertyKey[], jwt: JwtIssuerConfig, findings: Findings): void {
  const given = (['jwksUri', 'jwksFile', 'publicKey'] as const).filter((key) => jwt[key] !== undefined)
  for (const key of given.slice(1)) {
    const message = `${given[0]} is given already: at most one of jwksUri, jwksFile and publicKey`
    findings.problem([...path, key], message, { atKey: true })
  }
  if (given.length === 0) {
    const problem = urlProblem(jwt.issuer)
    const out = 'or give the keys with jwksUri, jwksFile or publicKey'
    if (problem)
      findings.problem([...path, 'issuer'], `the keys are found by OIDC discovery below this URL: ${problem}, ${out}`)
  }
  const problem = jwt.jwksUri === undefined ? null : urlProblem(jwt.jwksUri)
  if (problem) findings.problem([...path, 'jwksUri'], problem)
  const proxy = jwt.proxy === undefined ? null : proxyProblem(jwt.proxy)
  if (proxy) findings.problem([...path, 'proxy'], proxy)
}

/** What goes through the proxy is a TLS connection with the issuer, so the way to it may be plain. */
function proxyProblem(text: string): string | null {
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return 'a URL with a user name or password is not taken'
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `${quoted(text)} is neither http nor https`
  return url.pathname === '/' && url.search === '' && url.hash === ''
    ? null
    : `${quoted(text)} has more than a scheme, a host and a port; remove the rest`
}

/** Keys that come over plain HTTP are whoever's is on the way. */
function urlProblem(text: string): string | null {
  const url = URL.parse(text)
  if (url === null) return `${quoted(text)} is no URL; write https://…`
  if (url.username !== '' || url.password !== '') return 'a URL with a user name or password is not taken'
  if (url.hash !== '') return `${quoted(text)} has a fragment; remove it`
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(host))) return null
  return `${quoted(text)} is not https; http is taken for 127.0.0.1, ::1 and localhost only`
}
