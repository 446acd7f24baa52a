import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { host, judgementOf } from './judgement.ts'
import { type Scene, startScene } from './scene.ts'

const CREATE = '/v1.47/containers/create'
const VOLUMES = '/v1.47/volumes/create'
const MiB = 1024 ** 2

/** A driver that mounts whatever it is told to, by name and with options. */
const BIND = { type: 'none', o: 'bind', device: '/' }

const mount = (members: object) => host({ Mounts: [{ Target: '/x', ...members }] })
const volume = (VolumeOptions: object) => mount({ Type: 'volume', Source: 'ci-1', VolumeOptions })

describe('attacks on storage', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({
      ci: '{ extends: ci-run, workload: { volumes: ["ci-*"], tmpfs: { size: 64MiB, options: [exec] }, defaults: {}, limits: {} } }',
      bare: '{ extends: ci-run, workload: { volumes: [], tmpfs: { size: unlimited }, defaults: {}, limits: {} } }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const ci = judgementOf(() => scene, 'ci')
  const bare = judgementOf(() => scene, 'bare')

  it.each([
    ["the host's root", BIND],
    ['a block device', { type: 'ext4', device: '/dev/sda1' }],
    ['overlays of the host', { type: 'overlay', device: 'overlay', o: 'lowerdir=/,upperdir=/tmp/u,workdir=/tmp/w' }],
    ['a file server', { type: 'nfs', o: 'addr=169.254.169.254,rw', device: ':/export' }],
    ['a share, with its password', { type: 'cifs', o: 'username=x,password=hunter2', device: '//10.0.0.1/c$' }],
    ['nothing but an option', { o: '' }],
  ])('T67 refuses a volume that is %s, in a mount, at its making and beside a name', async (_, options) => {
    const inMount = 'HostConfig.Mounts[0].VolumeOptions.DriverConfig.Options (workload.hostFields)'
    expect(await ci.refused(CREATE, volume({ DriverConfig: { Name: 'local', Options: options } }))).toEqual([inMount])
    expect(await ci.refused(CREATE, volume({ DriverConfig: { Options: options } }))).toEqual([inMount])
    expect(await ci.refused(VOLUMES, { Name: 'ci-1', Driver: 'local', DriverOpts: options })).toEqual([
      'DriverOpts (workload.hostFields)',
    ])
    expect(await ci.refused(VOLUMES, { DriverOpts: options })).toEqual(['DriverOpts (workload.hostFields)'])
    expect(scene.recordLines().join('\n')).not.toContain('hunter2')
  })

  it('T67 refuses a volume of another driver, wherever it is named', async () => {
    expect(await ci.refused(CREATE, volume({ DriverConfig: { Name: 'vieux/sshfs' } }))).toEqual([
      'HostConfig.Mounts[0].VolumeOptions.DriverConfig.Name (workload.hostFields)',
    ])
    expect(
      await ci.refused(CREATE, { ...host({ VolumeDriver: 'nfs', Binds: ['ci-1:/x'] }), Volumes: { '/y': {} } }),
    ).toEqual(['HostConfig.VolumeDriver (workload.hostFields)'])
    expect(await ci.refused(VOLUMES, { Name: 'ci-1', Driver: 'Local' })).toEqual(['Driver (workload.hostFields)'])
  })

  it('T67 refuses a volume of the swarm', async () => {
    const ClusterVolumeSpec = { Group: 'x', AccessMode: { Scope: 'single', Secrets: [{ Key: 'k', Secret: 's' }] } }
    expect(await ci.refused(VOLUMES, { Name: 'ci-1', ClusterVolumeSpec })).toEqual([
      'ClusterVolumeSpec (workload.hostFields)',
    ])
    expect(await ci.refused(VOLUMES, { Name: 'ci-1', ClusterVolumeSpec: {} })).toHaveLength(1)
  })

  it.each(['prod-db', '../etc', 'ci-/../x', 'ci- 1', 'CI-1', '/var/lib/docker'])(
    'T67 refuses the volume %j, whoever asks for it in which way',
    async (name) => {
      expect(await ci.refused(VOLUMES, { Name: name })).toEqual(['Name (workload.volumes)'])
      expect(await ci.refused(CREATE, mount({ Type: 'volume', Source: name }))).toHaveLength(1)
      if (!name.startsWith('/')) expect(await ci.refused(CREATE, host({ Binds: [`${name}:/x`] }))).toHaveLength(1)
    },
  )

  it('T67 sends a listed volume on as it was judged', async () => {
    expect(await ci.sent(VOLUMES, { Name: 'ci-1', Driver: 'local', DriverOpts: {}, Labels: { a: 'b' } })).toEqual({
      Name: 'ci-1',
      Driver: 'local',
      DriverOpts: {},
      Labels: { a: 'b' },
    })
    const body = volume({ DriverConfig: { Name: 'local' }, NoCopy: true, Subpath: 'a/b' })
    expect(await ci.sent(CREATE, body)).toEqual(body)
  })

  it.each(['../../etc', '/etc', 'a/../../b'])('T66 refuses the subpath %j of a volume', async (Subpath) => {
    expect(await ci.refused(CREATE, volume({ Subpath }))).toEqual([
      'HostConfig.Mounts[0].VolumeOptions.Subpath (workload.volumes)',
    ])
  })

  it("T69 refuses another container's mounts and links", async () => {
    expect(await ci.refused(CREATE, host({ VolumesFrom: ['prod:rw'], Links: ['prod:db'] }))).toEqual([
      'HostConfig.VolumesFrom (workload.hostFields)',
      'HostConfig.Links (workload.hostFields)',
    ])
    const endpoints = { EndpointsConfig: { bridge: { Links: ['prod:db'] } } }
    // This role may join every network, and so stand in it as it likes: links there are names within it.
    expect(await ci.sent(CREATE, { ...host({}), NetworkingConfig: endpoints })).toMatchObject({
      NetworkingConfig: endpoints,
    })
  })

  it.each([
    'suid',
    'dev',
    'exec,dev',
    'noexec,suid',
    'size=65m',
    'size=0',
    'size=50%',
    'nr_blocks=0',
    'bind',
    'remount',
  ])('T70 refuses a file system in memory with %s, in both places', async (options) => {
    expect(await ci.refused(CREATE, host({ Tmpfs: { '/t': options } }))).toHaveLength(1)
    const Options = options.split(',').map((option) => option.split('='))
    expect(await ci.refused(CREATE, mount({ Type: 'tmpfs', TmpfsOptions: { Options } }))).toHaveLength(1)
  })

  it('T70 refuses a larger one than the role has, and gives its size to one that states none', async () => {
    const sized = (SizeBytes: number) => mount({ Type: 'tmpfs', TmpfsOptions: { SizeBytes } })
    expect(await ci.refused(CREATE, sized(64 * MiB + 1))).toEqual([
      'HostConfig.Mounts[0].TmpfsOptions.SizeBytes (workload.tmpfs.size)',
    ])
    expect(await ci.sent(CREATE, sized(64 * MiB))).toEqual(sized(64 * MiB))
    expect(await ci.sent(CREATE, sized(0))).toEqual(sized(64 * MiB))
    expect(await ci.sent(CREATE, mount({ Type: 'tmpfs' }))).toEqual(sized(64 * MiB))
    expect(await ci.sent(CREATE, host({ Tmpfs: { '/t': 'exec,size=1m', '/u': '' } }))).toEqual(
      host({ Tmpfs: { '/t': 'exec,size=1m', '/u': `size=${64 * MiB}` } }),
    )
    expect(await bare.sent(CREATE, mount({ Type: 'tmpfs' }))).toEqual(mount({ Type: 'tmpfs' }))
  })

  it('T70 says everything that is wrong with storage at once', async () => {
    const body = {
      Image: 'alpine',
      HostConfig: {
        Binds: ['/:/host', 'prod:/data'],
        Mounts: [{ Type: 'volume', Source: 'x', Target: '/v', VolumeOptions: { DriverConfig: { Options: BIND } } }],
        Tmpfs: { '/t': 'suid' },
        VolumesFrom: ['prod'],
      },
    }
    expect((await ci.refused(CREATE, body)).sort()).toEqual([
      'HostConfig.Binds[0] (workload.mounts)',
      'HostConfig.Binds[1] (workload.volumes)',
      'HostConfig.Mounts[0].Source (workload.volumes)',
      'HostConfig.Mounts[0].VolumeOptions.DriverConfig.Options (workload.hostFields)',
      'HostConfig.Tmpfs["/t"] (workload.tmpfs.options)',
      'HostConfig.VolumesFrom (workload.hostFields)',
    ])
  })
})
