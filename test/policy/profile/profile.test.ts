import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { ConfigError } from '../../../src/config/errors.ts'
import { createFindings } from '../../../src/config/findings.ts'
import { profileSchema } from '../../../src/config/profile-schema.ts'
import { compileParts, compileProfile } from '../../../src/policy/profile/profile.ts'
import type { Profile } from '../../../src/policy/profile/types.ts'
import { principalWith } from '../fixtures.ts'

type Written = z.input<typeof profileSchema>

const profileOf = (written: Written): Profile => compileProfile(profileSchema.parse(written))

function findingsOf(written: Written) {
  const findings = createFindings()
  compileParts(profileSchema.parse(written), ['roles', 'ci'], findings)
  return findings
}

describe('compileProfile', () => {
  it('makes nothing of nothing', () => {
    expect(profileOf({})).toEqual({ workload: null, exec: null, build: null, registries: null, archive: null })
  })

  it('allows nothing by a part without keys', () => {
    const profile = profileOf({ workload: {}, exec: {}, build: {}, registries: {}, archive: {} })
    expect(profile.workload).toEqual({
      images: [],
      mounts: [],
      volumes: null,
      tmpfs: null,
      networks: [],
      capabilities: new Set(),
      devices: [],
      gpus: null,
      hostNamespaces: new Set(),
      privileged: false,
      runtimes: [],
      securityOptions: [],
      sysctls: [],
      ports: [],
      user: null,
      logDrivers: [],
      restart: new Set(),
      limits: NO_LIMITS,
      defaults: { ...NO_LIMITS, user: null },
      labels: null,
      autoRemove: false,
      hostFields: [],
      unknownFields: [],
    })
    expect(profile.exec).toEqual({ users: [], privileged: false, commands: [], environment: [] })
    expect(profile.build).toEqual({
      networks: [],
      remotes: [],
      arguments: [],
      cacheFrom: [],
      outputs: [],
      tags: [],
      entitlements: new Set(),
      limits: NO_LIMITS,
    })
    expect(profile.registries).toEqual({ pull: [], push: [], load: false, import: false, save: false, export: false })
    expect(profile.archive).toEqual({ get: [], put: [] })
  })

  it('reads the workload of a role as it is meant', () => {
    const { workload } = profileOf({
      workload: {
        images: ['registry.acme.io/**'],
        mounts: [{ source: '/srv/cache/**' }, { source: '/data', readOnly: false, propagation: ['rslave'] }],
        volumes: [],
        tmpfs: { size: '64MiB' },
        capabilities: ['cap_net_admin'],
        devices: [{ path: '/dev/fuse', permissions: 'rw' }],
        gpus: { count: 1 },
        ports: ['127.0.0.1:8000-8999'],
        limits: { memory: '4GiB', cpus: 1.5, pids: 'unlimited', stopTimeout: '1m', ulimits: { nofile: 1024 } },
        defaults: { memory: '1GiB', user: '1000:1000' },
        labels: { required: { 'com.acme.repository': '${claims.repository}' }, reserved: ['com.acme.*'] },
      },
    })
    expect(
      workload?.mounts.map(({ source, readOnly, propagation }) => [source.text, readOnly, [...propagation]]),
    ).toEqual([
      ['/srv/cache/**', true, ['private', 'rprivate']],
      ['/data', false, ['rslave']],
    ])
    expect(workload).toMatchObject({
      volumes: [],
      tmpfs: { size: 64 * 1024 ** 2, options: new Set() },
      capabilities: new Set(['NET_ADMIN']),
      devices: [{ permissions: new Set(['r', 'w']) }],
      gpus: { count: 1, devices: [], drivers: [] },
      ports: [{ address: '127.0.0.1', first: 8000, last: 8999, protocol: 'tcp' }],
      limits: {
        memory: 4 * 1024 ** 3,
        memorySwap: null,
        nanoCpus: 1_500_000_000,
        pids: Number.POSITIVE_INFINITY,
        stopTimeout: 60,
        ulimits: new Map([['nofile', 1024]]),
      },
      defaults: { memory: 1024 ** 3, nanoCpus: null, user: '1000:1000' },
    })
    const principal = principalWith({ claims: { repository: 'acme/shop' } })
    expect(workload?.labels?.required.map(({ name, value }) => [name, value.matches('acme/shop', principal)])).toEqual([
      ['com.acme.repository', true],
    ])
  })

  it('never fills in more than the limits allow', () => {
    const { workload } = profileOf({
      workload: {
        limits: { memory: '1GiB', cpus: 'unlimited', ulimits: { nofile: 100 } },
        defaults: { memory: '2GiB', cpus: 3, pids: 5, ulimits: { nofile: 200, core: 7 } },
      },
    })
    expect(workload?.defaults).toMatchObject({
      memory: 1024 ** 3,
      nanoCpus: 3_000_000_000,
      pids: 5,
      ulimits: new Map([
        ['nofile', 100],
        ['core', 7],
      ]),
    })
  })

  it('compiles the patterns of every part for their kind', () => {
    const somebody = principalWith()
    const profile = profileOf({
      exec: { users: ['100*'], commands: [['npm', 'test']], environment: ['CI_*'] },
      build: { remotes: ['https://github.com/acme/*'], tags: ['docker.io/acme/*'], networks: ['none'] },
      registries: { push: ['registry.acme.io/**'], load: true },
      archive: { get: ['/out/**'] },
    })
    expect(profile.exec?.environment[0]?.matches('CI_JOB', somebody)).toBe(true)
    expect(profile.exec).toMatchObject({ users: [{ text: '100*' }], commands: [['npm', 'test']] })
    expect(profile.build?.remotes[0]?.matches('https://github.com/acme/shop.git', somebody)).toBe(true)
    expect(profile.build?.tags[0]?.matches('acme/shop:1', somebody)).toBe(true)
    expect(profile.registries?.push[0]?.matches('registry.acme.io/a', somebody)).toBe(true)
    expect(profile.registries).toMatchObject({ load: true, save: false })
    expect(profile.archive?.get[0]?.matches('/out/../etc', somebody)).toBe(false)
  })

  it('throws every problem, with the path of each', () => {
    const compile = () =>
      profileOf({
        workload: {
          images: ['docker.io/library/*', 'alpine'],
          mounts: [{ source: '/ok' }, { source: 'cache' }],
          networks: ['host', 'container:x'],
          capabilities: ['NET_ADMN'],
          devices: [{ path: '/dev/../mem' }],
          gpus: { devices: ['a**'] },
          securityOptions: ['seccomp:unconfined', 'selinux=off'],
          ports: ['http'],
          user: 'nonRoot',
          defaults: { user: 'node' },
          labels: { required: { a: '${claim.x}' } },
        },
        build: { remotes: ['github.com/acme/*'] },
        registries: { push: ['acme/*'] },
        archive: { put: ['tmp'] },
      })
    expect(compile).toThrow(ConfigError)
    expect(compile).toThrow(
      [
        'workload.images[1]: "alpine" is short for "docker.io/library/alpine": write that',
        'workload.mounts[1].source: "cache" is no absolute path: it begins with "/"',
        'workload.networks[0]: "host" is no network but a namespace of the host: write hostNamespaces: [network]',
        'workload.networks[1]: "container:x" is no name of a network',
        'workload.capabilities[0]: "NET_ADMN" is no Linux capability; did you mean "NET_ADMIN"?',
        'workload.devices[0].path: "/dev/../mem" has a segment "..", so it can match nothing',
        'workload.gpus.devices[0]: "a**": a name has no segments; write "*"',
        'workload.securityOptions[0]: "seccomp:unconfined" is read as "seccomp=unconfined": write that',
        'workload.securityOptions[1]: "selinux=off" is no security option',
        'workload.ports[0]: "http" names no ports',
      ].join('\n'),
    )
    expect(compile).toThrow('workload.defaults.user: "node" may be root, and this role has user: nonRoot')
    expect(compile).toThrow('workload.labels.required.a: "${claim.x}" is not known here')
    expect(compile).toThrow('build.remotes[0]: "github.com/acme/*" is no pattern of URLs')
    expect(compile).toThrow('registries.push[0]: "acme/*" begins with no registry')
    expect(compile).toThrow('archive.put[0]: "tmp" is no absolute path')
  })
})

describe('compileParts', () => {
  it('reports problems below the path of the role, and where in the text they begin', () => {
    const { problems } = findingsOf({ registries: { push: ['registry.acme.io/${claim.x}/**'] } })
    expect(problems).toMatchObject([{ path: ['roles', 'ci', 'registries', 'push', 0], offset: 17 }])
  })

  it('warns of a workload that may use all that the host has', () => {
    const { warnings } = findingsOf({ workload: { images: ['**'], limits: { memory: '1GiB' }, defaults: { cpus: 1 } } })
    expect(warnings).toMatchObject([
      {
        path: ['roles', 'ci', 'workload'],
        message: expect.stringContaining('sets no pids, so a container may use all'),
      },
    ])
  })

  it('does not warn where a role says unlimited, or lets nothing be run', () => {
    const limits = { memory: 'unlimited', cpus: 'unlimited', pids: 'unlimited' }
    expect(findingsOf({ workload: { images: ['**'], limits } }).warnings).toEqual([])
    expect(findingsOf({ workload: { volumes: [] } }).warnings).toEqual([])
  })

  it('warns of a command with a star, which means a star', () => {
    const { warnings } = findingsOf({ exec: { commands: [['npm', 'run', 'test:*']] } })
    expect(warnings).toMatchObject([{ path: ['roles', 'ci', 'exec', 'commands', 0] }])
  })
})

const NO_LIMITS = {
  memory: null,
  memorySwap: null,
  nanoCpus: null,
  pids: null,
  shmSize: null,
  stopTimeout: null,
  ulimits: new Map(),
}
