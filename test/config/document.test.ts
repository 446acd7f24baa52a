import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { parseConfigDocument } from '../../src/config/document.ts'
import { createWorkspace, SOUND } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

describe('what is YAML to dockgate', () => {
  it.each([
    [
      'a list that is not closed',
      { 6: '  observer: {allow: [read}' },
      'dockgate.yaml:6:26: not YAML as dockgate reads it: ',
    ],
    [
      'a tab for indentation',
      { 2: '\t- address: 127.0.0.1:2375' },
      'dockgate.yaml:2:1: not YAML as dockgate reads it: ',
    ],
    [
      'a key twice',
      { 6: '  observer: {allow: [read], allow: ["*"]}' },
      'dockgate.yaml:6:29: not YAML as dockgate reads it: Map keys must be unique',
    ],
    [
      'a key that is a list',
      { 6: '  ? [a]\n  : {allow: [read]}' },
      'dockgate.yaml:6:5: not YAML as dockgate reads it: With stringKeys, all keys must be strings',
    ],
    [
      'a second document',
      { 8: '  - {role: observer, issuer: local}\n---\nroles: {}' },
      'dockgate.yaml:9:1: not YAML as dockgate reads it: Source contains multiple documents',
    ],
    [
      'an alias',
      { 6: '  observer: &x {allow: [read]}\n  admin: *x' },
      'dockgate.yaml:7:10: the alias *x is not taken here: write the value out',
    ],
    [
      'a tag of YAML 1.1',
      { 6: '  observer: {allow: [!!binary cmVhZA==]}' },
      'dockgate.yaml:6:22: not YAML as dockgate reads it: Unresolved tag',
    ],
    [
      'a tag of the core schema',
      { 6: '  observer: {allow: [!!str read]}' },
      'dockgate.yaml:6:28: the tag tag:yaml.org,2002:str is not taken here: leave it away',
    ],
    [
      'a merge key',
      { 6: '  observer: {allow: [read], <<: {allow: ["*"]}}' },
      'dockgate.yaml:6:29: roles.observer["<<"]: unknown key "<<"; the keys here are extends, allow, workload, exec, build, registries, archive',
    ],
    [
      'the key __proto__',
      { 6: '  observer: {allow: [read]}\n  __proto__: {allow: [read]}' },
      'dockgate.yaml:7:3: unknown key "__proto__"',
    ],
  ])('refuses %s, with its line', (_what, lines, message) => {
    expect(workspace.problemsWith(lines)[0]).toContain(message)
  })

  it('T130 refuses a directive that would bring the booleans and octal numbers of YAML 1.1', () => {
    expect(workspace.problems(['%YAML 1.1', '---', ...SOUND].join('\n'))).toEqual([
      'dockgate.yaml:1:1: this file is read as YAML 1.2; remove the %YAML directive',
    ])
  })

  it.each(['', '# only a comment\n', '~', '---\n'])('refuses the empty file %j', (text) => {
    expect(workspace.problems(text)).toEqual([
      'dockgate.yaml:1:1: the file is empty; it wants listeners, issuers, roles and bindings',
    ])
  })

  it.each(['text', '[]', '5'])('refuses %j, which is no mapping', (text) => {
    expect(workspace.problems(text)[0]).toMatch(/^dockgate\.yaml:1:1: wants a mapping, not /)
  })

  it('tells every syntax error, not the first only', () => {
    expect(
      workspace.problemsWith({ 4: '  local: {jwt: "\\q"}', 6: '  observer: {allow: [read}' }).length,
    ).toBeGreaterThan(1)
  })

  it.each([40, 200, 1000, 20_000])('is not brought down by nesting %d deep', (depth) => {
    for (const text of [
      `${'['.repeat(depth * 2)}${']'.repeat(depth * 2)}`,
      `${'{a: '.repeat(depth)}${'}'.repeat(depth)}`,
    ]) {
      const [first, ...more] = workspace.problems(text)
      expect(first).toMatch(/: nested too deeply$|: not YAML as dockgate reads it: Maximum call stack size exceeded$/)
      expect(more.length).toBeLessThan(20)
    }
  })

  it('is not brought down by aliases that multiply', () => {
    const layers = Array.from({ length: 30 }, (_, n) => `a${n}: &a${n} [${n === 0 ? 'x' : `*a${n - 1}, *a${n - 1}`}]`)
    expect(workspace.problems(layers.join('\n'))[0]).toContain('dockgate.yaml:2:10: the alias *a0 is not taken here')
  })

  it('takes any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-a-z:{}[\],&*!|>'"#%@ \n\t]{0,60}$/)), (text) => {
        const result = parseConfigDocument('f', text, { directory: '/nowhere', environment: {}, reads: () => {} })
        if ('problems' in result) expect(result.problems.length).toBeGreaterThan(0)
      }),
    )
  })
})
