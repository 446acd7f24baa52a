import { HEALTHCHECK } from './container.ts'
import { boolean, integer, list, object, objectOf, string, stringMap, strings } from './make.ts'
import { MOUNTS } from './mount.ts'
import { ULIMITS } from './resources.ts'

const FILE = object({ Name: string(), UID: string(), GID: string(), Mode: integer() })

const SECRETS = list(object({ SecretID: string('objects'), SecretName: string('objects'), File: FILE }), 'objects')

const CONFIGS = list(
  object({ ConfigID: string('objects'), ConfigName: string('objects'), File: FILE, Runtime: object({}) }),
  'objects',
)

const PRIVILEGES = object({
  NoNewPrivileges: boolean(),
  SELinuxContext: objectOf('workload.securityOptions', {
    Disable: boolean('workload.securityOptions'),
    User: string('workload.securityOptions'),
    Role: string('workload.securityOptions'),
    Type: string('workload.securityOptions'),
    Level: string('workload.securityOptions'),
  }),
  Seccomp: objectOf('workload.securityOptions', {
    Mode: string('workload.securityOptions', ['default']),
    Profile: string('workload.securityOptions'),
  }),
  AppArmor: objectOf('workload.securityOptions', { Mode: string('workload.securityOptions', ['default']) }),
  // Windows: a file or registry entry of the host.
  CredentialSpec: objectOf('host', { Config: string('host'), File: string('host'), Registry: string('host') }),
})

/** The containers of a service's tasks. */
export const CONTAINER_SPEC = object(
  {
    Image: string('workload.images'),
    Command: strings(),
    Args: strings(),
    Dir: string(),
    // Templates in them tell of the node: its id, name and platform.
    Env: strings(),
    User: string('workload.user'),
    Groups: strings('workload.user'),
    // Of the tasks' containers, beside those of the service.
    Labels: stringMap('workload.labels'),
    Hostname: string(),
    TTY: boolean(),
    OpenStdin: boolean(),
    ReadOnly: boolean(),
    Init: boolean(),
    StopSignal: string(),
    StopGracePeriod: integer(),
    Healthcheck: HEALTHCHECK,
    Hosts: strings(),
    DNSConfig: object({ Nameservers: strings(), Search: strings(), Options: strings() }),
    Mounts: MOUNTS,
    Secrets: SECRETS,
    Configs: CONFIGS,
    CapabilityAdd: strings('workload.capabilities'),
    CapabilityDrop: strings(),
    Sysctls: stringMap('workload.sysctls'),
    Ulimits: ULIMITS,
    OomScoreAdj: integer('workload.limits'),
    Privileges: PRIVILEGES,
    // Windows.
    Isolation: string(),
  },
  {
    // The official document's spelling.
    aliases: { HealthCheck: 'Healthcheck' },
    // docker-java 3.
    ignored: ['Duration'],
  },
)
