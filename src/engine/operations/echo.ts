import type { QueryParameter } from '../types.ts'
import { ignored } from './op.ts'

/*
 * dockerode and what stands on it (Testcontainers for Node) write the fields of a request's body into its query as well
 * (docker-modem 1 to 5, `buildQuerystring(opts._query || opts)`, wherever the path that dockerode gives ends in `?`).
 * No engine reads them there: its query parameters are named in lower case.
 */

/** The fields of a container's configuration: create (with HostConfig and NetworkingConfig) and commit. */
export const CONTAINER_CONFIG_ECHO: readonly QueryParameter[] = ignored(
  ...['Hostname', 'Domainname', 'User', 'AttachStdin', 'AttachStdout', 'AttachStderr', 'ExposedPorts', 'Tty'],
  ...['OpenStdin', 'StdinOnce', 'Env', 'Cmd', 'Healthcheck', 'ArgsEscaped', 'Image', 'Volumes', 'WorkingDir'],
  ...['Entrypoint', 'NetworkDisabled', 'MacAddress', 'OnBuild', 'Labels', 'StopSignal', 'StopTimeout', 'Shell'],
)

/** The fields of a volume in create. */
export const VOLUME_ECHO: readonly QueryParameter[] = ignored(
  ...['Name', 'Driver', 'DriverOpts', 'Labels', 'ClusterVolumeSpec'],
)

/** The fields of a network in create. */
export const NETWORK_ECHO: readonly QueryParameter[] = ignored(
  ...['Name', 'CheckDuplicate', 'Driver', 'Scope', 'EnableIPv4', 'EnableIPv6', 'IPAM', 'Internal', 'Attachable'],
  ...['Ingress', 'ConfigOnly', 'ConfigFrom', 'Options', 'Labels'],
)

/** The fields of a secret's or config's specification: create and update. */
export const SECRET_ECHO: readonly QueryParameter[] = ignored('Name', 'Labels', 'Data', 'Driver', 'Templating')

/** The fields of a service's specification in update. */
export const SERVICE_ECHO: readonly QueryParameter[] = ignored(
  ...['Name', 'Labels', 'TaskTemplate', 'Mode', 'UpdateConfig', 'RollbackConfig', 'Networks', 'EndpointSpec'],
)

/** The fields of a node's specification in update. */
export const NODE_ECHO: readonly QueryParameter[] = ignored('Name', 'Labels', 'Role', 'Availability')

/** The fields of the swarm's specification in update. */
export const SWARM_ECHO: readonly QueryParameter[] = ignored(
  ...['Name', 'Labels', 'Orchestration', 'Raft', 'Dispatcher', 'CAConfig', 'TaskDefaults', 'EncryptionConfig'],
)
