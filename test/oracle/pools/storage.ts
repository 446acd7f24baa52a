import { Raw } from '../text.ts'
import { IMAGE, type Pool, type World } from '../world.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

const SOURCES = [
  ...['/', '/etc', '//', '/./', '/..', '/../', '/etc/', '/var/run/docker.sock', '/proc/1/root', '/dev', '/home2', '~'],
  ...[
    'data',
    'Data',
    'd',
    'da.ta-1_',
    'relative/path',
    './x',
    '../x',
    '..',
    '.',
    'data/../..',
    'C:\\',
    ' /',
    '/ ',
    '\u0000',
  ],
]
const TARGETS = ['/x', '/x/', '/', '/..', 'x', '', '/proc', '/x:y']
const BIND_MODES = [
  ...[
    '',
    ':',
    ':ro',
    ':rw',
    ':z',
    ':Z',
    ':ro,z',
    ':rshared',
    ':ro,rshared',
    ':nocopy',
    ':ro,rw',
    ':RO',
    ':bind',
    ':ro:rw',
  ],
  ...[':exec', ':consistent', ':volume', ':,', ':ro,', ': ro'],
]
const BIND_FOLDERS = [
  { Type: 'bind', Source: '/', Target: '/host' },
  { Type: 'Bind', Source: '/etc', Target: '/x' },
]
const ROOTED = { Name: 'local', Options: { type: 'none', o: 'bind', device: '/' } }

/** Folders of the host, volumes and file systems in memory. */
export function storage({ victim }: World): Record<string, Pool> {
  const binds = SOURCES.flatMap((source) => BIND_MODES.map((mode) => [`${source}:/x${mode}`]))
  return {
    'HostConfig.Binds': {
      good: [null, [], ['data:/x'], ['data:/x:ro'], ['data:/x:rw,z'], ['data:/x:nocopy'], ['/anonymous']],
      odd: [
        ...binds,
        ...TARGETS.flatMap((target) => [[`data:${target}`], [`/etc:${target}`], [target]]),
        '/:/x',
        ['data:/x', '/:/y'],
      ],
    },
    'HostConfig.Mounts': {
      good: [
        null,
        [],
        [{ Type: 'volume', Source: 'data', Target: '/m' }],
        [{ Type: 'volume', Target: '/m', ReadOnly: true }],
        [{ Type: 'volume', Source: 'data', Target: '/m', VolumeOptions: { NoCopy: true, Labels: { a: 'b' } } }],
        [{ Type: 'volume', Target: '/m', VolumeOptions: { DriverConfig: { Name: 'local' } } }],
        [{ Type: 'tmpfs', Target: '/m' }],
        [{ Type: 'tmpfs', Target: '/m', TmpfsOptions: { SizeBytes: MiB, Mode: 511 } }],
      ],
      odd: [
        ...BIND_FOLDERS.map((mount) => [mount]),
        [{ Type: 'volume', Source: 'rooted', Target: '/m', VolumeOptions: { DriverConfig: ROOTED } }],
        [{ Type: 'volume', Target: '/m', VolumeOptions: { DriverConfig: ROOTED } }],
        [{ Type: 'volume', Source: '/', Target: '/m', BindOptions: {} }],
        [{ Type: 'volume', Source: victim, Target: '/m', VolumeOptions: { DriverConfig: { Name: 'Local' } } }],
        [{ Type: 'tmpfs', Source: '/', Target: '/m' }],
        [{ Type: 'tmpfs', Target: '/m', TmpfsOptions: { Options: [['suid'], ['size', '99g']] } }],
        [{ Type: 'image', Source: IMAGE, Target: '/m' }],
        [{ Source: '/', Target: '/m' }],
        [{ Type: 'volume', Source: 'data', Target: '/m' }, BIND_FOLDERS[0]],
        BIND_FOLDERS[0],
      ],
    },
    'HostConfig.Mounts.Type': {
      good: ['volume', 'tmpfs'],
      odd: ['bind', 'Bind', 'BIND', 'bind ', '', 'npipe', 'cluster', 'image', 'Volume', 'TMPFS', 'b\u0131nd', 'glob'],
    },
    'HostConfig.Mounts.Source': { good: ['', 'data'], odd: [...SOURCES, IMAGE] },
    'HostConfig.Mounts.Target': { good: ['/m'], odd: TARGETS },
    'HostConfig.Mounts.BindOptions.Propagation': { good: [''], odd: ['rprivate', 'rshared', 'shared', 'RSHARED', 'x'] },
    'HostConfig.Mounts.VolumeOptions.Subpath': { good: [''], odd: ['x', '..', '/', 'a/../../b'] },
    'HostConfig.Mounts.VolumeOptions.DriverConfig.Name': { good: ['', 'local'], odd: ['Local', 'nfs', 'local '] },
    'HostConfig.Mounts.VolumeOptions.DriverConfig.Options': {
      good: [null, {}],
      odd: [ROOTED.Options, { type: 'nfs', o: 'addr=10.0.0.1', device: ':/' }, { size: '1g' }, { '': '' }],
    },
    'HostConfig.Mounts.TmpfsOptions.SizeBytes': { good: [0, MiB, GiB], odd: [GiB + 1, -1, new Raw('1e9')] },
    'HostConfig.Mounts.TmpfsOptions.Options': {
      good: [null, []],
      odd: [[['exec']], [['suid']], [['size', '2g']], [[]], [['dev', '']]],
    },
    'HostConfig.Tmpfs': {
      good: [
        null,
        {},
        { '/t': '' },
        { '/t': 'rw,exec,size=512m' },
        { '/t': 'noexec,mode=1777,uid=5', '/u': 'size=1g' },
      ],
      odd: [
        ...[
          'suid',
          'dev',
          'exec,suid',
          'Suid',
          'size=99g',
          'size=50%',
          'SIZE=99g',
          'size=1m,size=99g',
          'size=0',
          'size=-1',
        ],
        ...[
          'size=0x7fffffff',
          'size=1g ',
          'size',
          'size=',
          'nr_blocks=99999999',
          'huge=always',
          'remount',
          'bind',
          'mpol=x',
        ],
        ...['shared', 'size=1025m', 'size=2T', 'mode=4777', 'size=08589934592', ' size=99g', 'nosuid,suid', 'ro,rw'],
      ]
        .map((options): unknown => ({ '/t': options }))
        .concat([{ '/': '' }, { '': '' }, { t: '' }, { '/t': null }, ['/t'], { '/..': '' }]),
    },
    'HostConfig.VolumeDriver': { good: ['', 'local'], odd: ['Local', 'local ', 'nfs', ROOTED] },
    'HostConfig.StorageOpt': { good: [null, {}], odd: [{ size: '1g' }, { size: '999t' }, { 'lcow.globalmode': '1' }] },
    'HostConfig.ShmSize': { good: [0, MiB, 64 * MiB, GiB], odd: [GiB + 1, -1] },
  }
}
