import type { Pool } from '../world.ts'

/** Capabilities, security options, devices, and what reaches the host past them. */
export function isolation(): Record<string, Pool> {
  const capabilities = [
    ...[
      'ALL',
      'all',
      'All',
      'CAP_ALL',
      'SYS_ADMIN',
      'sys_admin',
      'CAP_SYS_ADMIN',
      'cap_sys_admin',
      'Cap_Sys_Admin',
      'BPF',
    ],
    ...[
      '\u017fYS_ADMIN',
      ' SYS_ADMIN',
      'SYS_ADMIN ',
      'CAP_CAP_CHOWN',
      'CAP_',
      '',
      'NET_ADMIN',
      'SYS_MODULE',
      'ALL,CHOWN',
    ],
  ]
  const nothing: Pool = { good: [null, []], odd: [[''], ['x'], 'x', [null]] }
  return {
    'HostConfig.Privileged': { good: [false], odd: [true, 1, 'true', null, [true]] },
    'HostConfig.CapAdd': {
      good: [null, [], ['CHOWN'], ['cap_net_raw', 'KILL'], 'SETUID', ['CAP_MKNOD']],
      odd: capabilities.flatMap((name) => [[name], name, ['CHOWN', name]]),
    },
    'HostConfig.CapDrop': { good: [null, ['ALL'], 'NET_RAW', ['MKNOD']], odd: [['x'], [''], ['CAP_ALL']] },
    'HostConfig.Capabilities': { good: [null, []], odd: [['CAP_SYS_ADMIN'], ['ALL'], ['CHOWN']] },
    'HostConfig.SecurityOpt': {
      good: [null, [], ['no-new-privileges'], ['no-new-privileges:true'], ['no-new-privileges=1']],
      odd: [
        ...[
          'seccomp:unconfined',
          'seccomp=unconfined',
          'Seccomp=unconfined',
          ' seccomp=unconfined',
          'seccomp = unconfined',
        ],
        ...[
          'seccomp={}',
          'seccomp=builtin',
          'seccomp:',
          'label:disable',
          'label=disable',
          'disable',
          'label=user:root',
          'label:',
        ],
        ...[
          'apparmor=unconfined',
          'apparmor:unconfined',
          'apparmor',
          'systempaths=unconfined',
          'systempaths:unconfined',
        ],
        ...['no-new-privileges=false', 'no-new-privileges:0', 'no-new-privileges= true', 'credentialspec=file://x', ''],
        ...['writable-cgroups=true', 'writable-cgroups', 'no-new-privileges:true,seccomp=unconfined'],
      ].map((option) => [option]),
    },
    'HostConfig.MaskedPaths': { good: [null], odd: [[], [''], ['/x'], ['/proc/kcore'], ''] },
    'HostConfig.ReadonlyPaths': { good: [null], odd: [[], [''], ['/x'], ['/proc/sys'], {}] },
    'HostConfig.Sysctls': {
      good: [null, {}],
      odd: ['net.ipv4.ip_forward', 'kernel.shmmax', 'KERNEL.domainname', 'net.core.somaxconn', ''].map((name) => ({
        [name]: '1',
      })),
    },
    'HostConfig.Devices': {
      good: [null, []],
      odd: [
        [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }],
        [{ PathOnHost: '/dev' }],
        [{}],
        [null],
      ],
    },
    'HostConfig.DeviceRequests': {
      good: [null, []],
      odd: [[{ Count: -1, Capabilities: [['gpu']] }], [{ Driver: 'cdi', DeviceIDs: ['a/b=c'] }], [{}]],
    },
    'HostConfig.DeviceCgroupRules': { good: [null, []], odd: [['a *:* rwm'], ['c 1:3 rwm'], [''], 'a *:* rwm'] },
    'HostConfig.Runtime': { good: [''], odd: ['runc', 'io.containerd.runc.v2', 'kata', '/usr/sbin/runc', 'RUNC'] },
    'HostConfig.Annotations': { good: [null, {}], odd: [{ 'run.oci.hooks': 'x' }, { '': '' }] },
    'HostConfig.GroupAdd': { good: [null, [], ['0'], ['docker']], odd: nothing.odd },
    'HostConfig.InitPath': { good: [''], odd: ['/bin/sh', 'x'] },
    'HostConfig.Isolation': { good: ['', 'default'], odd: ['process', 'hyperv', 'DEFAULT'] },
    'HostConfig.CgroupParent': { good: [''], odd: ['/', '/docker', 'system.slice', '../..', ' '] },
  }
}
