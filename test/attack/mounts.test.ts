import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { host, judgementOf } from './judgement.ts'
import { type Scene, startScene } from './scene.ts'

const CREATE = '/containers/create'
const BASE = 'allow: [run], extends: ci-run'
/** Paths that no machine has, so that each is what it is written as. */
const ROLES = {
  none: `{ allow: [run], workload: { images: ["docker.io/library/*"], volumes: ["ci-*"] } }`,
  home: `{ allow: [run], workload: { images: ["docker.io/library/*"], mounts: [{ source: "/nowhere/home/*" }, { source: /nowhere/work, readOnly: false }] } }`,
  shared: `{ allow: [run], workload: { images: ["docker.io/library/*"], mounts: [{ source: "/nowhere/s", readOnly: false, propagation: [rshared] }] } }`,
  preset: `{ ${BASE}, workload: { limits: {}, defaults: {} } }`,
}

describe('attacks by mounts', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene(ROLES)
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const none = judgementOf(() => scene, 'none')
  const home = judgementOf(() => scene, 'home')
  const shared = judgementOf(() => scene, 'shared')
  const preset = judgementOf(() => scene, 'preset')
  const bind = (text: string) => host({ Binds: [text] })
  const mount = (members: object) => host({ Mounts: [{ Target: '/x', ...members }] })

  it.each(['/:/x', '/etc:/x:ro', '/var/run/docker.sock:/s', '/var/run/docker.sock:/s:ro', '/proc/1/root:/x', '//:/x'])(
    'T65 refuses to a preset for CI the bind %s, however it is asked for',
    async (text) => {
      const [Source = ''] = text.split(':')
      expect(await preset.refused(CREATE, bind(text))).toEqual(['HostConfig.Binds[0] (workload.mounts)'])
      expect(await preset.refused(CREATE, mount({ Type: 'bind', Source, ReadOnly: true }))).toEqual([
        'HostConfig.Mounts[0].Source (workload.mounts)',
      ])
    },
  )

  it.each([
    ...['/nowhere/home2/a:/x:ro', '/nowhere/home/a/b:/x:ro', '/nowhere/home:/x:ro', '/nowhere/home/:/x:ro'],
    ...['/nowhere/home/a/../../etc:/x:ro', '/nowhere/home/./../x:/x:ro', '/nowhere/home/a/..:/x:ro'],
    ...['/nowhere/home/a:/x', '/nowhere/home/a:/x:rw', '/nowhere/home/a:/x:', '/nowhere/home/a:/x:z'],
    ...['/nowhere/home/a:/x:ro,Z', '/nowhere/home/a:/x:ro,rshared', '/nowhere/home/a:/x:shared,ro'],
    ...['/nowhere/home/a:/x:ro,slave', '/nowhere/home/a:/x:ro:ro', '/nowhere/home/a:ro', '/nowhere/home/a:'],
    ...[':/x', '', ':', '/nowhere/home/a:/x:ro,rw', '/nowhere/home/a:/x:RO', '/nowhere/home/a:/x:bind'],
    ...['/nowhere/home/a\0:/x:ro', '/nowhere/work/a:/x', '/NOWHERE/work:/x', '/nowhere/home/\u2025/etc:/x'],
  ])('T65 refuses the bind %j', async (text) => {
    expect(await home.refused(CREATE, bind(text))).toEqual(['HostConfig.Binds[0] (workload.mounts)'])
  })

  it.each([
    'etc:/x',
    './nowhere/home/a:/x:ro',
    'nowhere/home/a:/x:ro',
    '..:/x',
    '~/x:/x',
    'C:\\:/x',
    'ci-1/../../etc:/x',
  ])('T65 takes the source of %j for no path, and for no volume that the role has', async (text) => {
    const found = ['HostConfig.Binds[0] (workload.volumes)']
    expect(await home.refused(CREATE, bind(text))).toEqual(
      text.startsWith('C:') ? ['HostConfig.Binds[0] (workload.mounts)'] : found,
    )
    expect(await none.refused(CREATE, bind(text))).toHaveLength(1)
  })

  it.each([
    ...['/nowhere/home/a:/x:ro', '/nowhere/home/a:/x:ro,rprivate', '/nowhere/home/a:/x:private,ro'],
    ...['/nowhere/work:/x', '/nowhere/work:/x:rw', '/nowhere/work:/x:Z,nocopy,cached'],
  ])('T65 sends the bind %s as it is', async (text) => {
    expect(await home.sent(CREATE, bind(text))).toEqual(bind(text))
  })

  it('T65 sends volumes by name, and allows none without', async () => {
    expect(await none.sent(CREATE, bind('ci-1:/x:ro,z'))).toEqual(bind('ci-1:/x:ro,z'))
    expect(await none.refused(CREATE, bind('other:/x'))).toEqual(['HostConfig.Binds[0] (workload.volumes)'])
    expect(await home.refused(CREATE, bind('/x'))).toEqual(['HostConfig.Binds[0] (workload.volumes)'])
    expect(await home.refused(CREATE, { Image: 'alpine', Volumes: { '/x': {} } })).toEqual([
      'Volumes["/x"] (workload.volumes)',
    ])
  })

  it('T65 allows shared propagation only where the role has it', async () => {
    expect(await shared.sent(CREATE, bind('/nowhere/s:/x:rshared'))).toEqual(bind('/nowhere/s:/x:rshared'))
    expect(await shared.refused(CREATE, bind('/nowhere/s:/x'))).toEqual(['HostConfig.Binds[0] (workload.mounts)'])
    const BindOptions = { Propagation: 'rshared' }
    expect(await shared.sent(CREATE, mount({ Type: 'bind', Source: '/nowhere/s', BindOptions }))).toEqual(
      mount({ Type: 'bind', Source: '/nowhere/s', BindOptions }),
    )
  })

  const HOME = '/nowhere/home/a'
  it.each([
    [{ Type: 'bind', Source: '/etc', ReadOnly: true }, 'Source (workload.mounts)'],
    [{ Type: 'bind', Source: HOME }, 'Source (workload.mounts)'],
    [{ Type: 'bind', Source: '/nowhere/home/../etc', ReadOnly: true }, 'Source (workload.mounts)'],
    [
      { Type: 'bind', Source: HOME, ReadOnly: true, BindOptions: { Propagation: 'rshared' } },
      'Source (workload.mounts)',
    ],
    [
      { Type: 'bind', Source: HOME, ReadOnly: true, BindOptions: { Propagation: 'RPRIVATE' } },
      'Source (workload.mounts)',
    ],
    [
      { Type: 'bind', Source: HOME, ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
      'Source (workload.mounts)',
    ],
    [{ Type: 'bind', Source: '' }, 'Source (workload.mounts)'],
    [{ Type: 'BIND', Source: HOME, ReadOnly: true }, 'Type (workload.hostFields)'],
    [{ Type: '', Source: HOME, ReadOnly: true }, 'Type (workload.hostFields)'],
    [{ Source: HOME, ReadOnly: true }, 'Type (workload.hostFields)'],
    [{ Type: 'Volume', Source: 'ci-1' }, 'Type (workload.hostFields)'],
    [{ Type: 'npipe', Source: HOME }, 'Type (workload.hostFields)'],
    [{ Type: 'cluster', Source: 'x' }, 'Type (workload.hostFields)'],
    [{ Type: 'tmpfs' }, 'Type (workload.tmpfs)'],
    [{ Type: 'image', Source: 'evil.io/x' }, 'Source (workload.images)'],
    [{ Type: 'volume', Source: 'ci-1' }, 'Source (workload.volumes)'],
    [{ Type: 'volume', Source: '/etc' }, 'Source (workload.volumes)'],
    [{ Type: 'volume' }, 'Source (workload.volumes)'],
  ])('T66 refuses the mount %j', async (members, found) => {
    expect(await home.refused(CREATE, mount(members))).toEqual([`HostConfig.Mounts[0].${found}`])
  })

  it.each(['../etc', 'a/../../b', '/etc', '..'])('T66 refuses the subpath %j of a volume', async (Subpath) => {
    const body = mount({ Type: 'volume', Source: 'ci-1', VolumeOptions: { Subpath } })
    expect(await none.refused(CREATE, body)).toEqual(['HostConfig.Mounts[0].VolumeOptions.Subpath (workload.volumes)'])
  })

  it('T66 sends the mounts that the role has as they are', async () => {
    const body = host({
      Mounts: [
        { Type: 'bind', Source: HOME, Target: '/a', ReadOnly: true, BindOptions: { NonRecursive: true } },
        { Type: 'bind', Source: '/nowhere/work', Target: '/b', BindOptions: { CreateMountpoint: true } },
        { Type: 'image', Source: 'alpine:3.20', Target: '/c', ImageOptions: { Subpath: 'etc' } },
      ],
    })
    expect(await home.sent(CREATE, body)).toEqual(body)
  })

  it('T66 finds a bad mount among good ones, and says which', async () => {
    const good = { Type: 'bind', Source: HOME, Target: '/a', ReadOnly: true }
    const body = host({
      Binds: [`${HOME}:/x:ro`, '/:/y'],
      Mounts: [good, good, { ...good, Source: '/root' }, { ...good, Type: 'volume' }],
    })
    expect(await home.refused(CREATE, body)).toEqual([
      'HostConfig.Binds[1] (workload.mounts)',
      'HostConfig.Mounts[2].Source (workload.mounts)',
      'HostConfig.Mounts[3].Source (workload.volumes)',
    ])
  })

  it('T67 refuses the host by the options of a volume, at create and where a volume is made', async () => {
    const Options = { type: 'none', o: 'bind', device: '/' }
    const body = mount({ Type: 'volume', Source: 'ci-1', VolumeOptions: { DriverConfig: { Name: 'local', Options } } })
    expect(await none.refused(CREATE, body)).toEqual([
      'HostConfig.Mounts[0].VolumeOptions.DriverConfig.Options (workload.hostFields)',
    ])
    expect(await none.refused('/volumes/create', { Name: 'ci-1', DriverOpts: Options })).toEqual([
      'DriverOpts (workload.hostFields)',
    ])
    expect(await preset.refused('/volumes/create', { Driver: 'nfs', DriverOpts: { device: ':/' } })).toEqual([
      'DriverOpts (workload.hostFields)',
      'Driver (workload.hostFields)',
    ])
  })
})
