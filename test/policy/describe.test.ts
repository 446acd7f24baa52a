import { afterAll, describe, expect, it } from 'vitest'
import { describe as describeConfig, describeRole } from '../../src/policy/describe.ts'
import { certificateFor, createWorkspace } from '../config/workspace.ts'
import { policyOf } from './fixtures.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

const described = (lines: Record<number, string>) => describeConfig(workspace.loadWith(lines))
const roleOf = (...allow: string[]) => {
  const role = policyOf({ ci: allow }, []).roles.get('ci')
  if (role === undefined) throw new Error('no role')
  return describeRole(role)
}

describe('the description of a configuration', () => {
  it('has listeners, engine, issuers and bindings in the order of the file', () => {
    const { file, roles, ...rest } = described({ 8: '  - {role: observer, issuer: local, when: subject == "x"}' })
    expect(file).toMatch(/dockgate\.yaml$/)
    expect(roles).toHaveLength(1)
    expect(rest).toEqual({
      engine: 'unix:///var/run/docker.sock',
      listeners: [{ name: '127.0.0.1:2375', address: '127.0.0.1:2375', tls: false, clientCertificates: 'none' }],
      issuers: [{ name: 'local', kind: 'jwt', source: 'local', certificates: null }],
      ledger: null,
      admin: null,
      bindings: [{ role: 'observer', issuer: 'local', when: 'subject == "x"', owner: null }],
      access: [
        {
          issuer: 'local',
          when: 'subject == "x"',
          role: 'observer',
          may: [{ access: 'read', allowed: expect.any(Number), of: expect.any(Number) }],
          objects: 'all',
          owner: null,
          unbounded: false,
        },
      ],
      warnings: [],
    })
  })

  it('has the ledger, and the owner template of each binding', () => {
    const { ledger, bindings } = described({
      1: 'ledger: {file: ledger.sqlite}\nlisteners:',
      4: '  local: {jwt: {preset: gitlab-ci, host: git.acme.io, audience: b}}',
      6: '  observer: {allow: [read], objects: own}',
      8: '  - {role: observer, issuer: local, when: subject == "a", owner: "${subject}"}\n  - {role: observer, issuer: local}',
    })
    expect(ledger).toBe(`${workspace.directory}/ledger.sqlite`)
    expect(bindings.map(({ owner }) => owner)).toEqual([
      '${subject}',
      '${issuer}:${claims.project_path}#${claims.project_id}',
    ])
  })

  it('has which certificates an issuer takes', () => {
    const { certificate } = certificateFor()
    workspace.write('one.pem', certificate)
    workspace.write('two.pem', certificate)
    const pin = `${'A'.repeat(43)}=`
    const rules = `subject: {O: acme, OU: [ops, "b-*"]}, san: {dns: "*.acme.io"}, spiffe: acme.io, pins: [${pin}], depth: 1`
    const { issuers } = described({
      3: `issuers:\n  open: {certificate: {authorities: one.pem}}\n  staff: {certificate: {authorities: [one.pem, two.pem], ${rules}}}`,
    })
    const at = (name: string) => `${workspace.directory}/${name}`
    const any = { crl: [], pins: [], patterns: {}, spiffe: null }
    expect(issuers).toEqual([
      {
        name: 'open',
        kind: 'certificate',
        source: at('one.pem'),
        certificates: { ...any, authorities: [at('one.pem')], depth: 8 },
      },
      {
        name: 'staff',
        kind: 'certificate',
        source: `${at('one.pem')}, ${at('two.pem')}`,
        certificates: {
          authorities: [at('one.pem'), at('two.pem')],
          depth: 1,
          crl: [],
          pins: [pin],
          patterns: { 'subject.O': ['acme'], 'subject.OU': ['ops', 'b-*'], 'san.dns': ['*.acme.io'] },
          spiffe: 'acme.io',
        },
      },
      expect.objectContaining({ name: 'local', certificates: null }),
    ])
  })

  it('has the warnings as lines with their place', () => {
    expect(described({ 6: '  observer: {extends: admin, allow: ["*"]}' }).warnings).toEqual([
      expect.stringMatching(/dockgate\.yaml:6:38: roles\.observer\.allow\[0\]: allows every operation, /),
      expect.stringMatching(
        /dockgate\.yaml: roles\.observer: unbounded: bindings\[0\] make root on the host of whoever they match \(/,
      ),
    ])
  })

  it('counts the operations of each class that a binding gives, and has whose objects they are for', () => {
    const { access, warnings } = described({
      1: 'ledger: {file: ledger.sqlite}\nlisteners:',
      6: '  observer: {allow: [read, ContainerCreate], workload: {}, objects: {own: prefixed}}',
      8: '  - {role: observer, issuer: local, owner: "${subject}"}',
    })
    const [read, create] = access[0]?.may ?? []
    expect(read?.allowed).toBe(read?.of)
    expect(create).toMatchObject({ access: 'create', allowed: 1 })
    expect(create?.of).toBeGreaterThan(1)
    expect(access[0]).toMatchObject({ objects: 'prefixed', owner: '${subject}', unbounded: false })
    expect(warnings).toEqual([])
  })

  it('is plain data that survives JSON', () => {
    const description = described({})
    expect(JSON.parse(JSON.stringify(description))).toEqual(description)
  })
})

describe('the description of a role', () => {
  it('has its operations by class, in the order of the classes', () => {
    const { operations, elevated } = roleOf('exec', 'ContainerLogs', 'ContainerList', 'ContainerInspect')
    expect(operations).toEqual({
      read: ['ContainerList', 'ContainerInspect'],
      'read-sensitive': ['ContainerLogs'],
      exec: expect.arrayContaining(['ContainerExec', 'ExecStart']),
    })
    expect(Object.keys(operations)).toEqual(['read', 'read-sensitive', 'exec'])
    expect(elevated).toContain('ContainerAttach')
  })

  it('says why it is unbounded', () => {
    const [role] = described({ 6: '  observer: {allow: [create, PluginSet], workload: {privileged: true}}' }).roles
    expect(role).toMatchObject({
      unbounded: true,
      waysToRoot: [
        {
          by: 'ContainerCreate with workload.privileged',
          why: 'a privileged container is root on the host',
        },
        { by: 'PluginSet', why: 'changes what a plugin mounts and which devices it has' },
      ],
    })
  })

  it('says which operations act in the containers of others', () => {
    expect(roleOf('ContainerExec', 'ContainerAttach').reachesOthers).toEqual(['ContainerExec', 'ContainerAttach'])
  })

  it('says on whose objects it acts, within which quotas, and what never works there', () => {
    const own = {
      1: 'ledger: {file: ledger.sqlite}\nlisteners:',
      6: '  observer: {allow: [read, exec, SystemAuth, "*Prune"], objects: {own: prefixed}, images: {shared: [docker.io/**]}, quotas: {volumes: 0, memory: 1GiB, cpus: 0.5}, lifetime: 90m}',
      8: '  - {role: observer, issuer: local, owner: x}',
    }
    const [role] = described(own).roles
    expect(role?.objects).toEqual({
      names: 'prefixed',
      sharedImages: ['docker.io/**'],
      quotas: { volumes: 0, memory: 1_073_741_824, cpus: 0.5 },
      lifetime: '90m',
      endsWithToken: false,
    })
    expect(role?.neverWorks).toEqual(['BuildPrune'])
    expect(role?.reachesOthers).toEqual([])
    expect(JSON.parse(JSON.stringify(role))).toEqual(role)
    expect(roleOf('*')).toMatchObject({ objects: null, neverWorks: [] })
  })

  it('says what it may ask for, by part, those of its preset included', () => {
    const [role] = described({ 6: '  observer: {extends: ci-run, exec: {privileged: true}}' }).roles
    expect(role?.extends).toBe('ci-run')
    expect(role?.parts.exec).toEqual(['users', 'commands', 'environment', 'privileged'])
    expect(Object.keys(role?.parts ?? {})).toEqual(['workload', 'exec', 'registries', 'archive'])
  })

  it('has no reason when it is not', () => {
    expect(roleOf('read', 'read-sensitive', 'transfer')).toMatchObject({ unbounded: false, waysToRoot: [] })
  })
})
