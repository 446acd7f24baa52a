import { ENDPOINT } from './endpoint.ts'
import { HOST_CONFIG } from './host-config.ts'
import { boolean, each, harmless, integer, map, object, string, stringMap, strings, words } from './make.ts'
import { set } from './resources.ts'
import type { Field, ParameterJudgements } from './types.ts'

/** Of services too. Each probe is an exec in the container, one at a time, within the container's own limits. */
export const HEALTHCHECK = object({
  Test: strings(),
  Interval: integer(),
  Timeout: integer(),
  Retries: integer(),
  StartPeriod: integer(),
  StartInterval: integer(),
})

/** What a container is made of beside its host's share: create has it at the top, a commit writes it into the image. */
export const CONTAINER_CONFIG: Readonly<Record<string, Field>> = {
  Image: string('workload.images'),
  Cmd: words(),
  Entrypoint: words(),
  Shell: words(),
  WorkingDir: string(),
  // `NVIDIA_VISIBLE_DEVICES` gives GPUs where the NVIDIA runtime is the engine's default, but an image sets it as well.
  Env: strings(),
  User: string('workload.user'),
  Labels: stringMap('workload.labels'),
  Hostname: string(),
  Domainname: string(),
  AttachStdin: boolean(),
  AttachStdout: boolean(),
  AttachStderr: boolean(),
  Tty: boolean(),
  OpenStdin: boolean(),
  StdinOnce: boolean(),
  // Says something only where ports are published, which `workload.ports` bounds.
  ExposedPorts: set('harmless'),
  Volumes: set('workload.volumes'),
  NetworkDisabled: boolean(),
  MacAddress: string('workload.networks'),
  Healthcheck: HEALTHCHECK,
  StopSignal: string(),
  // The engine waits so long at its own end, until its service manager ends that.
  StopTimeout: integer(),
  // Instructions for builds from an image committed of the container: no more than its author could write there.
  OnBuild: strings(),
  // Windows.
  ArgsEscaped: boolean(),
}

const NETWORKING_CONFIG = object({
  EndpointsConfig: map(ENDPOINT, 'workload.networks'),
})

/** Engines up to 26.1 read HostConfig's names here too, and all of them where HostConfig is absent or null. */
const AT_THE_TOP: Readonly<Record<string, string>> = Object.fromEntries([
  ...[...HOST_CONFIG.fields.keys()].map((name) => [name, `HostConfig.${name}`]),
  ...[...HOST_CONFIG.aliases].map(([alias, name]) => [alias, `HostConfig.${name}`]),
  ['Cpuset', 'HostConfig.CpusetCpus'],
])

export const CONTAINER_CREATE = object(
  { ...CONTAINER_CONFIG, HostConfig: HOST_CONFIG, NetworkingConfig: NETWORKING_CONFIG },
  {
    // docker-java 3; dockerode writes the query's parameters into the body as well.
    ignored: ['PortSpecs', 'name', 'platform'],
    elsewhere: AT_THE_TOP,
    always: ['HostConfig'],
  },
)

const LOGS = harmless('details', 'follow', 'since', 'stderr', 'stdout', 'tail', 'timestamps')
const ATTACH = {
  ...harmless('detachKeys', 'logs', 'stderr', 'stdout', 'stream'),
  // Types into the container's first process.
  stdin: 'exec.commands',
} as const

export const CONTAINER_PARAMETERS = {
  ContainerList: { query: { ...harmless('all', 'before', 'limit', 'since', 'size'), filters: 'objects' } },
  // A name may hide another container's short id.
  ContainerCreate: { query: { name: 'objects', platform: 'harmless' } },
  ContainerInspect: { query: harmless('size') },
  // The arguments of a ps that runs on the host.
  ContainerTop: { query: { ps_args: 'host' } },
  ContainerLogs: { query: { ...LOGS, ...harmless('format', 'until') } },
  ContainerStats: { query: harmless('one-shot', 'stream') },
  ContainerResize: { query: harmless('h', 'w') },
  // The memory of processes, from a directory of the host.
  ContainerStart: { query: { ...each('host', 'checkpoint', 'checkpoint-dir'), detachKeys: 'harmless' } },
  ContainerStop: { query: harmless('signal', 't') },
  ContainerRestart: { query: harmless('signal', 't') },
  ContainerKill: { query: harmless('signal') },
  ContainerRename: { query: { name: 'objects' } },
  ContainerAttach: { query: ATTACH },
  ContainerAttachWebsocket: { query: ATTACH, headers: harmless('origin', 'sec-websocket-*') },
  ContainerWait: { query: harmless('condition') },
  // With `link` the path is `parent/alias`, and what goes is the link.
  ContainerDelete: { query: { ...harmless('force', 'v'), link: 'objects' } },
  ContainerPrune: { query: { filters: 'objects' } },
} as const satisfies Record<string, ParameterJudgements>
