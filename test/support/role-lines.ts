/**
 * The `roles` of a configuration, and a binding of the issuer `local` to each by the claim `role`: lines of YAML. A role
 * with `objects` has the claim `owner` as owner, and then there is a ledger.
 */
export function roleLines(roles: Readonly<Record<string, string>>): {
  readonly roles: string
  readonly bindings: string
  readonly ledger: string
} {
  const names = Object.keys(roles)
  return {
    roles: names.map((name) => `  ${name}: ${roles[name]}\n`).join(''),
    bindings: names.map((name) => bindingOf(name, own(roles[name]) ? ', owner: "${claims.owner}"' : '')).join(''),
    ledger: names.some((name) => own(roles[name])) ? 'ledger: { file: ledger.sqlite }\n' : '',
  }
}

const own = (role = '') => role.includes('objects:')

const bindingOf = (name: string, more: string) =>
  `  - { role: ${name}, issuer: local, when: 'claims.role == "${name}"'${more} }\n`
