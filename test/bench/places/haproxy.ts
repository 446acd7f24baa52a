import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Algorithm, issuerOf, type Material } from '../material.ts'
import { findProgram, freePort, onPort, type Place, startProgram } from './place.ts'

/** The parts of the API that people switch on by environment variables; the first must be a method or one of these. */
const SWITCHES = [
  'auth',
  'build',
  'commit',
  'configs',
  'containers',
  'distribution',
  'events',
  'exec',
  'grpc',
  'images',
]
const MORE_SWITCHES = ['info', 'networks', 'nodes', '_ping', 'plugins', 'secrets', 'services', 'session', 'swarm']
const ALL = [...SWITCHES, ...MORE_SWITCHES, 'system', 'tasks', 'version', 'volumes']
const ON: NodeJS.ProcessEnv = {
  POST: '1',
  CONTAINERS: '1',
  IMAGES: '1',
  EVENTS: '1',
  EXEC: '1',
  PING: '1',
  VERSION: '1',
}

/** HAProxy as the environment-switch proxies in wide use configure it; with TLS on a second port. */
export const HAPROXY = haproxy('haproxy', null)
export const HAPROXY_RS256 = haproxy('haproxy+rs256', 'RS256')
export const HAPROXY_ES256 = haproxy('haproxy+es256', 'ES256')

function haproxy(name: string, algorithm: Algorithm | null): Place {
  const tls = `${name}+tls`
  const check =
    algorithm === null ? 'no authentication' : `the same, and jwt_verify of an ${algorithm} token on every request`
  return {
    name,
    ways: [name, tls],
    about: `HAProxy with switches by environment variables, a line for each request; ${check}`,
    missing: () => (findProgram('haproxy') === null ? 'haproxy is not installed' : null),
    async start({ folder, socket, material }) {
      const [port, secure] = [await freePort(), await freePort()]
      const file = path.join(folder, 'haproxy.cfg')
      writeFileSync(file, configuration({ socket, material, port, secure, algorithm }))
      const argv = [findProgram('haproxy') ?? 'haproxy', '-db', '-f', file]
      const running = await startProgram(argv, folder, port, ON)
      const headers = algorithm === null ? '' : `Authorization: Bearer ${material.tokens[algorithm]}\r\n`
      const ways = [
        { name, target: onPort(port), headers },
        { name: tls, target: { ...onPort(secure), TLS: { CA: material.authority } }, headers },
      ]
      return { ...running, ways }
    },
  }
}

interface Wanted {
  readonly socket: string
  readonly material: Material
  readonly port: number
  readonly secure: number
  readonly algorithm: Algorithm | null
}

/**
 * As people configure it, but for `maxconn`: a stream whose client has left goes on until a timeout, so that each round
 * leaves a thousand.
 */
const configuration = ({ socket, material, port, secure, algorithm }: Wanted) => `
global
    log stdout format raw daemon info
    maxconn 9000
defaults
    mode http
    log global
    option httplog
    option dontlognull
    option http-server-close
    option redispatch
    retries 3
    timeout http-request 10s
    timeout queue 1m
    timeout connect 10s
    timeout client 10m
    timeout server 10m
    timeout http-keep-alive 10s
    timeout check 10s
    maxconn 9000
backend engine
    server socket unix@${socket}
backend engine-events
    server socket unix@${socket}
    timeout server 0
frontend clients
    bind 127.0.0.1:${port}
    bind 127.0.0.1:${secure} ssl crt ${material.folder}/server.pem ssl-min-ver TLSv1.3
${algorithm === null ? '' : tokenCheck(algorithm, `${material.folder}/${algorithm}.pem`)}
    http-request deny unless METH_GET || { env(POST) -m bool }
${ALL.map(allow).join('\n')}
    http-request deny
    default_backend engine
    use_backend engine-events if { path,url_dec -m reg -i ^(/v[\\d\\.]+)?(/\\w+)?/events }
`

const allow = (part: string) =>
  `    http-request allow if { path,url_dec -m reg -i ^(/v[\\d\\.]+)?(/\\w+)?/${part} } { env(${part.replace('_', '').toUpperCase()}) -m bool }`

/** As HAProxy's own guide has it: signature, algorithm, issuer, audience, end, and a claim for the role. */
const tokenCheck = (algorithm: Algorithm, key: string) => `
    http-request set-var(txn.bearer) http_auth_bearer
    http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
    http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
    http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
    http-request set-var(txn.role) var(txn.bearer),jwt_payload_query('$.role')
    http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 unless { var(txn.alg) -m str ${algorithm} }
    http-request deny deny_status 401 unless { var(txn.iss) -m str ${issuerOf(algorithm)} }
    http-request deny deny_status 401 unless { var(txn.aud) -m str bench }
    http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
    http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"${key}") 1 }
    http-request deny unless { var(txn.role) -m str ci }`
