import { ConfigError, formatPath } from '../config/errors.ts'
import { createFindings, type Findings } from '../config/findings.ts'
import type { Pieces } from '../config/pieces.ts'
import type { BindingConfig, Config } from '../config/schema.ts'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import { compileCondition } from './condition.ts'
import { createConditionErrors } from './condition-errors.ts'
import { compileOwner } from './owner.ts'
import { compileRole } from './role.ts'
import type { Binding, Policy, Role } from './types.ts'

type PolicyPieces = Pick<Pieces, 'issuers' | 'roles' | 'bindings'>

/**
 * Compiles roles and bindings into the policy that `authorise` asks.
 *
 * @throws ConfigError with every problem; without places, as the configuration's file is not known here
 */
export function compilePolicy(config: Pick<Config, 'issuers' | 'roles' | 'bindings'>): Policy {
  const findings = createFindings()
  const policy = compile(
    {
      issuers: new Map(Object.entries(config.issuers)),
      roles: new Map(Object.entries(config.roles)),
      bindings: config.bindings.map((value, index) => ({ index, value })),
    },
    findings,
  )
  if (findings.problems.length === 0) return policy
  throw new ConfigError(
    findings.problems.map(({ path, message }) => ({ file: '', line: 0, column: 0, path: formatPath(path), message })),
  )
}

/** As `compilePolicy`, over the sound parts of a configuration, with its problems going to `findings`. */
export function compile(pieces: PolicyPieces, findings: Findings): Policy {
  const roles = new Map<string, Role>()
  for (const [name, role] of pieces.roles) {
    if (role !== null) roles.set(name, compileRole(name, role, findings))
  }
  const bindings = pieces.bindings.flatMap(({ index, value }) => compileBinding(index, value, pieces, roles, findings))
  return { roles, bindings, errors: createConditionErrors() }
}

function compileBinding(
  index: number,
  binding: BindingConfig,
  pieces: PolicyPieces,
  roles: ReadonlyMap<string, Role>,
  findings: Findings,
): Binding[] {
  const path = ['bindings', index]
  checkName([...path, 'role'], 'role', binding.role, pieces.roles, findings)
  checkName([...path, 'issuer'], 'issuer', binding.issuer, pieces.issuers, findings)
  const when = binding.when === undefined ? null : compileCondition(binding.when)
  if (when !== null && 'problem' in when) {
    findings.problem([...path, 'when'], when.problem, when.offset === undefined ? {} : { offset: when.offset })
    return []
  }
  const role = roles.get(binding.role)
  if (role === undefined) return []
  const { issuers } = pieces
  const owner = compileOwner(role, {
    binding,
    issuer: issuers.get(binding.issuer) ?? undefined,
    issuers,
    path,
    findings,
  })
  return [{ role, issuer: binding.issuer, when, owner, index }]
}

function checkName(
  path: readonly PropertyKey[],
  kind: 'role' | 'issuer',
  name: string,
  known: ReadonlyMap<string, unknown>,
  findings: Findings,
): void {
  if (known.has(name)) return
  const hint = didYouMean(name, known.keys())
  findings.problem(path, `no ${kind} ${quoted(name, 80)}${hint || `; add it under "${kind}s"`}`)
}
