import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/errors.ts'
import { createWorkspace } from '../config/workspace.ts'
import { policyOf } from './fixtures.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

describe('compilePolicy', () => {
  it('keeps the order of the bindings', () => {
    const policy = policyOf({ a: ['read'], b: ['exec'] }, [
      { role: 'b', issuer: 'staff' },
      { role: 'a', issuer: 'github' },
    ])
    expect(policy.bindings.map(({ role, issuer }) => `${role.name} ${issuer}`)).toEqual(['b staff', 'a github'])
    expect([...policy.roles.keys()]).toEqual(['a', 'b'])
  })

  it('throws every problem, with the path of each', () => {
    const compile = () => policyOf({ a: ['raed'] }, [{ role: 'b', issuer: 'githup', when: 'claims.x' }])
    expect(compile).toThrow(ConfigError)
    expect(compile).toThrow(
      [
        'roles.a.allow[0]: "raed" is no access class, group or operation; did you mean "read"?',
        'bindings[0].role: no role "b"; did you mean "a"?',
        'bindings[0].issuer: no issuer "githup"; did you mean "github"?',
        'bindings[0].when: the condition yields dyn, not bool: compare it, as in claims.name == "value"',
      ].join('\n'),
    )
  })

  it.each(['toString', 'constructor', 'hasOwnProperty'])('finds no role or issuer %s that was not written', (name) => {
    expect(() => policyOf({ a: ['read'] }, [{ role: name, issuer: name }])).toThrow(
      `bindings[0].role: no role "${name}"`,
    )
    expect(() => policyOf({ [name]: ['read'] }, [{ role: name, issuer: 'github' }])).not.toThrow()
  })
})

describe('a problem of the policy in a file', () => {
  it.each<[string, Record<number, string>, string]>([
    [
      'T12 an item that matches nothing',
      { 6: '  observer: {allow: [read, Contaner*]}' },
      '6:28: roles.observer.allow[1]: "Contaner*" matches no operation; did you mean "Container*"?',
    ],
    [
      'an unknown role',
      { 8: '  - {role: obsever, issuer: local}' },
      '8:12: bindings[0].role: no role "obsever"; did you mean "observer"?',
    ],
    [
      'an unknown role that is near to none',
      { 8: '  - {role: x, issuer: local}' },
      '8:12: bindings[0].role: no role "x"; add it under "roles"',
    ],
    [
      'an unknown issuer',
      { 8: '  - {role: observer, issuer: locale}' },
      '8:30: bindings[0].issuer: no issuer "locale"; did you mean "local"?',
    ],
    [
      'a condition with a slip, at its place in the line',
      { 8: '  - {role: observer, issuer: local, when: claims.a == 1 && claim.b == 2}' },
      '8:60: bindings[0].when: not a CEL condition: Unknown variable: claim',
    ],
    [
      'a condition in quotes',
      { 8: `  - {role: observer, issuer: local, when: 'claims.a == 1 && claim.b == 2'}` },
      '8:61: bindings[0].when: not a CEL condition: Unknown variable: claim',
    ],
    [
      'a condition over several lines',
      { 8: '  - role: observer\n    issuer: local\n    when: >-\n      claims.a == 1 &&\n      claim.b == 2' },
      '10:11: bindings[0].when: not a CEL condition: Unknown variable: claim',
    ],
    [
      'a condition that is no text',
      { 8: '  - {role: observer, issuer: local, when: true}' },
      '8:43: bindings[0].when: wants text, not the boolean true; put it in quotes',
    ],
  ])('is told with its line: %s', (_what, lines, message) => {
    expect(workspace.problemsWith(lines)).toEqual([`dockgate.yaml:${message}`])
  })

  it('does not tell of a role that is there, but broken, as missing', () => {
    expect(workspace.problemsWith({ 6: '  observer: {allow: 5}' })).toEqual([
      'dockgate.yaml:6:21: roles.observer.allow: wants a list, not the number 5',
    ])
  })
})

describe('the warnings of a policy', () => {
  it.each<[string, Record<number, string>, string[]]>([
    [
      'a role that nobody has',
      { 6: '  observer: {allow: [read]}\n  spare: {allow: [read]}' },
      ['7:3: roles.spare: no binding gives anybody this role'],
    ],
    [
      'an issuer that no binding names',
      { 5: '  other: {jwt: {issuer: other, audience: a, publicKey: local.pub}}\nroles:' },
      ['5:3: issuers.other: no binding names this issuer, so it gives nobody a role'],
    ],
    [
      'a binding behind one that takes everybody',
      { 8: '  - {role: observer, issuer: local}\n  - {role: observer, issuer: local, when: subject == "x"}' },
      [
        '9:5: bindings[1]: never used: bindings[0] has the same issuer, no "when", and decides first; move this one before it',
      ],
    ],
    [
      'a binding behind one with the same condition, in other words',
      {
        8: '  - {role: observer, issuer: local, when: subject == "x" && claims.a == "b"}\n  - {role: observer, issuer: local, when: (claims.a=="b") && subject=="x"}',
      },
      [
        '9:5: bindings[1]: never used: bindings[0] has the same issuer, a "when" that holds whenever this one does, and decides first; move this one before it',
      ],
    ],
    [
      'a binding behind one whose condition is wider',
      {
        8: '  - {role: observer, issuer: local, when: claims.a == "b"}\n  - {role: observer, issuer: local, when: claims.a == "b" && subject == "x"}',
      },
      [
        '9:5: bindings[1]: never used: bindings[0] has the same issuer, a "when" that holds whenever this one does, and decides first; move this one before it',
      ],
    ],
    [
      'a role that allows everything',
      { 6: '  observer: {extends: admin, allow: ["*"]}' },
      [
        '6:38: roles.observer.allow[0]: allows every operation, with prune, swarm, plugins and BuildKit: root on the host',
      ],
    ],
    [
      'a role whose operations come to nothing without a part',
      { 6: '  observer: {allow: [read, ContainerCreate, ServiceCreate, ImagePush], registries: {pull: ["**"]}}' },
      [
        '6:3: roles.observer: allows ContainerCreate and ServiceCreate, and refuses every one for what it asks for: add workload, or "extends"',
        '6:3: roles.observer: allows ImagePush, and refuses every one for what it asks for: add registries: {push: […]}, or "extends"',
      ],
    ],
    [
      'no binding at all',
      { 7: 'bindings: []', 8: '' },
      [
        '4:3: issuers.local: no binding names this issuer, so it gives nobody a role',
        '6:3: roles.observer: no binding gives anybody this role',
        '7:1: bindings: there is no binding, so nobody has a role',
      ],
    ],
  ])('tell of %s', (_what, lines, warnings) => {
    expect(workspace.warningsWith(lines)).toEqual(warnings)
  })

  it('do not tell of a binding behind one of another issuer, or behind a condition', () => {
    expect(
      workspace.warningsWith({
        8: '  - {role: observer, issuer: local, when: subject == "x"}\n  - {role: observer, issuer: local}',
      }),
    ).toEqual([])
    expect(
      workspace.warningsWith({
        8: '  - {role: observer, issuer: local, when: claims.a == "x" && subject == "x"}\n  - {role: observer, issuer: local, when: claims.a == "x" || subject == "x"}',
      }),
    ).toEqual([])
  })
})
