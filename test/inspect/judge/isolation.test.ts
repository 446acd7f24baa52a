import { describe, expect, it } from 'vitest'
import { allowed, host, judged, refused, withImage, workload } from './judged.ts'

const OPERATOR_HOST_FIELDS = 'hostFields: ["*"]'

describe('privileged containers and capabilities (T60)', () => {
  it('refuses a privileged container, and names the key that would allow it', () => {
    expect(refused(withImage(''), host({ Privileged: true }))).toEqual([
      'HostConfig.Privileged: true (workload.privileged)',
    ])
    allowed(withImage('privileged: true'), host({ Privileged: true }))
  })

  it.each([
    ...['ALL', 'all', 'SYS_ADMIN', 'CAP_SYS_ADMIN', 'cap_sys_admin', 'Sys_Admin', 'CAP_ALL', 'NO_SUCH', ''],
    // Go's ToUpper makes SYS_ADMIN of the first.
    ...['SYS_ADM\u0131N', 'ſYS_ADMIN', 'SYS_ADMIN '],
  ])('refuses to add the capability %j where the role has another', (capability) => {
    expect(refused(withImage('capabilities: [NET_ADMIN]'), host({ CapAdd: [capability] }))).toHaveLength(1)
  })

  it.each(['NET_ADMIN', 'cap_net_admin', 'CHOWN', 'cap_net_raw'])(
    'adds %s, which the role has or every container',
    (capability) => {
      allowed(withImage('capabilities: [NET_ADMIN]'), host({ CapAdd: [capability], CapDrop: ['ALL'] }))
    },
  )

  it('reads a single word as a list of one, as engines up to 28 do', () => {
    expect(refused(withImage(''), host({ CapAdd: 'ALL' }))).toEqual([
      'HostConfig.CapAdd[0]: "ALL" (workload.capabilities)',
    ])
  })

  it('judges the whole set of API 1.40 as what is added', () => {
    expect(refused(withImage(''), host({ Capabilities: ['CAP_CHOWN', 'CAP_SYS_PTRACE'] }))).toEqual([
      'HostConfig.Capabilities[1]: "CAP_SYS_PTRACE" (workload.capabilities)',
    ])
  })

  it('says of a name that is none that it is none, where the role has ALL', () => {
    const { findings } = judged(withImage('capabilities: [ALL]'), host({ CapAdd: ['NET_ADMN'] }))
    expect(findings.map(({ why }) => why)).toEqual(['it is no capability that this program knows'])
  })

  it('has every capability where the role has ALL', () => {
    allowed(withImage('capabilities: [ALL]'), host({ CapAdd: ['ALL', 'BPF'] }))
  })
})

describe('devices (T61)', () => {
  const ROLE = withImage('devices: [{path: /dev/fuse}, {path: "/dev/snd/**", permissions: rw}]')
  const device = (PathOnHost: string, CgroupPermissions = 'rwm') => ({
    Devices: [{ PathOnHost, PathInContainer: '/dev/x', CgroupPermissions }],
  })

  it.each([
    ['/dev/sda', 'rwm'],
    ['/dev/fuse/../sda', 'rwm'],
    ['/dev', 'r'],
    ['dev/fuse', 'rwm'],
    ['', 'r'],
    ['/dev/snd/pcm', 'rwm'],
    ['/dev/snd/pcm', ''],
    ['/dev/snd/pcm', 'x'],
  ])('refuses %j with %j', (path, permissions) => {
    expect(refused(ROLE, host(device(path, permissions)))).toHaveLength(1)
  })

  it.each([
    ['/dev/fuse', 'mrw'],
    ['/dev//fuse/', ''],
    ['/dev/snd/pcm', 'wr'],
  ])('allows %j with %j', (path, permissions) => {
    allowed(ROLE, host(device(path, permissions)))
  })

  it('refuses a device node that is a link to another one, where the gate sees the host', () => {
    const role = withImage('devices: [{path: "/dev/disk/**"}]')
    expect(
      refused(role, host(device('/dev/disk/by-id/x')), { links: { '/dev/disk/by-id/x': '/dev/sda' } }),
    ).toHaveLength(1)
    allowed(role, host(device('/dev/disk/by-id/x')), { links: {} })
    expect(refused(role, host(device('/dev/disk/by-id/x')), { links: { '/dev/disk/by-id/x': '' } })).toHaveLength(1)
  })

  describe('that are directories, of which the engine gives every device', () => {
    const directories = ['/dev/dri', '/dev/snd', '/dev/snd/by-id']

    it('are refused where the role does not allow all that is below', () => {
      const role = withImage('devices: [{path: "/dev/*"}, {path: "/dev/snd/*"}]')
      for (const path of ['/dev/dri', '/dev/snd', '/dev/snd/by-id']) {
        expect(refused(role, host(device(path)), { directories })).toEqual([
          `HostConfig.Devices[0].PathOnHost: "${path}" (workload.devices)`,
        ])
      }
      allowed(role, host(device('/dev/fuse')), { directories })
      allowed(role, host(device('/dev/snd/pcm')), { directories })
    })

    it('are refused behind a link, and where the role has them by name', () => {
      const links = { '/dev/gpu': '/dev/dri' }
      expect(
        refused(withImage('devices: [{path: "/dev/*"}]'), host(device('/dev/gpu')), { links, directories }),
      ).toHaveLength(1)
      expect(refused(withImage('devices: [{path: /dev/dri}]'), host(device('/dev/dri')), { directories })).toHaveLength(
        1,
      )
    })

    it('are allowed by a path that ends in two stars, with its permissions', () => {
      const role = withImage('devices: [{path: "/dev/*"}, {path: "/dev/dri/**", permissions: rw}]')
      allowed(role, host(device('/dev/dri', 'rw')), { directories })
      expect(refused(role, host(device('/dev/dri', 'rwm')), { directories })).toEqual([
        'HostConfig.Devices[0].CgroupPermissions: "rwm" (workload.devices)',
      ])
    })
  })

  it('refuses device rules by number, but for roles that list the field', () => {
    const body = host({ DeviceCgroupRules: ['b 8:0 rwm'] })
    expect(refused(withImage('devices: [{path: "/dev/**"}]'), body)).toEqual([
      'HostConfig.DeviceCgroupRules: ["b 8:0 rwm"] (workload.hostFields)',
    ])
    allowed(withImage('hostFields: [HostConfig.DeviceCgroupRules]'), body)
  })
})

describe('device requests (T61)', () => {
  const request = (members: object) => host({ DeviceRequests: [members] })
  const gpu = [['gpu']]

  it('refuses every one where the role has no gpus', () => {
    expect(refused(withImage(''), request({ Count: 1, Capabilities: gpu }))).toEqual([
      'HostConfig.DeviceRequests: [{Count, Capabilities}] (workload.gpus)',
    ])
  })

  it.each([
    [{ Count: 3, Capabilities: gpu }],
    [{ Count: -1, Capabilities: gpu }],
    [{ Count: -2, Capabilities: gpu }],
    [{ DeviceIDs: ['1'], Capabilities: gpu }],
    [{ DeviceIDs: ['all'], Capabilities: gpu }],
    [{ DeviceIDs: ['0,1'], Capabilities: gpu }],
    [{ Driver: 'cdi', DeviceIDs: ['0'] }],
    [{ DeviceIDs: ['0'], Capabilities: [['cdi']] }],
    [{ Driver: 'nvidia', Count: 1 }],
  ])('refuses %j beyond two GPUs or the first', (members) => {
    expect(refused(withImage('gpus: {count: 2, devices: ["0*"]}'), request(members))).toHaveLength(1)
  })

  it('counts all requests together', () => {
    const body = host({ DeviceRequests: [{ Count: 1 }, { Count: 2 }] })
    expect(refused(withImage('gpus: {count: 2}'), body)).toEqual([
      'HostConfig.DeviceRequests[1].Count: 2 (workload.gpus.count)',
    ])
  })

  it.each([
    ['count: 2', { Count: 2, Capabilities: [['gpu', 'utility']] }],
    ['count: unlimited', { Count: -1, Capabilities: gpu }],
    ['count: unlimited', { DeviceIDs: ['all'], Capabilities: gpu }],
    ['devices: ["GPU-*"]', { DeviceIDs: ['GPU-1'], Capabilities: gpu }],
    ['devices: ["vendor.com/net=*"], drivers: [cdi]', { Driver: 'cdi', DeviceIDs: ['vendor.com/net=a'] }],
    ['devices: [a], drivers: [cdi]', { DeviceIDs: ['a'], Capabilities: [['cdi']] }],
  ])('with {%s} allows %j', (yaml, members) => {
    allowed(withImage(`gpus: {${yaml}}`), request(members))
  })
})

describe('namespaces of the host and of other containers (T62, T63, T64)', () => {
  const FIELDS = [
    ['NetworkMode', 'network'],
    ['PidMode', 'pid'],
    ['IpcMode', 'ipc'],
    ['UTSMode', 'uts'],
    ['UsernsMode', 'user'],
    ['CgroupnsMode', 'cgroup'],
  ] as const

  it.each(FIELDS)('refuses %s host without hostNamespaces: [%s], and allows it with that alone', (field, namespace) => {
    const body = host({ [field]: 'host' })
    const others = FIELDS.map(([, name]) => name).filter((name) => name !== namespace)
    expect(refused(withImage(`networks: ["*"], hostNamespaces: [${others.join(', ')}]`), body)).toEqual([
      `HostConfig.${field}: "host" (workload.hostNamespaces)`,
    ])
    allowed(withImage(`hostNamespaces: [${namespace}]`), body)
  })

  it.each(FIELDS)(
    'refuses %s of another container, unless the field is listed as one that reaches the host',
    (field) => {
      const body = host({ [field]: 'container:other' })
      const role = 'networks: ["*"], hostNamespaces: [network, pid, ipc, uts, user, cgroup]'
      expect(refused(withImage(role), body)).toEqual([`HostConfig.${field}: "container:other" (workload.hostFields)`])
      allowed(withImage(`hostFields: [HostConfig.${field}]`), body)
    },
  )

  it('refuses a network namespace by path', () => {
    expect(refused(withImage('networks: ["*"]'), host({ NetworkMode: 'ns:/proc/1/ns/net' }))).toHaveLength(1)
  })

  it.each(['host:', 'Host', 'host ', 'container:', 'shared'])('refuses the spelling %j of a mode', (mode) => {
    expect(refused(withImage(''), host({ PidMode: mode }))).toHaveLength(1)
  })

  it('refuses Cgroup, which names another container and nothing else', () => {
    expect(refused(withImage('hostNamespaces: [cgroup]'), host({ Cgroup: 'container:other' }))).toHaveLength(1)
  })

  it.each([
    { IpcMode: 'private' },
    { IpcMode: 'shareable' },
    { IpcMode: 'none' },
    { CgroupnsMode: 'private' },
    { PidMode: '', UTSMode: null },
  ])('allows the namespaces of the container itself: %j', (members) => {
    allowed(withImage(''), host(members))
  })
})

describe('security options (T71)', () => {
  it.each([
    ...['seccomp=unconfined', 'seccomp:unconfined', 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'],
    ...['apparmor=unconfined', 'apparmor:unconfined', 'label=disable', 'label:disable', 'disable', 'label=type:x'],
    ...['no-new-privileges=false', 'no-new-privileges:0', 'writable-cgroups', 'writable-cgroups=true'],
    ...['systempaths=unconfined', 'Seccomp=unconfined', 'no-new-privileges=', 'unknown', ''],
  ])('refuses %j', (option) => {
    expect(refused(withImage('securityOptions: ["apparmor=docker-*"]'), host({ SecurityOpt: [option] }))).toHaveLength(
      1,
    )
  })

  it.each([
    ...['no-new-privileges', 'no-new-privileges=true', 'no-new-privileges:1', 'writable-cgroups=false'],
    ...['apparmor=docker-ci', 'apparmor:docker-ci'],
  ])('allows %j', (option) => {
    allowed(withImage('securityOptions: ["apparmor=docker-*"]'), host({ SecurityOpt: [option] }))
  })
})

describe('masked paths (T72)', () => {
  it.each([
    [{ SecurityOpt: ['seccomp=unconfined'] }, 'the role has no workload.securityOptions'],
    [{ MaskedPaths: [] }, 'the role has no workload.securityOptions; asked for is "systempaths=unconfined"'],
  ])('says of %j which option the role would have to list, where that is not what was sent', (members, why) => {
    expect(judged(withImage(''), host(members)).findings.map((finding) => finding.why)).toEqual([why])
  })

  it.each([{ MaskedPaths: [] }, { ReadonlyPaths: [] }, { MaskedPaths: ['/proc/kcore'] }])('refuses %j', (members) => {
    expect(refused(withImage('securityOptions: ["seccomp=*"]'), host(members))).toHaveLength(1)
    allowed(withImage('securityOptions: [systempaths=unconfined]'), host(members))
  })

  it('leaves the engine its own where they are null', () => {
    allowed(withImage(''), host({ MaskedPaths: null, ReadonlyPaths: null }))
  })
})

describe('runtimes, kernel parameters, logs and the rest (T73)', () => {
  it.each([
    ['Runtime', { Runtime: 'runc' }, 'runtimes: [runsc]', 'runtimes: ["run*"]'],
    ['Sysctls', { Sysctls: { 'kernel.core_pattern': '|x' } }, 'sysctls: ["net.*"]', 'sysctls: ["kernel.*"]'],
    ['LogConfig', { LogConfig: { Type: 'syslog' } }, 'logDrivers: [json-file]', 'logDrivers: [syslog]'],
    ['CgroupParent', { CgroupParent: '/' }, '', 'hostFields: [HostConfig.CgroupParent]'],
    ['Annotations', { Annotations: { a: 'b' } }, '', 'hostFields: [HostConfig.Annotations]'],
    ['StorageOpt', { StorageOpt: { size: '1G' } }, '', 'hostFields: ["HostConfig.*"]'],
    ['VolumesFrom', { VolumesFrom: ['other'] }, 'volumes: ["*"]', 'hostFields: [HostConfig.VolumesFrom]'],
    ['GroupAdd', { GroupAdd: ['docker'] }, 'user: nonRoot, defaults: {user: "5"}', 'user: any'],
    ['AutoRemove', { AutoRemove: true }, '', 'autoRemove: true'],
    ['RestartPolicy', { RestartPolicy: { Name: 'always' } }, 'restart: [on-failure]', 'restart: [always]'],
    ['RestartPolicy', { RestartPolicy: { Name: 'Always' } }, 'restart: [always]', null],
  ])('judges %s', (field, members, without, having) => {
    const found = refused(withImage(without), host(members))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`HostConfig.${field}`)
    if (having !== null) allowed(withImage(having), host(members))
  })

  it('allows ExtraHosts, Isolation and a restart policy of no', () => {
    allowed(
      withImage(''),
      host({ ExtraHosts: ['a:1.2.3.4'], Isolation: 'default', RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } }),
    )
  })

  it('says which restart policies there are, where the one asked for is none', () => {
    const { findings } = judged(withImage('restart: [always]'), host({ RestartPolicy: { Name: 'Always' } }))
    expect(findings.map(({ why }) => why)).toEqual(['there are no, on-failure, unless-stopped and always'])
  })

  it('wants a log driver named before it takes options, and never shows what they say', () => {
    const body = host({ LogConfig: { Type: '', Config: { 'splunk-token': 's3cret' } } })
    const found = refused(withImage('logDrivers: [json-file]'), body)
    expect(found).toEqual(['HostConfig.LogConfig.Config: {splunk-token} (workload.logDrivers)'])
    allowed(withImage('logDrivers: ["*"]'), body)
    allowed(
      withImage('logDrivers: [json-file]'),
      host({ LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } } }),
    )
  })

  it('finds everything at once', () => {
    const body = host({ Privileged: true, CapAdd: ['ALL'], PidMode: 'host', CgroupParent: '/', New: 1 })
    expect(refused(withImage(''), body)).toEqual([
      'HostConfig.New: a field that is not known here (workload.unknownFields)',
      'HostConfig.CgroupParent: "/" (workload.hostFields)',
      'HostConfig.Privileged: true (workload.privileged)',
      'HostConfig.PidMode: "host" (workload.hostNamespaces)',
      'HostConfig.CapAdd[0]: "ALL" (workload.capabilities)',
    ])
  })

  it('does not grow with the request', () => {
    const CapAdd = Array.from({ length: 5000 }, () => 'ALL')
    expect(refused(withImage(OPERATOR_HOST_FIELDS), host({ CapAdd }))).toHaveLength(64)
  })

  it('refuses whatever is asked of a role without a workload', () => {
    expect(refused('{}', host({ Privileged: true }))).toEqual([
      'Image: "alpine" (workload.images)',
      'HostConfig.Privileged: true (workload.privileged)',
    ])
    expect(refused('{}', {})).toEqual(['(body): ContainerCreate (workload)'])
    expect(refused('{}', {}, { operation: 'VolumeCreate' })).toEqual(['(body): VolumeCreate (workload)'])
    expect(refused(workload(''), { Image: 'alpine' })).toEqual(['Image: "alpine" (workload.images)'])
  })
})
