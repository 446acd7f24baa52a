import { describe, expect, it } from 'vitest'
import { asked, check, create, hostConfig } from './checked.ts'

describe('what asks for something is told, with the part of the role that bounds it', () => {
  it.each([
    ['T60', '"Privileged":true', 'Privileged: workload.privileged'],
    ['T60', '"CapAdd":["cap_sys_admin"]', 'CapAdd: workload.capabilities'],
    ['T60', '"Capabilities":["ALL"]', 'Capabilities: workload.capabilities'],
    ['T61', '"Devices":[{"PathOnHost":"/dev/kvm"}]', 'Devices: workload.devices'],
    ['T61', '"DeviceCgroupRules":["c *:* rwm"]', 'DeviceCgroupRules: workload.devices'],
    ['T61', '"DeviceRequests":[{"Driver":"cdi"}]', 'DeviceRequests: workload.gpus'],
    ['T62', '"NetworkMode":"host"', 'NetworkMode: workload.networks'],
    ['T62', '"PidMode":"host"', 'PidMode: workload.hostNamespaces'],
    ['T62', '"IpcMode":"host"', 'IpcMode: workload.hostNamespaces'],
    ['T62', '"UTSMode":"host"', 'UTSMode: workload.hostNamespaces'],
    ['T62', '"UsernsMode":"host"', 'UsernsMode: workload.hostNamespaces'],
    ['T62', '"CgroupnsMode":"host"', 'CgroupnsMode: workload.hostNamespaces'],
    ['T63', '"Cgroup":"container:x"', 'Cgroup: workload.hostNamespaces'],
    ['T64', '"NetworkMode":"ns:/proc/1/ns/net"', 'NetworkMode: workload.networks'],
    ['T65', '"Binds":["/home:/home"]', 'Binds: workload.mounts'],
    ['T66', '"Mounts":[{}]', 'Mounts: workload.mounts'],
    ['T69', '"VolumesFrom":["x"]', 'VolumesFrom: host'],
    ['T69', '"Links":["x:y"]', 'Links: workload.networks'],
    ['T69', '"VolumeDriver":"rexray"', 'VolumeDriver: workload.volumes'],
    ['T70', '"Tmpfs":{"/x":""}', 'Tmpfs: workload.tmpfs'],
    ['T71', '"SecurityOpt":["seccomp=unconfined"]', 'SecurityOpt: workload.securityOptions'],
    ['T72', '"MaskedPaths":[]', 'MaskedPaths: workload.securityOptions'],
    ['T72', '"ReadonlyPaths":[]', 'ReadonlyPaths: workload.securityOptions'],
    ['T73', '"Runtime":"runc"', 'Runtime: workload.runtimes'],
    ['T73', '"Sysctls":{"net.ipv4.ip_forward":"1"}', 'Sysctls: workload.sysctls'],
    ['T73', '"CgroupParent":"/"', 'CgroupParent: host'],
    ['T73', '"GroupAdd":["docker"]', 'GroupAdd: workload.user'],
    ['T73', '"Annotations":{"run.oci.x":"y"}', 'Annotations: host'],
    ['T73', '"LogConfig":{"Type":"syslog"}', 'LogConfig: workload.logDrivers'],
    ['T73', '"LogConfig":{"Config":{"mode":"x"}}', 'LogConfig: workload.logDrivers'],
    ['T73', '"StorageOpt":{"size":"1T"}', 'StorageOpt: host'],
    ['T73', '"InitPath":"/x"', 'InitPath: host'],
    ['T75', '"PidsLimit":-1', 'PidsLimit: workload.limits'],
    ['T75', '"MemorySwap":-1', 'MemorySwap: workload.limits'],
    ['T75', '"OomKillDisable":true', 'OomKillDisable: workload.limits'],
    ['T75', '"Ulimits":[{"Name":"nofile","Soft":0,"Hard":0}]', 'Ulimits: workload.limits'],
    ['T77', '"PortBindings":{"80/tcp":null}', 'PortBindings: workload.ports'],
    ['T77', '"PublishAllPorts":true', 'PublishAllPorts: workload.ports'],
    ['restart', '"RestartPolicy":{"Name":"always"}', 'RestartPolicy: workload.restart'],
    ['removal', '"AutoRemove":true', 'AutoRemove: workload.autoRemove'],
  ])('%s: {%s}', (_, member, told) => {
    expect(asked(hostConfig(member))).toEqual([`HostConfig.${told}`])
  })

  it.each([
    ['T67', 'VolumeCreate', '{"DriverOpts":{"o":"bind"}}', 'DriverOpts: host'],
    ['T74', 'ContainerCreate', '{"User":"0"}', 'User: workload.user'],
    ['T76', 'ContainerCreate', '{"MacAddress":"02:00:00:00:00:01"}', 'MacAddress: workload.networks'],
    ['T80', 'ContainerUpdate', '{"PidsLimit":0}', 'PidsLimit: workload.limits'],
    ['T80', 'ContainerUpdate', '{"RestartPolicy":{"Name":"always"}}', 'RestartPolicy: workload.restart'],
    ['T80', 'ContainerUpdate', '{"Devices":[{}]}', 'Devices: workload.devices'],
    ['T81', 'ContainerExec', '{"Privileged":true}', 'Privileged: exec.privileged'],
    ['T81', 'ContainerExec', '{"User":"root"}', 'User: exec.users'],
    ['T81', 'ContainerExec', '{"Cmd":["sh","-c","x"]}', 'Cmd: exec.commands'],
    ['T81', 'ContainerExec', '{"Env":["LD_PRELOAD=x"]}', 'Env: exec.environment'],
    ['T83', 'CheckpointCreate', '{"CheckpointDir":"/"}', 'CheckpointDir: host'],
    ['T83', 'ImageCommit', '{"Labels":{"owner":"me"}}', 'Labels: workload.labels'],
    ['T107', 'NetworkConnect', '{"Container":"x"}', 'Container: objects'],
    ['T110', 'ServiceCreate', '{"TaskTemplate":{"Runtime":"plugin"}}', 'TaskTemplate.Runtime: host'],
    ['T110', 'ServiceUpdate', '{"Mode":{"Global":{}}}', 'Mode.Global: workload.limits'],
    ['T110', 'ServiceCreate', '{"Networks":[{"Target":"host"}]}', 'Networks: workload.networks'],
    ['T111', 'SwarmInit', '{"ForceNewCluster":true}', 'ForceNewCluster: host'],
    ['T111', 'SwarmJoin', '{"RemoteAddrs":["x"]}', 'RemoteAddrs: host'],
    ['T111', 'NodeUpdate', '{"Role":"manager"}', 'Role: host'],
    ['T112', 'SecretCreate', '{"Driver":{"Name":"x"}}', 'Driver: host'],
    ['T112', 'ConfigCreate', '{"Templating":{"Name":"golang"}}', 'Templating: host'],
    ['T113', 'PluginPull', '[{"Name":"network","Value":["host"]}]', '(body): host'],
    ['T113', 'PluginSet', '["A=b"]', '(body): host'],
    ['T114', 'NetworkCreate', '{"Driver":"macvlan"}', 'Driver: workload.networks'],
    ['T114', 'NetworkCreate', '{"Ingress":true}', 'Ingress: host'],
    ['T114', 'NetworkCreate', '{"Options":{"parent":"eth0"}}', 'Options: host'],
  ])('%s: %s %s', (_, operation, body, told) => {
    expect(asked(check(operation, body))).toContain(told)
  })

  it('T76b: tells of an endpoint whole, with the network that beats its key', () => {
    const endpoints = '{"EndpointsConfig":{"mine":{"NetworkID":"theirs","DriverOpts":{"a":"b"}}}}'
    const checked = create(`{"NetworkingConfig":${endpoints}}`)
    expect(asked(checked)).toEqual([
      'NetworkingConfig.EndpointsConfig: workload.networks',
      'NetworkingConfig.EndpointsConfig["mine"].DriverOpts: host',
    ])
    expect(checked.host[0]?.name).toBe('NetworkingConfig.EndpointsConfig.DriverOpts')
  })

  it('T67: tells of a mount whole, and of what other parts bound in it', () => {
    const driver = '{"Name":"local","Options":{"o":"bind","device":"/"}}'
    const mount = `{"Type":"volume","VolumeOptions":{"Labels":{"a":"b"},"DriverConfig":${driver}}}`
    const checked = hostConfig(`"Mounts":[${mount}]`)
    expect(asked(checked)).toEqual([
      'HostConfig.Mounts: workload.mounts',
      'HostConfig.Mounts[0].VolumeOptions.DriverConfig.Options: host',
      'HostConfig.Mounts[0].VolumeOptions.Labels: workload.labels',
    ])
    expect(checked.host[0]?.name).toBe('HostConfig.Mounts.VolumeOptions.DriverConfig.Options')
  })

  it('tells what is in a field, as it will be sent', () => {
    const checked = create('{"HostConfig":{"RestartPolicy":{"Name":"always","MaximumRetryCount":null}}}')
    const [found] = checked.bounded.get('workload.restart') ?? []
    expect(found?.value).toEqual({ Name: 'always', MaximumRetryCount: null })
  })

  it.each([
    '"Privileged":false,"CapAdd":[],"Binds":[],"Mounts":[],"Tmpfs":{},"PidMode":"","Memory":0,"PidsLimit":0',
    '"MaskedPaths":null,"ReadonlyPaths":null',
    '"LogConfig":{"Type":"","Config":{}},"RestartPolicy":{"Name":"no","MaximumRetryCount":0}',
    '"IpcMode":"private","CgroupnsMode":"private","NetworkMode":"none","VolumeDriver":"local"',
    '"MemorySwappiness":-1,"CpusetCpus":"0","ReadonlyRootfs":true,"CapDrop":["ALL"],"Init":true',
  ])('is silent about {%s}', (members) => expect(asked(hostConfig(members))).toEqual([]))
})
