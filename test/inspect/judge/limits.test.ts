import { describe, expect, it } from 'vitest'
import { allowed, host, refused, sentFor, withImage } from './judged.ts'

const GiB = 1024 ** 3
const LIMITED = withImage(
  'limits: {memory: 4GiB, memorySwap: 6GiB, cpus: 2, pids: 100, shmSize: 1GiB, stopTimeout: 1m, ulimits: {nofile: 1024, core: unlimited}}, ' +
    'defaults: {memory: 1GiB, cpus: 1, pids: 50}',
)
const UNLIMITED = withImage(
  'limits: {memory: unlimited, memorySwap: unlimited, cpus: unlimited, pids: unlimited, shmSize: unlimited, stopTimeout: unlimited, ulimits: {nofile: unlimited}}',
)
const STATED = { Memory: GiB, NanoCpus: 1e9, PidsLimit: 10 }

describe('maxima (T75)', () => {
  it.each([
    { Memory: 4 * GiB + 1 },
    { Memory: -1 },
    { MemorySwap: 6 * GiB + 1 },
    { MemorySwap: -1 },
    { MemoryReservation: 5 * GiB },
    { KernelMemory: 5 * GiB },
    { KernelMemoryTCP: -1 },
    { NanoCpus: 2e9 + 1 },
    { NanoCpus: -1 },
    // The engine rounds them down to no quota.
    { NanoCpus: 1 },
    { NanoCpus: 9999 },
    { NanoCPUs: 3e9 },
    { NanoCpus: 0, CpuQuota: 200_001 },
    { NanoCpus: 0, CpuQuota: 2001, CpuPeriod: 1000 },
    { NanoCpus: 0, CpuQuota: -1 },
    { CpuShares: 1025 },
    { CpuShares: -1 },
    { CpuRealtimeRuntime: 950_000 },
    { PidsLimit: 101 },
    { PidsLimit: -1 },
    { PidsLimit: -7 },
    { ShmSize: GiB + 1 },
    { ShmSize: -1 },
    { OomKillDisable: true },
    { OomScoreAdj: -1 },
    { BlkioWeight: 1000 },
    { BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1 }] },
    { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1025 }] },
    { Ulimits: [{ Name: 'nofile', Soft: -1, Hard: 1 }] },
    { Ulimits: [{ Name: 'NOFILE', Soft: 1, Hard: 1 }] },
    { Ulimits: [{ Name: 'nproc', Soft: 1, Hard: 1 }] },
    { Memory: 9e15 },
  ])('refuses %j', (members) => {
    const asked = { ...STATED, ...members, ...('NanoCPUs' in members ? { NanoCpus: undefined } : {}) }
    expect(refused(LIMITED, host(asked))).toHaveLength(1)
  })

  it.each([
    { Memory: 4 * GiB, MemorySwap: 6 * GiB },
    { MemoryReservation: GiB },
    { NanoCpus: 2e9 },
    { NanoCpus: 10_000 },
    { NanoCpus: 0, CpuQuota: 200_000 },
    { NanoCpus: 0, CpuQuota: 2000, CpuPeriod: 1000 },
    { CpuShares: 1024 },
    { PidsLimit: 100 },
    { ShmSize: GiB },
    { OomScoreAdj: 500 },
    {
      Ulimits: [
        { Name: 'nofile', Soft: 1024, Hard: 1024 },
        { Name: 'core', Soft: -1, Hard: -1 },
      ],
    },
    { CpusetCpus: '0', MemorySwappiness: -1 },
  ])('allows %j', (members) => {
    allowed(LIMITED, host({ ...STATED, ...members }))
  })

  it('reads integers beyond 2^53 as what they are', () => {
    const body = '{"Image":"alpine","HostConfig":{"Memory":9223372036854775807,"NanoCpus":1000000000,"PidsLimit":1}}'
    expect(refused(LIMITED, body)).toEqual(['HostConfig.Memory: 9223372036854775807 (workload.limits.memory)'])
  })

  it('allows everything where the role says unlimited, and changes nothing', () => {
    const members = {
      Memory: -1,
      MemorySwap: -1,
      NanoCpus: 64e9,
      PidsLimit: -1,
      ShmSize: 9 * GiB,
      Ulimits: [{ Name: 'nofile', Soft: -1, Hard: -1 }],
    }
    const body = { ...host(members), StopTimeout: -1 }
    expect(allowed(UNLIMITED, body)).toEqual(body)
    expect(allowed(UNLIMITED, host({}))).toEqual(host({}))
  })

  it('allows nothing to be stated of which the role says nothing', () => {
    const members = { ...STATED, MemorySwap: 2 * GiB, ShmSize: 1, Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1 }] }
    const keys = refused(withImage(''), { ...host(members), StopTimeout: 0 }).map((text) => text.replace(/.*[(]/, '('))
    const limits = ['memory', 'cpus', 'pids', 'memorySwap', 'shmSize', 'ulimits', 'stopTimeout']
    expect(keys.sort()).toEqual(limits.map((limit) => `(workload.limits.${limit})`).sort())
    allowed(withImage(''), host({}))
  })

  it.each([61, -1])('refuses to wait %i seconds for a stop', (StopTimeout) => {
    expect(refused(LIMITED, { ...host(STATED), StopTimeout })).toEqual([
      `StopTimeout: ${StopTimeout}${StopTimeout < 0 ? ', no limit' : ''} (workload.limits.stopTimeout)`,
    ])
    allowed(LIMITED, { ...host(STATED), StopTimeout: 60 })
  })

  it('leaves what no limit bounds to roles that list the field', () => {
    const role = withImage('hostFields: [HostConfig.BlkioWeight, HostConfig.OomScoreAdj, HostConfig.CpuShares]')
    allowed(role, host({ BlkioWeight: 10, OomScoreAdj: -5, CpuShares: 4096 }))
  })
})

describe('what must be stated', () => {
  const BARE = withImage('limits: {memory: 4GiB, memorySwap: 6GiB, cpus: 2, pids: 100}')

  it.each([
    {},
    { Memory: 0, NanoCpus: 0, PidsLimit: 0 },
    { Memory: null, PidsLimit: null },
    { CpuShares: 512 },
    { CpuPeriod: 1000 },
  ])('asks for memory, processors and processes in %j, as the engine has no limit of its own', (members) => {
    expect(refused(BARE, host(members))).toEqual([
      'HostConfig.Memory: nothing (workload.limits.memory)',
      'HostConfig.NanoCpus: nothing (workload.limits.cpus)',
      'HostConfig.PidsLimit: nothing (workload.limits.pids)',
    ])
  })

  it.each(['{"Image":"alpine"}', '{"Image":"alpine","HostConfig":null}'])('asks for them in %s too', (body) => {
    expect(refused(BARE, body)).toHaveLength(3)
  })

  it('asks for memory where only memory and swap together are bounded', () => {
    expect(refused(withImage('limits: {memorySwap: 6GiB}'), host({}))).toEqual([
      'HostConfig.MemorySwap: nothing (workload.limits.memorySwap)',
    ])
  })
})

describe('defaults', () => {
  it('stand where the client states nothing, and where it states zero', () => {
    const expected = { HostConfig: { Memory: GiB, NanoCpus: 1e9, PidsLimit: 50 } }
    for (const body of [{ Image: 'alpine' }, host({ Memory: 0, NanoCpus: 0, PidsLimit: 0, MemorySwap: 0 })]) {
      expect(allowed(LIMITED, body)).toMatchObject(expected)
    }
  })

  it('leave what the client states', () => {
    expect(allowed(LIMITED, host(STATED))).toEqual(host(STATED))
    expect(allowed(LIMITED, host({ ...STATED, NanoCpus: 0, CpuQuota: 1000 }))).toMatchObject({
      HostConfig: { NanoCpus: 0, CpuQuota: 1000 },
    })
  })

  it('become a quota where the client gives the period', () => {
    const sent = allowed(LIMITED, host({ CpuPeriod: 50_000 }))
    expect(sent).toMatchObject({ HostConfig: { CpuPeriod: 50_000, CpuQuota: 50_000 } })
    expect(sent).not.toHaveProperty('HostConfig.NanoCpus')
  })

  it('may be what the client may not state', () => {
    const role = withImage(
      'defaults: {memory: 1GiB, user: "5:5", shmSize: 64MiB, stopTimeout: 5s, ulimits: {nofile: 10}}',
    )
    expect(allowed(role, host({}))).toEqual({
      Image: 'alpine',
      User: '5:5',
      StopTimeout: 5,
      HostConfig: { Memory: GiB, ShmSize: 64 * 1024 ** 2, Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 10 }] },
    })
    expect(refused(role, { ...host({ Memory: GiB }), User: '5:5' })).toHaveLength(2)
  })

  it('join the resource limits that the client states', () => {
    const role = withImage('limits: {ulimits: {nofile: 100, core: 5}}, defaults: {ulimits: {nofile: 10, core: 5}}')
    const Ulimits = [{ Name: 'nofile', Soft: 20, Hard: 100 }]
    expect(allowed(role, host({ Ulimits }))).toMatchObject({
      HostConfig: { Ulimits: [...Ulimits, { Name: 'core', Soft: 5, Hard: 5 }] },
    })
  })

  it.each([
    [{ Memory: 2 * GiB }, undefined],
    [{ Memory: 4 * GiB }, 6 * GiB],
    [{ Memory: 4 * GiB, MemorySwap: 5 * GiB }, 5 * GiB],
  ])(
    'keep memory and swap together below their limit, which the engine makes twice the memory: %j',
    (members, swap) => {
      const sent = allowed(LIMITED, host({ ...STATED, ...members })) as { HostConfig: { MemorySwap?: number } }
      expect(sent.HostConfig.MemorySwap).toBe(swap)
    },
  )

  it('of memory and swap are never less than the memory', () => {
    const role = withImage('limits: {memory: 4GiB, memorySwap: unlimited}, defaults: {memory: 1GiB, memorySwap: 2GiB}')
    expect(sentFor(role, host({}))).toMatchObject({ HostConfig: { Memory: GiB, MemorySwap: 2 * GiB } })
    expect(sentFor(role, host({ Memory: 3 * GiB }))).toMatchObject({ HostConfig: { MemorySwap: 3 * GiB } })
  })

  it('are not for what makes no container', () => {
    expect(sentFor(LIMITED, {}, { operation: 'ContainerUpdate' })).toEqual({})
    expect(sentFor(LIMITED, { Name: 'x' }, { operation: 'NetworkCreate' })).toEqual({ Name: 'x' })
  })
})

describe('update (T80)', () => {
  const update = (members: object, role = LIMITED) => refused(role, members, { operation: 'ContainerUpdate' })

  it.each([
    { Memory: 5 * GiB },
    { MemorySwap: -1 },
    { NanoCpus: 3e9 },
    { NanoCpus: 9999 },
    { PidsLimit: 0 },
    { PidsLimit: -1 },
    { CpuQuota: -1, CpuPeriod: 1000 },
    { CpuQuota: 300_000, CpuPeriod: 100_000 },
    { CpuQuota: 200_000 },
    { CpuPeriod: 1000 },
    { CpuShares: 2048 },
    { RestartPolicy: { Name: 'always' } },
    { Devices: [{ PathOnHost: '/dev/sda' }] },
    { DeviceCgroupRules: ['a *:* rwm'] },
    { DeviceRequests: [{ Count: -1 }] },
    { CgroupParent: '/' },
    { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2000 }] },
    { BlkioWeight: 5 },
    { Privileged: true },
  ])('refuses %j', (members) => {
    expect(update(members)).toHaveLength(1)
  })

  it.each([
    {},
    { Memory: 0, MemorySwap: 0, NanoCpus: 0, CpuQuota: 0, CpuShares: 0, PidsLimit: null },
    { Memory: 4 * GiB, MemorySwap: 4 * GiB, NanoCpus: 2e9, PidsLimit: 100 },
    { CpuQuota: 200_000, CpuPeriod: 100_000 },
    { RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
    { RestartPolicy: { Name: '' } },
  ])('allows %j: what is zero stays as it is, and nothing must be stated', (members) => {
    expect(update(members)).toEqual([])
  })

  it('lifts limits where the role has none', () => {
    expect(update({ PidsLimit: 0, CpuPeriod: 1000, CpuQuota: -1, MemorySwap: -1 }, UNLIMITED)).toEqual([])
  })
})
