import { hash } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { createWorkspace, SOUND } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

const folder = join(workspace.directory, 'conf.d')
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})
const MAIN = ['include: conf.d', ...SOUND].join('\n')
const put = (name: string, ...lines: string[]) => workspace.write(`conf.d/${name}`, `${lines.join('\n')}\n`)

describe('a folder of roles and bindings', () => {
  it('adds them in the order of the names, behind those of the configuration', () => {
    put('20-b.yaml', 'bindings:', '  - {role: second, issuer: local, when: claims.b == "b"}')
    put(
      '10-a.yml',
      'roles:',
      '  second: {allow: [read]}',
      'bindings:',
      '  - {role: second, issuer: local, when: claims.a == "a"}',
    )
    put('.hidden.yaml', 'roles: {hidden: {allow: [read]}}')
    put('notes.txt', 'no YAML: [')
    const { policy } = workspace.load(MAIN.replace('issuer: local}', 'issuer: local, when: claims.m == "m"}'))
    expect([...policy.roles.keys()]).toEqual(['observer', 'second'])
    expect(policy.bindings.map(({ when }) => when?.text)).toEqual([
      'claims.m == "m"',
      'claims.a == "a"',
      'claims.b == "b"',
    ])
  })

  it('may be all roles and bindings that there are', () => {
    put('all.yaml', ...SOUND.slice(4))
    expect(workspace.load(['include: [conf.d]', ...SOUND.slice(0, 4)].join('\n')).policy.bindings).toHaveLength(1)
  })

  it('may be empty, and files may be named one by one', () => {
    expect(workspace.load(MAIN).policy.bindings).toHaveLength(1)
    put('one.yaml', 'roles: {one: {allow: [read]}}')
    expect([...workspace.load(MAIN.replace('conf.d', 'conf.d/one.yaml')).policy.roles.keys()]).toContain('one')
  })
})

describe('a problem in an included file', () => {
  it.each([
    [
      'in a role',
      ['roles:', '  ci: {allow: [raed]}'],
      'conf.d/a.yaml:2:16: roles.ci.allow[0]: "raed" is no access class',
    ],
    [
      'in a binding, counted through all files',
      ['bindings:', '  - {role: observer, issuer: locla}'],
      'conf.d/a.yaml:2:30: bindings[1].issuer: ',
    ],
    [
      'in a key of a binding',
      ['bindings:', '  - {role: observer, isuer: local}'],
      'conf.d/a.yaml:2:22: bindings[1].isuer: unknown key "isuer"; did you mean "issuer"?',
    ],
    ['in a condition', ['bindings:', '  - {role: observer, issuer: local, when: claims.}'], 'conf.d/a.yaml:2:'],
    [
      'of a key that does not belong there',
      ['listeners: []'],
      'conf.d/a.yaml:1:1: listeners: unknown key "listeners"; the keys here are roles, bindings',
    ],
    ['of roles that are a list', ['roles: []'], 'conf.d/a.yaml:1:8: roles: wants a mapping, not a list'],
    ['of syntax', ['roles: {'], 'conf.d/a.yaml:2:1: not YAML as dockgate reads it'],
    [
      'of a variable',
      ['bindings:', '  - {role: "${NOT_SET_HERE}", issuer: local}'],
      'conf.d/a.yaml:2:12: bindings[1].role: the environment variable NOT_SET_HERE is not set',
    ],
    [
      'of a name that is taken',
      ['roles:', '  observer: {allow: [read]}'],
      'conf.d/a.yaml:2:3: roles.observer: is in dockgate.yaml:7 already: give one of them another name',
    ],
  ])('%s is told with its file and line', (_what, lines, message) => {
    put('a.yaml', ...lines)
    expect(workspace.problems(MAIN).join('\n')).toContain(message)
  })

  it('of a name that two of them have names both', () => {
    put('a.yaml', 'roles: {ci: {allow: [read]}}')
    put('b.yaml', '', 'roles: {ci: {allow: [read]}}')
    expect(workspace.problems(MAIN)).toEqual([
      'conf.d/b.yaml:2:9: roles.ci: is in conf.d/a.yaml:1 already: give one of them another name',
    ])
  })

  it('does not hide those in others, and they come in the order of the files', () => {
    put('a.yaml', 'roles: {')
    put('b.yaml', 'roles: {ci: {allow: [raed]}}')
    const said = workspace.problems(MAIN.replace('{allow: [read]}', '{allow: [wirte]}'))
    expect(said.map((line) => line.split(':')[0])).toEqual(
      ['dockgate.yaml', 'conf.d/b.yaml', 'conf.d/a.yaml', 'conf.d/a.yaml'].slice(0, said.length),
    )
  })

  it('is told for one that is not there', () => {
    expect(workspace.problems(MAIN.replace('conf.d', '[conf.d, gone.yaml]'))).toEqual([
      'dockgate.yaml:1:19: include[1]: gone.yaml does not exist',
    ])
  })
})

it('a value from elsewhere in one file is in no message about another', () => {
  const where = workspace.write('which', 'role-from-elsewhere')
  put('a.yaml', 'bindings:', `  - {role: "file:${where}", issuer: local}`)
  put('b.yaml', 'bindings:', '  - {role: role-from-elsewher, issuer: local}')
  put('c.yaml', 'roles:', '  role-from-elsewhere: {allow: [read]}')
  const said = workspace.problems(MAIN)
  expect(said).toEqual([expect.stringContaining('conf.d/b.yaml:2:12: bindings[2].role: no role')])
  expect(said[0]).toContain('did you mean "file:')
})

it('the hash is of all files, and of the file alone without any', () => {
  const sum = (text: string) => hash('sha256', text, 'hex')
  expect(workspace.load(SOUND.join('\n')).sha256).toBe(sum(SOUND.join('\n')))
  put('a.yaml', 'roles: {}')
  expect(workspace.load(MAIN).sha256).toBe(sum(`${sum(MAIN)}  dockgate.yaml\n${sum('roles: {}\n')}  conf.d/a.yaml\n`))
})

it('whoever follows the configuration is told of the folder and of each file in it', () => {
  const file = put('a.yaml', 'roles: {}')
  const reads: string[] = []
  loadConfig(workspace.write('dockgate.yaml', MAIN), { reads: (path) => reads.push(path) })
  expect(reads).toEqual([join(workspace.directory, 'dockgate.yaml'), folder, file])
})
