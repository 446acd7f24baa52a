/** The `roles` of a configuration, and a binding of the issuer `local` to each by the claim `role`: lines of YAML. */
export function roleLines(roles: Readonly<Record<string, string>>): {
  readonly roles: string
  readonly bindings: string
} {
  const names = Object.keys(roles)
  return {
    roles: names.map((name) => `  ${name}: ${roles[name]}\n`).join(''),
    bindings: names.map((name) => `  - { role: ${name}, issuer: local, when: 'claims.role == "${name}"' }\n`).join(''),
  }
}
