/*
 * What stock clients send, byte for byte, and what they leave to the engine in it.
 */

/** docker 28.2: `docker create alpine`. */
export const DOCKER_CREATE =
  '{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"alpine","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{},"HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"NetworkMode":"default","PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,"CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],"BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,"ReadonlyPaths":null},"NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"","EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}}}'

/** docker-java 3.4, which Testcontainers for Java stands on: a container without options. */
const JAVA_CREATE =
  '{"Hostname":null,"Domainname":null,"User":null,"AttachStdin":null,"AttachStdout":null,"AttachStderr":null,"PortSpecs":null,"Tty":null,"OpenStdin":null,"StdinOnce":null,"Env":null,"Cmd":null,"Healthcheck":null,"ArgsEscaped":null,"Entrypoint":null,"Image":"alpine","Volumes":{},"WorkingDir":null,"MacAddress":null,"OnBuild":null,"NetworkDisabled":null,"ExposedPorts":{},"StopSignal":null,"StopTimeout":null,"HostConfig":{"Binds":null,"BlkioWeight":null,"BlkioWeightDevice":null,"BlkioDeviceReadBps":null,"BlkioDeviceWriteBps":null,"BlkioDeviceReadIOps":null,"BlkioDeviceWriteIOps":null,"MemorySwappiness":null,"NanoCpus":null,"CapAdd":null,"CapDrop":null,"ContainerIDFile":null,"CpuPeriod":null,"CpuRealtimePeriod":null,"CpuRealtimeRuntime":null,"CpuShares":null,"CpuQuota":null,"CpusetCpus":null,"CpusetMems":null,"Devices":null,"DeviceCgroupRules":null,"DeviceRequests":null,"DiskQuota":null,"Dns":null,"DnsOptions":null,"DnsSearch":null,"ExtraHosts":null,"GroupAdd":null,"IpcMode":null,"Cgroup":null,"Links":null,"LogConfig":null,"LxcConf":null,"Memory":null,"MemorySwap":null,"MemoryReservation":null,"KernelMemory":null,"NetworkMode":null,"OomKillDisable":null,"Init":null,"AutoRemove":null,"OomScoreAdj":null,"PortBindings":null,"Privileged":null,"PublishAllPorts":null,"ReadonlyRootfs":null,"RestartPolicy":null,"Ulimits":null,"CpuCount":null,"CpuPercent":null,"IOMaximumIOps":null,"IOMaximumBandwidth":null,"VolumesFrom":null,"Mounts":null,"PidMode":null,"Isolation":null,"SecurityOpt":null,"StorageOpt":null,"CgroupParent":null,"VolumeDriver":null,"ShmSize":null,"PidsLimit":null,"Runtime":null,"Tmpfs":null,"UTSMode":null,"UsernsMode":null,"Sysctls":null,"ConsoleSize":null,"CgroupnsMode":null},"Labels":null,"Shell":null,"NetworkingConfig":null}'

/** Operation, client, body. */
export const CLIENT_BODIES: ReadonlyArray<readonly [operation: string, client: string, body: string]> = [
  ['ContainerCreate', 'docker', DOCKER_CREATE],
  ['ContainerCreate', 'docker-java', JAVA_CREATE],
  ['ContainerCreate', 'dockerode', '{"Image":"alpine","Cmd":["ls"],"name":"x","platform":"linux/amd64"}'],
  [
    'ContainerCreate',
    'docker-py',
    '{"Hostname":null,"Tty":false,"OpenStdin":false,"StdinOnce":false,"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Cmd":["ls"],"Image":"alpine","NetworkDisabled":false,"HostConfig":{"NetworkMode":"default"}}',
  ],
  [
    'ContainerExec',
    'docker',
    '{"User":"","Privileged":false,"Tty":false,"ConsoleSize":[0,0],"AttachStdin":false,"AttachStderr":true,"AttachStdout":true,"DetachKeys":"","Env":null,"WorkingDir":"","Cmd":["ls"]}',
  ],
  [
    'ContainerExec',
    'docker-py',
    '{"Container":"x","User":"","Privileged":false,"Tty":false,"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Cmd":["ls"],"detachKeys":"ctrl-x"}',
  ],
  [
    'ContainerExec',
    'docker-java',
    '{"containerId":"x","AttachStdin":null,"AttachStdout":null,"AttachStderr":null,"Tty":null,"Privileged":null,"User":null,"Cmd":["ls"],"Env":null,"WorkingDir":null}',
  ],
  ['ExecStart', 'dockerode', '{"hijack":true,"stdin":true,"Detach":false,"Tty":true}'],
  ['ImageCommit', 'docker 20.10', 'null'],
  ['ImageCommit', 'dockerode', '{"repo":"x","tag":"y","comment":"","author":"","pause":true,"container":"x"}'],
  [
    'ImageCommit',
    'docker-java',
    '{"containerId":"x","repository":null,"tag":null,"message":null,"author":null,"AttachStdin":null,"AttachStdout":null,"AttachStderr":null,"Cmd":null,"DisableNetwork":null,"Env":null,"ExposedPorts":null,"Hostname":null,"Labels":{},"Memory":null,"MemorySwap":null,"OpenStdin":null,"PortSpecs":null,"StdinOnce":null,"Tty":null,"User":null,"Volumes":null,"WorkingDir":null}',
  ],
  [
    'NetworkCreate',
    'docker',
    '{"Driver":"bridge","Scope":"","EnableIPv4":null,"EnableIPv6":null,"IPAM":{"Driver":"default","Options":{},"Config":[]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigOnly":false,"ConfigFrom":null,"Options":{},"Labels":{},"Name":"n"}',
  ],
  [
    'NetworkCreate',
    'docker-java',
    '{"enableIPv6":null,"Name":"n","Driver":null,"IPAM":{"Driver":null,"Config":[{"Subnet":"10.1.0.0/16","IPRange":null,"Gateway":null,"NetworkID":null}],"Options":null},"Options":{},"CheckDuplicate":null,"Internal":null,"EnableIPv6":null,"Attachable":null,"Labels":null}',
  ],
  [
    'NetworkConnect',
    'docker-java',
    '{"containerConfig":{"IPAMConfig":null,"Aliases":["a"],"NetworkID":null},"Container":"x","EndpointConfig":{"IPAMConfig":null,"Aliases":["a"],"NetworkID":null}}',
  ],
  ['VolumeCreate', 'docker', '{"Driver":"local","DriverOpts":{}}'],
  [
    'ServiceCreate',
    'docker',
    '{"Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"alpine:latest","Init":false,"DNSConfig":{}},"Resources":{"Limits":{},"Reservations":{}},"Placement":{},"ForceUpdate":0},"Mode":{"Replicated":{}},"EndpointSpec":{"Mode":"vip"}}',
  ],
  [
    'ServiceCreate',
    'docker-py',
    '{"Name":"s","TaskTemplate":{"ContainerSpec":{"Image":"alpine","Healthcheck":{"Test":["NONE"]}}},"Mode":{"replicated":{"Replicas":1}}}',
  ],
  [
    'ServiceUpdate',
    'dockerode',
    '{"version":7,"Name":"s","TaskTemplate":{"ContainerSpec":{"Image":"alpine","HealthCheck":null},"Runtime":"container"}}',
  ],
  ['PluginPull', 'docker', 'null'],
  [
    'SystemAuth',
    'docker-java',
    '{"username":"u","password":"p","email":null,"serveraddress":"r","auth":null,"registrytoken":null,"identitytoken":null,"stackOrchestrator":null}',
  ],
]
