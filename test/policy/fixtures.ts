import type { Config } from '../../src/config/schema.ts'
import { OPERATION_BY_ID, type OperationId } from '../../src/engine/operations.ts'
import type { Operation } from '../../src/engine/types.ts'
import type { CertificateFacts, Claims, Principal } from '../../src/identity/principal.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { Policy, RequestFacts } from '../../src/policy/types.ts'

/** Claims as they come out of a token: null-prototype objects all the way down. */
export function claimsOf(json: string): Claims {
  return JSON.parse(json, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const bare: Record<string, unknown> = Object.create(null)
    for (const [name, item] of Object.entries(value)) {
      Object.defineProperty(bare, name, { value: item, enumerable: true, writable: true, configurable: true })
    }
    return bare
  }) as Claims
}

export function principalWith(part: Partial<Omit<Principal, 'claims'>> & { claims?: object | string } = {}): Principal {
  const { claims = {}, ...rest } = part
  return {
    issuer: 'github',
    subject: 'repo:acme/app',
    certificate: null,
    expiresAt: 4_000_000_000,
    ...rest,
    claims: claimsOf(typeof claims === 'string' ? claims : JSON.stringify(claims)),
  }
}

export const CERTIFICATE: CertificateFacts = {
  subject: 'CN=ops,O=acme',
  commonName: 'ops',
  dns: ['ops.acme.io'],
  uri: ['spiffe://acme.io/ops'],
  email: ['ops@acme.io'],
  issuer: 'CN=staff CA,O=acme',
  serial: '0A1B',
  fingerprint: 'ab'.repeat(32),
}

export const REQUEST: RequestFacts = {
  address: '192.0.2.7',
  listener: 'public',
  operation: 'ContainerList',
  time: Date.parse('2027-01-29T16:30:00Z'),
}

export function operation(id: OperationId, elevated = false): Operation {
  const spec = OPERATION_BY_ID.get(id)
  if (spec === undefined) throw new Error(`no operation ${id}`)
  const access = elevated ? (spec.elevated?.access ?? spec.access) : spec.access
  return { spec, access, elevated, apiVersion: '1.41', params: Object.create(null), query: [], target: spec.path }
}

/** A policy over the issuers github and staff, with roles that may ask for everything in what they allow. */
export function policyOf(roles: Record<string, string[]>, bindings: Config['bindings']): Policy {
  return compilePolicy({
    issuers: { github: {}, staff: {} },
    roles: Object.fromEntries(Object.entries(roles).map(([name, allow]) => [name, { extends: 'admin', allow }])),
    bindings,
  })
}
