import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { parseBind } from '../../../src/inspect/judge/binds.ts'
import { hostPathsIn } from '../../../src/inspect/judge/host-paths.ts'
import { operation } from '../../policy/fixtures.ts'
import { allowed, host, refused, sentFor, withImage } from './judged.ts'

const HOME = withImage('mounts: [{source: "/home/*"}, {source: /srv/work, readOnly: false}]')

const bind = (text: string) => host({ Binds: [text] })
const mount = (members: object) => host({ Mounts: [{ Target: '/x', ...members }] })

describe('Binds (T65)', () => {
  it.each([
    ...['/home2/a:/x:ro', '/home/a/b:/x:ro', '/home:/x:ro', '/:/x:ro', '/home/a/../../etc:/x:ro'],
    ...['/home/a:/x', '/home/a:/x:rw', '/home/a:/x:', '/home/a:/x:z', '/home/a:/x:ro,Z'],
    ...['/home/a:/x:ro,rshared', '/home/a:/x:shared,ro', '/home/a:/x:ro,slave'],
    ...[
      '/home/a:/x:ro:ro',
      '/home/a:ro',
      '/home/a:',
      ':/x',
      '',
      ':',
      '/home/a:/x:ro,rw',
      '/home/a:/x:RO',
      '/home/a:/x:bind',
    ],
    ...['/home/a\u0000:/x:ro', './home/a:/x:ro', 'home/a:/x:ro', '..:/x', '~/x:/x', '/srv/work/a:/x'],
  ])('refuses %j', (text) => {
    expect(refused(HOME, bind(text))).toHaveLength(1)
  })

  it.each([
    ...[
      '/home/a:/x:ro',
      '/home//a/.:/x:ro',
      '/home/./b/../a/:/x:ro',
      '/home/a:/x:ro,rprivate',
      '/home/a:/x:private,ro',
    ],
    ...['/srv/work:/x', '/srv/work/:/x:rw', '/srv/work:/x:z', '/srv/work:/x:Z,nocopy,cached'],
  ])('allows %j', (text) => {
    allowed(HOME, bind(text))
  })

  it('refuses a text that is longer than two paths and their modes', () => {
    const bind = (length: number) => `/home/${'a'.repeat(length)}:/x:ro`
    expect(parseBind(bind(8_000))).not.toBeNull()
    expect(parseBind(bind(9_000))).toBeNull()
  })

  it('says what is wrong with the access where the source is listed', () => {
    expect(refused(HOME, bind('/home/a:/x'))).toEqual(['HostConfig.Binds[0]: "/home/a:/x" (workload.mounts)'])
  })

  it('takes a source that is no path for a volume, whatever it looks like', () => {
    const role = withImage('mounts: [{source: "/**", readOnly: false}], volumes: ["ci-*"]')
    allowed(role, bind('ci-1:/x:ro,z'))
    allowed(role, bind('/x'))
    for (const text of ['etc:/x', 'ci-1/../../x:/x', 'ci-:x:y', 'ci-\u00e4:/x'])
      expect(refused(role, bind(text))).toHaveLength(1)
    expect(refused(HOME, bind('ci-1:/x'))).toEqual(['HostConfig.Binds[0]: "ci-1" (workload.volumes)'])
    expect(refused(HOME, bind('/x'))).toEqual(['HostConfig.Binds[0]: a volume without a name (workload.volumes)'])
  })

  it('fills claims in literally', () => {
    const role = withImage('mounts: [{source: "/srv/${claims.team}/*"}]')
    allowed(role, bind('/srv/blue/a:/x:ro'), { claims: { team: 'blue' } })
    expect(refused(role, bind('/srv/red/a:/x:ro'), { claims: { team: 'blue' } })).toHaveLength(1)
    expect(refused(role, bind('/srv/red/a:/x:ro'), { claims: { team: '*' } })).toHaveLength(1)
    expect(refused(role, bind('/srv/etc:/x:ro'), { claims: { team: '..' } })).toHaveLength(1)
  })
})

describe('Mounts (T66)', () => {
  it.each([
    { Type: 'bind', Source: '/etc', ReadOnly: true },
    { Type: 'bind', Source: '/home/a' },
    { Type: 'bind', Source: '/home/a', ReadOnly: true, BindOptions: { Propagation: 'rshared' } },
    { Type: 'bind', Source: '/home/a', ReadOnly: true, BindOptions: { Propagation: 'RPRIVATE' } },
    { Type: 'bind', Source: '/home/a', ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
    { Type: 'bind', Source: '' },
    { Type: 'BIND', Source: '/home/a', ReadOnly: true },
    { Type: 'Volume', Source: 'x' },
    { Type: '', Source: '/home/a', ReadOnly: true },
    { Type: 'npipe', Source: '/home/a' },
    { Type: 'cluster', Source: 'x' },
    { Type: 'tmpfs' },
    { Type: 'image', Source: 'registry.acme.io/x' },
    { Type: 'volume', Source: 'x' },
    { Type: 'volume' },
    { Source: '/home/a' },
  ])('refuses %j', (members) => {
    expect(refused(HOME, mount(members))).toHaveLength(1)
  })

  it.each([
    { Type: 'bind', Source: '/home/a/', ReadOnly: true },
    { Type: 'bind', Source: '/home/a', ReadOnly: true, BindOptions: { Propagation: 'private' } },
    {
      Type: 'bind',
      Source: '/home/a',
      ReadOnly: true,
      BindOptions: { ReadOnlyNonRecursive: true, NonRecursive: true },
    },
    { Type: 'bind', Source: '/srv/work', BindOptions: { CreateMountpoint: true } },
    { Type: 'image', Source: 'alpine:3.20', ImageOptions: { Subpath: 'etc' } },
  ])('allows %j', (members) => {
    allowed(HOME, mount(members))
  })

  it('allows shared propagation where the role has it', () => {
    const role = withImage('mounts: [{source: /srv, readOnly: false, propagation: [rshared]}]')
    allowed(role, mount({ Type: 'bind', Source: '/srv', BindOptions: { Propagation: 'rshared' } }))
    expect(refused(role, mount({ Type: 'bind', Source: '/srv' }))).toHaveLength(1)
  })

  it('takes a colon for a part of the path where that can be said', () => {
    allowed(withImage('mounts: [{source: "/srv/*"}]'), mount({ Type: 'bind', Source: '/srv/a:b', ReadOnly: true }))
  })

  it('allows types that it does not bound to roles that list the field', () => {
    allowed(withImage('hostFields: [HostConfig.Mounts.Type]'), mount({ Type: 'cluster', Source: 'x' }))
  })

  it.each(['../etc', 'a/../../b', '/etc', '..'])('refuses a subpath %j that leads out of the volume', (Subpath) => {
    const role = withImage('volumes: ["*"]')
    const found = refused(role, mount({ Type: 'volume', Source: 'data', VolumeOptions: { Subpath } }))
    expect(found).toEqual([`HostConfig.Mounts[0].VolumeOptions.Subpath: "${Subpath}" (workload.volumes)`])
    allowed(role, mount({ Type: 'volume', Source: 'data', VolumeOptions: { Subpath: 'a/..b' } }))
  })
})

describe('volumes and their drivers (T67, T69)', () => {
  const ROLE = withImage('volumes: ["ci-*"], labels: {}')

  it('refuses driver options, with which the local driver mounts any of the host', () => {
    const DriverConfig = { Name: 'local', Options: { type: 'none', o: 'bind', device: '/' } }
    expect(refused(ROLE, mount({ Type: 'volume', Source: 'ci-1', VolumeOptions: { DriverConfig } }))).toEqual([
      'HostConfig.Mounts[0].VolumeOptions.DriverConfig.Options: {type, o, device} (workload.hostFields)',
    ])
    expect(refused(ROLE, { Name: 'ci-1', DriverOpts: { device: '/' } }, { operation: 'VolumeCreate' })).toEqual([
      'DriverOpts: {device} (workload.hostFields)',
    ])
  })

  it('refuses other drivers than the local one', () => {
    const DriverConfig = { Name: 'nfs' }
    expect(refused(ROLE, mount({ Type: 'volume', Source: 'ci-1', VolumeOptions: { DriverConfig } }))).toHaveLength(1)
    expect(refused(ROLE, host({ VolumeDriver: 'nfs' }))).toHaveLength(1)
    expect(refused(ROLE, { Name: 'ci-1', Driver: 'nfs' }, { operation: 'VolumeCreate' })).toHaveLength(1)
    allowed(ROLE, host({ VolumeDriver: 'local' }))
  })

  it('judges the name of a volume that is created, and that it has one', () => {
    allowed(ROLE, { Name: 'ci-1', Labels: { a: 'b' } }, { operation: 'VolumeCreate' })
    allowed(ROLE, {}, { operation: 'VolumeCreate' })
    expect(refused(ROLE, { Name: 'other' }, { operation: 'VolumeCreate' })).toHaveLength(1)
    expect(refused(withImage(''), {}, { operation: 'VolumeCreate' })).toHaveLength(1)
  })

  it('allows volumes without a name where the role has volumes, be it none by name', () => {
    const body = {
      Image: 'alpine',
      Volumes: { '/data': {} },
      HostConfig: { Mounts: [{ Type: 'volume', Target: '/x' }] },
    }
    allowed(withImage('volumes: []'), body)
    expect(refused(withImage(''), body)).toHaveLength(2)
  })
})

describe('symbolic links (T68)', () => {
  const ROLE = withImage('mounts: [{source: "/srv/**", readOnly: false}], volumes: [data]')
  const links = { '/srv/link': '/etc', '/srv/inside': '/srv/real', '/srv/loop': '', '/var/lib': '/srv/lib' }
  const both = (path: string) => ({
    Image: 'alpine',
    HostConfig: { Binds: [`${path}:/x:rw`], Mounts: [{ Type: 'bind', Source: path, Target: '/y' }] },
  })

  it('refuses what leads out of the listed directories, and what leads nowhere that can be told', () => {
    expect(refused(ROLE, both('/srv/link'), { links })).toHaveLength(2)
    expect(refused(ROLE, both('/srv/./link/'), { links })).toHaveLength(2)
    expect(refused(ROLE, both('/srv/loop'), { links })).toHaveLength(2)
    allowed(ROLE, both('/srv/link'))
  })

  it('sends the path that was judged, so that a link changed in between leads nowhere', () => {
    expect(allowed(ROLE, both('/srv//inside/'), { links })).toMatchObject({
      HostConfig: { Binds: ['/srv/real:/x:rw'], Mounts: [{ Type: 'bind', Source: '/srv/real', Target: '/y' }] },
    })
    expect(allowed(ROLE, both('/var/lib'), { links })).toMatchObject({ HostConfig: { Binds: ['/srv/lib:/x:rw'] } })
  })

  it('leaves volumes as they are, and refuses a path that Binds cannot say', () => {
    const body = { Image: 'alpine', HostConfig: { Binds: ['data:/x', '/srv/a:/y'] } }
    expect(allowed(ROLE, body, { links })).toMatchObject(body)
    expect(
      refused(ROLE, { Image: 'alpine', HostConfig: { Binds: ['/srv/a:/y'] } }, { links: { '/srv/a': '/srv/b:c' } }),
    ).toHaveLength(1)
  })

  it('names every path that has to be looked at, cleaned', () => {
    const body = {
      HostConfig: {
        Binds: ['/srv//a:/x', 'data:/y', 'bad:::'],
        Mounts: [
          { Type: 'bind', Source: '/srv/b/' },
          { Type: 'volume', Source: 'data' },
        ],
        Devices: [{ PathOnHost: '/dev/../dev/fuse' }],
      },
    }
    const context = { operation: operation('ContainerCreate'), body: parseJson(Buffer.from(JSON.stringify(body))) }
    expect(hostPathsIn(context)).toEqual(['/srv/a', '/srv/b', '/dev/fuse'])
  })

  it('looks at 128 paths at most, as each may lead through many links', () => {
    const Binds = Array.from({ length: 1000 }, (_, i) => `/srv/${i}:/x${i}`)
    const body = parseJson(Buffer.from(JSON.stringify({ HostConfig: { Binds } })))
    expect(hostPathsIn({ operation: operation('ContainerCreate'), body })).toHaveLength(128)
  })
})

describe('file systems in memory (T70)', () => {
  const ROLE = withImage('tmpfs: {size: 64MiB, options: [exec]}')
  const inMount = (TmpfsOptions: object) => mount({ Type: 'tmpfs', TmpfsOptions })

  it.each([
    ...[
      'suid',
      'dev',
      'exec,dev',
      'rw,size=65m',
      'size=0',
      'size=50%',
      'size=',
      'size',
      'size=010m',
      'size=0x10',
      'size=67108865',
    ],
    ...['nr_blocks=1', 'nr_blocks=0', 'bind', 'rshared', 'remount', 'Exec', 'exec ', 'size=64m,size=1g', 'huge=always'],
  ])('refuses the options %j', (options) => {
    expect(refused(ROLE, host({ Tmpfs: { '/t': options } }))).toHaveLength(1)
    expect(refused(ROLE, inMount({ Options: [[options]] }))).toHaveLength(1)
  })

  it.each(['', 'rw,noexec,nosuid,nodev', 'exec', 'size=64m', 'size=65536k', 'mode=1777,uid=5,gid=5,nr_inodes=10'])(
    'allows the options %j',
    (options) => {
      allowed(ROLE, host({ Tmpfs: { '/t': options } }))
      allowed(ROLE, inMount({ Options: options.split(',').map((option) => option.split('=')) }))
    },
  )

  it('refuses more options than the kernel takes, without reading them', () => {
    const options = 'a,'.repeat(1_000_000)
    expect(refused(ROLE, host({ Tmpfs: { '/t': options } }))).toHaveLength(1)
    expect(refused(ROLE, inMount({ Options: [[options]] }))).toHaveLength(1)
    allowed(ROLE, host({ Tmpfs: { '/t': 'ro,'.repeat(1365) } }))
  })

  it('takes a number of pages for a size', () => {
    expect(refused(ROLE, host({ Tmpfs: { '/t': 'nr_blocks=1' } }))).toEqual([
      'HostConfig.Tmpfs["/t"]: "nr_blocks=1" (workload.tmpfs.size)',
    ])
    allowed(withImage('tmpfs: {size: unlimited}'), host({ Tmpfs: { '/t': 'nr_blocks=0' } }))
  })

  it('refuses sizes beyond the largest, as a number too', () => {
    expect(refused(ROLE, inMount({ SizeBytes: 64 * 1024 ** 2 + 1 }))).toEqual([
      'HostConfig.Mounts[0].TmpfsOptions.SizeBytes: 67108865 (workload.tmpfs.size)',
    ])
    expect(refused(ROLE, inMount({ SizeBytes: -1 }))).toHaveLength(1)
    expect(refused(ROLE, inMount({ SizeBytes: 1, Options: [['mode', '7,size=1g']] }))).toHaveLength(1)
    allowed(ROLE, inMount({ SizeBytes: 64 * 1024 ** 2 }))
  })

  it('gives the largest size to one that states none', () => {
    const body = {
      Image: 'alpine',
      HostConfig: {
        Tmpfs: { '/a': '', '/b': 'rw,exec', '/c': 'size=1m', '0': '' },
        Mounts: [
          { Type: 'tmpfs', Target: '/d' },
          { Type: 'tmpfs', Target: '/e', TmpfsOptions: { SizeBytes: 5 } },
          { Type: 'tmpfs', Target: '/f', TmpfsOptions: { Options: [['size', '1m']] } },
        ],
      },
    }
    expect(allowed(ROLE, body)).toEqual({
      Image: 'alpine',
      HostConfig: {
        Tmpfs: { '/a': 'size=67108864', '/b': 'rw,exec,size=67108864', '/c': 'size=1m', '0': 'size=67108864' },
        Mounts: [
          { Type: 'tmpfs', Target: '/d', TmpfsOptions: { SizeBytes: 67108864 } },
          { Type: 'tmpfs', Target: '/e', TmpfsOptions: { SizeBytes: 5 } },
          { Type: 'tmpfs', Target: '/f', TmpfsOptions: { Options: [['size', '1m']], SizeBytes: 67108864 } },
        ],
      },
    })
  })

  it('bounds nothing where the size is unlimited, and fills nothing in', () => {
    const role = withImage('tmpfs: {size: unlimited, options: [exec, suid, dev]}, hostFields: ["*"]')
    const body = host({ Tmpfs: { '/t': 'exec,suid,dev,size=50%,nr_blocks=0,mpol=local', '/u': '' } })
    expect(allowed(role, body)).toEqual(body)
  })

  it('refuses every one where the role has none, and changes nothing', () => {
    const body = {
      Image: 'alpine',
      HostConfig: { Tmpfs: { '/t': '' }, Mounts: [{ Type: 'tmpfs', TmpfsOptions: { SizeBytes: 1 } }] },
    }
    expect(refused(withImage(''), body)).toEqual([
      'HostConfig.Mounts[0].Type: "tmpfs" (workload.tmpfs)',
      'HostConfig.Tmpfs: {/t} (workload.tmpfs)',
    ])
    expect(sentFor(withImage(''), body)).toEqual(body)
  })
})
