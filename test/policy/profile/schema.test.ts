import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { formatPath } from '../../../src/config/errors.ts'
import { explainIssues } from '../../../src/config/explain.ts'
import { extendsSchema, PRESET_NAMES, profileSchema } from '../../../src/config/profile-schema.ts'

function problemsOf(value: unknown): string[] {
  const issues = profileSchema.safeParse(value).error?.issues ?? []
  return explainIssues(profileSchema, value, issues).map(({ path, message }) => `${formatPath(path)}: ${message}`)
}

describe('the schema of a role', () => {
  it('has a meaning for every key', () => {
    const missing: string[] = []
    visit(z.toJSONSchema(profileSchema, { io: 'input' }), [], missing)
    expect(missing).toEqual([])
  })

  it('reads sizes as bytes, times as seconds, and unlimited as Infinity', () => {
    const written = {
      workload: {
        limits: { memory: '4GiB', memorySwap: 1048576, cpus: 0.5, pids: 'unlimited', stopTimeout: '2m' },
        defaults: { cpus: '1.25', ulimits: { nofile: 10 } },
      },
    }
    expect(profileSchema.parse(written)).toEqual({
      workload: {
        limits: {
          memory: 4 * 1024 ** 3,
          memorySwap: 1048576,
          cpus: 0.5,
          pids: Number.POSITIVE_INFINITY,
          stopTimeout: 120,
        },
        defaults: { cpus: 1.25, ulimits: { nofile: 10 } },
      },
    })
  })

  it('leaves out what the role leaves out, so that it can extend another one', () => {
    const empty = { workload: {}, exec: {}, build: {}, registries: {}, archive: {} }
    expect(profileSchema.parse(empty)).toEqual(empty)
  })

  it.each<[string, unknown, string]>([
    ['an unknown part', { worklaod: {} }, 'worklaod: unknown key "worklaod"; did you mean "workload"?'],
    ['an unknown key', { workload: { image: [] } }, 'workload.image: unknown key "image"; did you mean "images"?'],
    ['a text for a list', { workload: { images: '**' } }, 'workload.images: wants a list, not "**"'],
    ['an empty pattern', { workload: { images: [''] } }, 'workload.images[0]: must not be empty'],
    ['a mount without a source', { workload: { mounts: [{}] } }, 'workload.mounts[0].source: is missing'],
    [
      'an unknown propagation',
      { workload: { mounts: [{ source: '/a', propagation: ['shard'] }] } },
      'workload.mounts[0].propagation[0]: "shard" is not one of private, rprivate, slave, rslave, shared, rshared; did you mean "shared"?',
    ],
    [
      'a word for a truth value',
      { workload: { privileged: 'no' } },
      'workload.privileged: wants true or false, not "no"',
    ],
    [
      'a size in decimal units',
      { workload: { limits: { memory: '4GB' } } },
      'workload.limits.memory: wants a size such as 512MiB or 4GiB, or unlimited, not "4GB"',
    ],
    [
      'a limit of nothing',
      { workload: { limits: { pids: 0 } } },
      'workload.limits.pids: wants a whole number above zero, or unlimited, not the number 0',
    ],
    [
      'a default without a limit',
      { workload: { defaults: { memory: 'unlimited' } } },
      'workload.defaults.memory: wants a size such as 512MiB or 4GiB, not "unlimited"',
    ],
    [
      'half a second',
      { workload: { limits: { stopTimeout: '500ms' } } },
      'workload.limits.stopTimeout: wants whole seconds, such as 30s or 5m, or unlimited, not "500ms"',
    ],
    [
      'an unknown ulimit',
      { workload: { limits: { ulimits: { nofiles: 5 } } } },
      'workload.limits.ulimits.nofiles: unknown key "nofiles"; did you mean "nofile"?',
    ],
    ['a tmpfs without a size', { workload: { tmpfs: {} } }, 'workload.tmpfs.size: is missing'],
    [
      'device permissions out of order',
      { workload: { devices: [{ path: '/dev/x', permissions: 'wr' }] } },
      'workload.devices[0].permissions: "wr" is not made of r (read), w (write) and m (mknod), in that order',
    ],
    [
      'an unknown user rule',
      { workload: { user: 'nonroot' } },
      'workload.user: "nonroot" is not one of any, nonRoot; did you mean "nonRoot"?',
    ],
    [
      'a command that is no list',
      { exec: { commands: ['npm test'] } },
      'exec.commands: is neither any nor a list of commands, each a list of words such as [npm, test]',
    ],
    [
      'users that are no list',
      { exec: { users: 5 } },
      'exec.users: wants any, nonRoot or a list of users, not the number 5',
    ],
    ['an empty command', { exec: { commands: [[]] } }, 'exec.commands[0]: must have at least one entry'],
    ['an empty part', { registries: null }, 'registries: wants a mapping, not an empty value'],
  ])('refuses %s in words', (_what, value, message) => {
    expect(problemsOf(value)).toEqual([message])
  })
})

describe('extends', () => {
  it('names a preset', () => {
    for (const name of PRESET_NAMES) expect(extendsSchema.parse(name)).toBe(name)
  })

  it('says which preset is near', () => {
    const { error } = extendsSchema.safeParse('ci-rnu')
    expect(explainIssues(extendsSchema, 'ci-rnu', error?.issues ?? [])).toMatchObject([
      { message: expect.stringContaining('did you mean "ci-run"?') },
    ])
  })
})

function visit(schema: unknown, path: readonly string[], missing: string[]): void {
  if (typeof schema !== 'object' || schema === null) return
  const { properties, items } = schema as { properties?: Record<string, { description?: string }>; items?: unknown }
  for (const [name, property] of Object.entries(properties ?? {})) {
    if (!property.description && !path.includes('ulimits')) missing.push([...path, name].join('.'))
    visit(property, [...path, name], missing)
  }
  visit(items, [...path, '[]'], missing)
}
