import { describe, expect, it } from 'vitest'
import { createFindings } from '../../../src/config/findings.ts'
import { PRESET_NAMES, profileSchema } from '../../../src/config/profile-schema.ts'
import { extendRole, PRESETS } from '../../../src/policy/profile/presets.ts'
import { compileProfile } from '../../../src/policy/profile/profile.ts'
import { compileRole } from '../../../src/policy/role.ts'
import { principalWith } from '../fixtures.ts'

const somebody = principalWith()

describe('every preset', () => {
  it.each(PRESET_NAMES)('%s compiles without a problem or a warning', (name) => {
    const findings = createFindings()
    const { operations } = compileRole(name, { extends: name }, findings)
    expect([...findings.problems, ...findings.warnings]).toEqual([])
    expect(operations.size).toBeGreaterThan(0)
  })
})

describe('the preset', () => {
  it('observer only reads', () => {
    expect(PRESETS.observer.parts).toEqual({ allow: ['read'] })
  })

  it('ci-run has nothing that reaches the host', () => {
    const { workload, exec, registries } = compileProfile(PRESETS['ci-run'].parts)
    expect(workload).toMatchObject({
      mounts: [],
      capabilities: new Set(),
      devices: [],
      gpus: null,
      hostNamespaces: new Set(),
      privileged: false,
      runtimes: [],
      securityOptions: [],
      sysctls: [],
      restart: new Set(),
      hostFields: [],
      unknownFields: [],
    })
    expect(workload?.ports.every(({ address }) => address === '127.0.0.1')).toBe(true)
    expect(exec?.privileged).toBe(false)
    expect(registries).toMatchObject({ push: [], load: false, import: false, save: false, export: false })
  })

  it('ci-run fills in what it limits of memory, processors and processes', () => {
    const { workload } = compileProfile(PRESETS['ci-run'].parts)
    for (const key of ['memory', 'nanoCpus', 'pids'] as const) {
      expect(workload?.limits[key]).toBeGreaterThanOrEqual(workload?.defaults[key] ?? Number.POSITIVE_INFINITY)
    }
  })

  it('ci-build leaves names and ways out to the role that extends it', () => {
    const { build, registries, workload } = compileProfile(PRESETS['ci-build'].parts)
    expect(build).toMatchObject({ tags: [], remotes: [], outputs: [], entitlements: new Set() })
    expect(registries).toMatchObject({ push: [], load: false, import: false })
    expect(workload).toEqual(compileProfile({ workload: { labels: {} } }).workload)
  })

  it('operator has every key but the one for fields that nobody knows', () => {
    const { workload, ...others } = PRESETS.operator.parts
    const keys = Object.keys(profileSchema.shape.workload.unwrap().shape)
    expect(keys.filter((key) => !Object.hasOwn(workload ?? {}, key))).toEqual(['defaults', 'unknownFields'])
    expect(Object.keys(others).sort()).toEqual(['allow', 'archive', 'build', 'exec', 'registries'])
    const profile = compileProfile(PRESETS.operator.parts)
    expect(profile.workload?.mounts.some(({ source }) => source.matches('/', somebody))).toBe(true)
    expect(profile.workload?.images.some((image) => image.matches('localhost:5000/a', somebody))).toBe(true)
    expect(profile.workload?.unknownFields).toEqual([])
  })

  it('admin has those too', () => {
    const { workload } = compileProfile(PRESETS.admin.parts)
    expect(workload?.unknownFields.some((field) => field.matches('HostConfig.New', somebody))).toBe(true)
    expect(PRESETS.admin.parts.allow).toEqual(['*'])
  })
})

describe('extendRole', () => {
  const base = {
    allow: ['read', 'run'],
    workload: { images: ['docker.io/**'], volumes: ['*'], limits: { memory: 1024, pids: 10 } },
    exec: { privileged: false },
  }

  it('keeps the base where the role says nothing', () => {
    expect(extendRole(base, {})).toEqual(base)
  })

  it('replaces keys whole: no list is joined, nothing below a key is merged', () => {
    expect(extendRole(base, { workload: { images: ['registry.acme.io/**'], limits: { pids: 5 } } })).toEqual({
      ...base,
      workload: { images: ['registry.acme.io/**'], volumes: ['*'], limits: { pids: 5 } },
    })
  })

  it('replaces allow', () => {
    expect(extendRole(base, { allow: ['exec'] }).allow).toEqual(['exec'])
  })

  it('adds parts that the base does not have, and leaves the others', () => {
    const extended = extendRole(base, { registries: { load: true } })
    expect(extended).toEqual({ ...base, registries: { load: true } })
  })

  it('changes neither of the two', () => {
    const role = { workload: { images: [] } }
    const before = structuredClone({ base, role })
    extendRole(base, role)
    expect({ base, role }).toEqual(before)
  })

  it('lets a role narrow what ships with the program', () => {
    const role = profileSchema.parse({ workload: { images: ['registry.acme.io/**'] } })
    const { workload } = compileProfile(extendRole(PRESETS['ci-run'].parts, role))
    expect(workload?.images.map(({ text }) => text)).toEqual(['registry.acme.io/**'])
    expect(workload?.limits.pids).toBe(2048)
  })
})
