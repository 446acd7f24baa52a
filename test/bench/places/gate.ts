import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { AUDIENCE, issuerOf, OWNER } from '../material.ts'
import { freePort, named, onPort, type Place, startProgram } from './place.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
/** What is shipped; `npm run bench` builds it first. */
export const PROGRAM = path.join(ROOT, 'dist/cli/main.js')
/** Node's options, as the unit of systemd has them. */
const [, OPTION = ''] =
  /^Environment=NODE_OPTIONS=(\S+)$/m.exec(readFileSync(path.join(ROOT, 'deploy/systemd/dockgate.service'), 'utf8')) ??
  []

/** The role of every request: what is not in it (swarm, say) is refused. */
const CI = `extends: ci-run
    allow: [read, run, exec, ContainerExport, ContainerAttach, SystemEvents, ImageLoad]
    registries: { load: true, export: true }`

interface Kind {
  /** Of the issuer of tokens. */
  readonly bindings?: number
  readonly own?: boolean
  /** Arguments of Node, the program among them. */
  readonly argv?: readonly string[]
  /** Whether its TLS listener is measured too. */
  readonly secured?: boolean
}

function gate(
  name: string,
  about: string,
  { bindings = 1, own = false, secured = false, argv = [OPTION, PROGRAM] }: Kind = {},
): Place {
  const tls = secured ? [`${name}+tls`, `${name}+mtls`] : []
  return {
    name,
    ways: [name, ...tls],
    about,
    missing: () => null,
    async start({ folder, socket, material }) {
      const [port, secure] = [await freePort(), await freePort()]
      mkdirSync(folder, { recursive: true })
      const file = path.join(folder, 'dockgate.yaml')
      writeFileSync(file, configuration({ socket, tls: material.folder, port, secure, bindings, own }))
      const running = await startProgram([process.execPath, ...argv, 'serve', '--config', file], folder, port)
      const headers = `Authorization: Bearer ${material.tokens.ES256}\r\n`
      const { certificate: Certificate, key: Key } = material.client
      const server = { ...onPort(secure), TLS: { CA: material.authority } }
      const ways = [
        { name, target: onPort(port), headers },
        { name: `${name}+tls`, target: server, headers },
        { name: `${name}+mtls`, target: { ...server, TLS: { ...server.TLS, Certificate, Key } }, headers: '' },
      ]
      return { ...running, ways: ways.slice(0, 1 + tls.length) }
    },
  }
}

const GATE = gate(
  'gate',
  'the gate: ES256 token or certificate, one binding an issuer, a role like ci-run, records to a file',
  { secured: true },
)
export const GATES = [
  GATE,
  gate('gate 10 bindings', 'the same, where the tenth binding is the one that fits', { bindings: 10 }),
  gate('gate 200 bindings', 'the same, where the two hundredth binding is the one that fits', { bindings: 200 }),
  gate('gate own objects', 'the same, where the role sees and touches its own objects only', { own: true }),
]

/**
 * Another gate, from `name=arguments of node`: one that was built elsewhere, or runs with other options of Node. Throws
 * when there is no such name.
 */
export function otherGate(written: string): Place {
  const { name, argv } = named(written, '--gate')
  return gate(name, `the gate, as \`node ${argv.join(' ')}\``, { argv, secured: true })
}

interface Wanted {
  readonly socket: string
  readonly tls: string
  readonly port: number
  readonly secure: number
  readonly bindings: number
  readonly own: boolean
}

/** Listeners open in their order: once somebody can connect to the plain one, the other is there as well. */
const configuration = ({ socket, tls, port, secure, bindings, own }: Wanted) => `
listeners:
  - name: secure
    address: 127.0.0.1:${secure}
    limits: { connections: 8192 }
    tls:
      { certificate: ${tls}/server.crt, key: ${tls}/server.key, clientAuthorities: ${tls}/ca.crt, clientCertificates: optional }
  - { name: plain, address: '127.0.0.1:${port}', limits: { connections: 8192 } }
engine: unix://${socket}
issuers:
  es: { jwt: { issuer: '${issuerOf('ES256')}', audience: ${AUDIENCE}, publicKey: ${tls}/ES256.pem } }
  staff: { certificate: { authorities: ${tls}/ca.crt } }
roles:
  other: { allow: [read] }
  ci:
    ${CI}
${own ? '    objects: own\n' : ''}bindings:
${Array.from({ length: bindings - 1 }, (_, index) => other(index)).join('')}  - { role: ci, issuer: es, when: 'claims.repository == "${OWNER}" && claims.ref == "refs/heads/main"'${own ? ', owner: "${claims.repository}"' : ''} }
  - { role: ${own ? 'other' : 'ci'}, issuer: staff }
records: { file: records.jsonl }
${own ? 'ledger: { file: ledger.sqlite }\n' : ''}`

const other = (index: number) =>
  `  - { role: other, issuer: es, when: 'claims.repository == "acme/other-${index}" && claims.ref == "refs/heads/main"' }\n`
