import { LOCAL_AUDIENCE, LOCAL_ISSUER } from '../pki/token.ts'
import { schemaLine } from './schema.ts'
import { USUAL_ENGINE } from './start-engine.ts'

/** The configuration that `dockgate start` begins with: small, commented, and this machine only. */
export function initialConfig(): string {
  return `${schemaLine()}# Made by "dockgate start". Yours to change; it is not made again while it is here.
#   dockgate check --config dockgate.yaml      says who may do what

listeners:
  # TLS on this machine only. Clients prove who they are with a certificate, or a token, or both.
  - name: local
    address: 127.0.0.1:2376
    tls: { certificate: server/cert.pem, key: server/key.pem, clientAuthorities: ca.pem, clientCertificates: optional }

# The Docker Engine's socket: dockgate is the only one that should open it. "dockgate start" prefers DOCKER_HOST when
# that is a unix socket, and its demo engine when nothing answers here.
engine: ${USUAL_ENGINE}

issuers:
  # Tokens that "dockgate token" signs with the key beside this file. For GitHub's tokens, say:
  #   github: { jwt: { preset: github-actions, audience: dockgate } }
  local: { jwt: { issuer: ${LOCAL_ISSUER}, audience: ${LOCAL_AUDIENCE}, publicKey: token-key.pub.pem } }
  # Certificates that "dockgate cert client" issues, until "dockgate cert revoke" takes them back.
  staff: { certificate: { authorities: ca.pem, crl: crl.pem } }

roles:
  # What may be done, and what may be asked for; everything else is refused. "extends" takes a role that ships with
  # dockgate, and each key that stands here replaces its key: docs/configuration.md has them all.
  observer: { extends: observer }
  # Containers of images from Docker Hub, without host paths, capabilities or other ways to become root on this host.
  ci: { extends: ci-run }
  # Everything: root on this host.
  operator: { extends: admin }

bindings:
  # The first that matches decides; without a match, nothing is allowed.
  - { role: operator, issuer: staff, when: 'cert.commonName == "ops"' }
  - { role: observer, issuer: staff }
  - { role: ci, issuer: local, when: 'has(claims.role) && claims.role == "ci"' }
  - { role: observer, issuer: local, when: 'has(claims.role) && claims.role == "observer"' }

records: { file: records.jsonl }
`
}
