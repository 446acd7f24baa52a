import { createFindings } from '../config/findings.ts'
import { roleSchema } from '../config/schema.ts'
import { ACCESS_CLASSES, type AccessClass } from '../engine/access.ts'
import { OPERATION_BY_ID, type OperationId } from '../engine/operations.ts'
import { compileRole } from '../policy/role.ts'
import { reachesOthers, waysToRoot } from '../policy/unbounded.ts'
import { type ProxyKind, proxyOperations } from './proxy-rules.ts'

/** A role as lines of dockgate.yaml, and what to say about it. */
export interface WrittenRole {
  readonly lines: readonly string[]
  /** Whoever has it is root on the host. */
  readonly unbounded: boolean
  readonly notes: readonly string[]
}

/**
 * The role that allows what a socket proxy lets through, with comments on what is risky in it.
 *
 * @param on the variables that are on
 * @throws Error when they let nothing through
 */
export function proxyRole(name: string, kind: ProxyKind, on: ReadonlySet<string>): WrittenRole {
  const operations = proxyOperations(kind, on)
  if (operations.length === 0) throw new Error('these variables let nothing through: there is no role to write')
  const risks = risksOf(name, operations)
  const unbounded = [...risks.values()].some(({ root }) => root)
  const variables = [...on].sort().join(' ')
  const classes = (Object.keys(ACCESS_CLASSES) as AccessClass[]).flatMap((access) => {
    const of = operations.filter((id) => OPERATION_BY_ID.get(id)?.access === access)
    return of.length === 0 ? [] : [`      # ${access}: ${ACCESS_CLASSES[access]}`, ...of.map((id) => item(id, risks))]
  })
  return {
    lines: [
      `  # What ${kind} lets through with ${variables}: these operations, and whatever is asked for in them,`,
      '  # as the proxy looks at no body. To bound that, take another role in "extends", or give the parts of docs/roles.md.',
      ...(unbounded ? ['  # ROOT ON THE HOST: whoever has this role can become root, as behind the proxy.'] : []),
      `  ${name}:`,
      '    extends: admin',
      '    allow:',
      ...classes,
    ],
    unbounded,
    notes: differences(on),
  }
}

interface Risk {
  readonly root: boolean
  readonly why: string
}

function item(id: OperationId, risks: ReadonlyMap<string, Risk>): string {
  const risk = risks.get(id)
  return `      - ${id}${risk === undefined ? '' : ` # ${risk.root ? 'root on the host: ' : ''}${risk.why}`}`
}

/** What `dockgate check` says about the role, by operation. */
function risksOf(name: string, allow: readonly OperationId[]): ReadonlyMap<string, Risk> {
  const role = compileRole(name, roleSchema.parse({ extends: 'admin', allow }), createFindings())
  const risks = new Map<string, Risk>()
  for (const id of reachesOthers(role)) {
    risks.set(id, { root: false, why: 'acts inside every container, those with more rights included' })
  }
  for (const { by, why } of waysToRoot(role)) {
    const [id = by] = by.split(' ')
    if (!risks.get(id)?.root) risks.set(id, { root: true, why })
  }
  return risks
}

/** Where the gate differs from the proxies, whatever the variables. */
function differences(on: ReadonlySet<string>): string[] {
  const always = ['PING', 'VERSION'].filter((name) => !on.has(name))
  return [
    'narrower: every caller proves who it is, with a certificate or a token; the proxy takes whoever reaches it',
    'narrower: paths that no engine has, other spellings of paths, and OPTIONS requests are refused; the proxy passes what begins like a section',
    ...(always.length === 0
      ? []
      : [
          `wider: ${always.map((name) => `${name}=0`).join(' and ')} has no effect, as every caller with a role may ask it`,
        ]),
  ]
}
