import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { host, judgementOf } from './judgement.ts'
import { type Scene, startScene } from './scene.ts'

const CREATE = '/v1.47/containers/create'
const UPDATE = '/v1.47/containers/box/update'
const GiB = 1024 ** 3

/** What has to be stated to a role that fills nothing in. */
const STATED = { Memory: GiB, NanoCpus: 1e9, PidsLimit: 10 }

describe('attacks on limits', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({
      ci: '{ extends: ci-run }',
      strict:
        '{ allow: [create, lifecycle], workload: { images: ["**"], restart: [on-failure], limits: { memory: 4GiB, memorySwap: 6GiB, cpus: 2, pids: 100, shmSize: 1GiB, stopTimeout: 1m, ulimits: { nofile: 1024 } } } }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const ci = judgementOf(() => scene, 'ci')
  const strict = judgementOf(() => scene, 'strict')

  it.each([
    [{ Memory: 4 * GiB + 1 }, 'Memory', 'memory'],
    [{ Memory: -1 }, 'Memory', 'memory'],
    [{ MemorySwap: -1 }, 'MemorySwap', 'memorySwap'],
    [{ MemorySwap: 6 * GiB + 1 }, 'MemorySwap', 'memorySwap'],
    [{ MemoryReservation: 5 * GiB }, 'MemoryReservation', 'memory'],
    [{ KernelMemory: -1 }, 'KernelMemory', 'memory'],
    [{ NanoCpus: 2e9 + 1 }, 'NanoCpus', 'cpus'],
    [{ NanoCpus: -1 }, 'NanoCpus', 'cpus'],
    [{ NanoCpus: 0, CpuQuota: -1 }, 'CpuQuota', 'cpus'],
    [{ NanoCpus: 0, CpuQuota: 2001, CpuPeriod: 1000 }, 'CpuQuota', 'cpus'],
    [{ PidsLimit: -1 }, 'PidsLimit', 'pids'],
    [{ PidsLimit: 101 }, 'PidsLimit', 'pids'],
    [{ ShmSize: GiB + 1 }, 'ShmSize', 'shmSize'],
    [{ ShmSize: -1 }, 'ShmSize', 'shmSize'],
    [{ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1025 }] }, 'Ulimits[0].Hard', 'ulimits'],
    [{ Ulimits: [{ Name: 'nofile', Soft: -1, Hard: 1 }] }, 'Ulimits[0].Soft', 'ulimits'],
    [{ Ulimits: [{ Name: 'memlock', Soft: 1, Hard: 1 }] }, 'Ulimits[0].Name', 'ulimits'],
  ])('T75 refuses %j', async (members, field, key) => {
    expect(await strict.refused(CREATE, host({ ...STATED, ...members }))).toEqual([
      `HostConfig.${field} (workload.limits.${key})`,
    ])
  })

  it.each([
    ['9223372036854775807', 'beyond 2^53'],
    ['-9223372036854775808', 'the least of 64 bits'],
    ['4294967297', 'a byte more than the maximum'],
  ])('T75 reads Memory %s as what it is: %s', async (text) => {
    const body = `{"Image":"alpine","HostConfig":{"Memory":${text},"NanoCpus":1000000000,"PidsLimit":1}}`
    expect(await strict.refused(CREATE, body)).toEqual(['HostConfig.Memory (workload.limits.memory)'])
  })

  it.each([
    {},
    { Memory: 0, NanoCpus: 0, PidsLimit: 0 },
    { Memory: null, NanoCpus: null, PidsLimit: null },
    { CpuShares: 1024, CpuPeriod: 100_000, CpusetCpus: '0' },
  ])('T75 takes %j for no limit at all', async (members) => {
    expect(await strict.refused(CREATE, host(members))).toEqual([
      'HostConfig.Memory (workload.limits.memory)',
      'HostConfig.NanoCpus (workload.limits.cpus)',
      'HostConfig.PidsLimit (workload.limits.pids)',
    ])
    const filled = {
      Memory: 2 * GiB,
      PidsLimit: 1024,
      ...('CpuPeriod' in members ? { CpuQuota: 100_000 } : { NanoCpus: 1e9 }),
    }
    expect(await ci.sent(CREATE, host(members))).toMatchObject({ HostConfig: filled })
  })

  it('T75 keeps swap below its limit, where the engine would take twice the memory', async () => {
    expect(await strict.sent(CREATE, host({ ...STATED, Memory: 4 * GiB, MemorySwap: 6 * GiB }))).toMatchObject({
      HostConfig: { MemorySwap: 6 * GiB },
    })
    expect(await ci.sent(CREATE, host({ Memory: 4 * GiB }))).not.toHaveProperty('HostConfig.MemorySwap')
    expect(await strict.sent(CREATE, host({ ...STATED, Memory: 4 * GiB }))).toMatchObject({
      HostConfig: { Memory: 4 * GiB, MemorySwap: 6 * GiB },
    })
  })

  it('T75 refuses a stop that waits for ever, which keeps the engine from ending', async () => {
    expect(await strict.refused(CREATE, { ...host(STATED), StopTimeout: -1 })).toEqual([
      'StopTimeout (workload.limits.stopTimeout)',
    ])
    expect(await strict.refused(CREATE, { ...host(STATED), StopTimeout: 2 ** 40 })).toHaveLength(1)
  })

  it.each([
    [{ Memory: 5 * GiB }, 'Memory', 'limits.memory'],
    [{ Memory: -1 }, 'Memory', 'limits.memory'],
    [{ MemorySwap: -1 }, 'MemorySwap', 'limits.memorySwap'],
    [{ NanoCpus: 64e9 }, 'NanoCpus', 'limits.cpus'],
    [{ CpuQuota: -1, CpuPeriod: 1000 }, 'CpuQuota', 'limits.cpus'],
    [{ CpuQuota: 200_000 }, 'CpuQuota', 'limits.cpus'],
    [{ CpuPeriod: 1_000_000 }, 'CpuPeriod', 'limits.cpus'],
    [{ PidsLimit: 0 }, 'PidsLimit', 'limits.pids'],
    [{ PidsLimit: -1 }, 'PidsLimit', 'limits.pids'],
    [{ CpuShares: 262_144 }, 'CpuShares', 'hostFields'],
    [{ CpuRealtimeRuntime: 950_000 }, 'CpuRealtimeRuntime', 'hostFields'],
    [{ BlkioWeight: 1000 }, 'BlkioWeight', 'hostFields'],
    [{ CgroupParent: '/' }, 'CgroupParent', 'hostFields'],
    [{ Devices: [{ PathOnHost: '/dev/sda', CgroupPermissions: 'rwm' }] }, 'Devices[0].PathOnHost', 'devices'],
    [{ DeviceCgroupRules: ['a *:* rwm'] }, 'DeviceCgroupRules', 'hostFields'],
    [{ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2000 }] }, 'Ulimits[0].Hard', 'limits.ulimits'],
    [{ RestartPolicy: { Name: 'always' } }, 'RestartPolicy.Name', 'restart'],
    [{ RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } }, 'RestartPolicy.Name', 'restart'],
    [{ Privileged: true }, 'Privileged', 'unknownFields'],
    [{ Binds: ['/:/x'] }, 'Binds', 'unknownFields'],
    [{ HostConfig: { Memory: 1 } }, 'HostConfig', 'unknownFields'],
    [{ memory: 1 }, 'memory', 'unknownFields'],
  ])('T80 refuses an update to %j, which lifts what create bounded', async (members, field, key) => {
    const found = await strict.refused(UPDATE, members)
    expect(found).toEqual([`${field} (workload.${key})`])
  })

  it('T80 says all that is wrong with an update at once', async () => {
    const body = { Memory: -1, PidsLimit: 0, RestartPolicy: { Name: 'always' }, Devices: [{ PathOnHost: '/dev/sda' }] }
    expect((await ci.refused(UPDATE, body)).sort()).toEqual([
      'Devices[0].PathOnHost (workload.devices)',
      'Memory (workload.limits.memory)',
      'PidsLimit (workload.limits.pids)',
      'RestartPolicy.Name (workload.restart)',
    ])
  })

  it.each([
    // `docker update --memory 1g box`, with all that the client sends beside it.
    { Memory: GiB, MemorySwap: 2 * GiB, NanoCpus: 0, CpuShares: 0, CgroupParent: '', BlkioWeight: 0, PidsLimit: null },
    { CpuQuota: 200_000, CpuPeriod: 100_000 },
    { RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
    {},
  ])('T80 sends an update to %j, and fills nothing in', async (members) => {
    expect(await strict.sent(UPDATE, members)).toEqual(members)
  })
})
