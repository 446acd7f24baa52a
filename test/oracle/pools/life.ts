import { Raw } from '../text.ts'
import type { Pool } from '../world.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

/** Limits, and what becomes of a container. */
export function life(): Record<string, Pool> {
  const ulimit = (Name: string, Soft: unknown, Hard: unknown = Soft) => [{ Name, Soft, Hard }]
  return {
    'HostConfig.RestartPolicy': {
      good: [null, {}, { Name: '' }, { Name: 'no', MaximumRetryCount: 0 }],
      odd: ['always', 'Always', 'on-failure', 'unless-stopped', 'NO', ' no', 'x']
        .map((Name): unknown => ({ Name }))
        .concat([{ Name: 'no', MaximumRetryCount: 5 }, { MaximumRetryCount: 1 }, 'always']),
    },
    'HostConfig.LogConfig': {
      good: [
        null,
        {},
        { Type: 'json-file' },
        { Type: 'local', Config: { 'max-size': '1m' } },
        { Type: 'none', Config: {} },
      ],
      odd: [
        ...['syslog', 'journald', 'gelf', 'fluentd', 'splunk', 'awslogs', 'Json-File', 'json-file ', 'x'].map(
          (Type) => ({ Type }),
        ),
        { Type: '', Config: { 'syslog-address': 'unix:///var/run/docker.sock' } },
        { Type: 'json-file', Config: { x: 'y' } },
      ],
    },
    'HostConfig.Ulimits': {
      good: [null, [], ulimit('nofile', 1024), ulimit('nproc', 100, 65_536), ulimit('core', -1)],
      odd: [
        ulimit('nofile', 1_048_577),
        ulimit('NOFILE', 2 ** 31),
        ulimit('nproc', -1),
        ulimit('memlock', -1),
        ulimit('rtprio', 99),
        ulimit('x', 1),
        ulimit('nofile', 2, 1),
        ulimit('nofile', new Raw('1e3')),
        [null],
      ],
    },
    'HostConfig.Memory': { good: [0, 64 * MiB, 512 * MiB, 4 * GiB], odd: [-1, 1, 4 * GiB + 1, new Raw('1e9')] },
    'HostConfig.MemorySwap': { good: [0, 8 * GiB], odd: [-1, 1, 8 * GiB + 1, 99 * GiB] },
    'HostConfig.MemoryReservation': { good: [0, 32 * MiB], odd: [-1, 5 * GiB] },
    'HostConfig.NanoCpus': { good: [0, 1e8, 2e9], odd: [-1, 1, 2e9 + 1, 99e9, new Raw('2e9')] },
    'HostConfig.CpuPeriod': { good: [0, 100_000], odd: [1, -1, 1000, 1_000_001] },
    'HostConfig.CpuQuota': { good: [0, 50_000, 200_000], odd: [-1, 200_001, 1] },
    'HostConfig.PidsLimit': { good: [null, 0, 1, 512, 2048], odd: [-1, 2049, new Raw('-0')] },
    'HostConfig.OomScoreAdj': { good: [0, 500, 1000], odd: [-1, -1000, 1001] },
    'HostConfig.OomKillDisable': { good: [null, false], odd: [true, 'true'] },
    'HostConfig.CpuShares': { good: [0, 2, 1024], odd: [1025, 262_144, -1] },
    'HostConfig.CpusetCpus': { good: ['', '0'], odd: ['0-99', 'x', '-1'] },
    'HostConfig.CpusetMems': { good: ['', '0'], odd: ['9', 'x'] },
    'HostConfig.MemorySwappiness': { good: [null, -1, 50], odd: [101, -2] },
    'HostConfig.ConsoleSize': { good: [null, [24, 80]], odd: [[-1, 0], [1], [1, 2, 3]] },
  }
}
