import { CONTAINER_SPEC } from './container-spec.ts'
import { boolean, harmless, integer, list, number, object, objectOf, string, stringMap, strings } from './make.ts'
import type { ParameterJudgements } from './types.ts'

/** Installs an engine plugin on nodes. Go's names are in lower case; clients made from the official document use capitals. */
const PLUGIN_PRIVILEGE = object(
  { name: string('host'), description: string('host'), value: strings('host') },
  { aliases: { Name: 'name', Description: 'description', Value: 'value' } },
)

const PLUGIN_SPEC = object(
  {
    name: string('host'),
    remote: string('host'),
    privileges: list(PLUGIN_PRIVILEGE, 'host'),
    disabled: boolean('host'),
    env: strings('host'),
  },
  {
    judge: 'host',
    aliases: { Name: 'name', Remote: 'remote', Disabled: 'disabled' },
    // The official document's name for `privileges`, which no engine reads.
    ignored: ['PluginPrivilege'],
  },
)

/** Kinds that the nodes declare, GPUs as a rule. */
const GENERIC_RESOURCES = list(
  object({
    NamedResourceSpec: object({ Kind: string('workload.gpus'), Value: string('workload.gpus') }),
    DiscreteResourceSpec: object({ Kind: string('workload.gpus'), Value: integer('workload.gpus') }),
  }),
  'workload.gpus',
)

const SERVICE_RESOURCES = object({
  Limits: objectOf('workload.limits', {
    NanoCPUs: integer('workload.limits'),
    MemoryBytes: integer('workload.limits'),
    Pids: integer('workload.limits'),
  }),
  // Kept from others, used or not.
  Reservations: objectOf('workload.limits', {
    NanoCPUs: integer('workload.limits'),
    MemoryBytes: integer('workload.limits'),
    GenericResources: GENERIC_RESOURCES,
  }),
  SwapBytes: integer('workload.limits'),
  MemorySwappiness: integer(),
})

const PLACEMENT = object({
  // The managers, say.
  Constraints: strings('host'),
  Preferences: list(object({ Spread: object({ SpreadDescriptor: string() }) })),
  MaxReplicas: integer(),
  Platforms: list(object({ Architecture: string(), OS: string() })),
})

const ATTACHMENTS = list(
  object({
    Target: string('workload.networks'),
    Aliases: strings('workload.networks'),
    DriverOpts: stringMap('host'),
  }),
  'workload.networks',
)

const LOG_DRIVER = objectOf('workload.logDrivers', {
  Name: string('workload.logDrivers'),
  Options: stringMap('workload.logDrivers'),
})

const TASK_TEMPLATE = object({
  ContainerSpec: CONTAINER_SPEC,
  Resources: SERVICE_RESOURCES,
  RestartPolicy: objectOf('workload.restart', {
    Condition: string('workload.restart', ['none']),
    Delay: integer('workload.restart'),
    MaxAttempts: integer('workload.restart'),
    Window: integer('workload.restart'),
  }),
  Placement: PLACEMENT,
  Networks: ATTACHMENTS,
  LogDriver: LOG_DRIVER,
  ForceUpdate: integer(),
  // `plugin` and `attachment` are the engine's own business.
  Runtime: string('host', ['container']),
  PluginSpec: PLUGIN_SPEC,
  NetworkAttachmentSpec: objectOf('host', { ContainerID: string('host') }),
})

/** That a mode is there says which it is, and without numbers a global one has a task on every node. */
const MODE = object(
  {
    Replicated: objectOf('workload.limits', { Replicas: integer('workload.limits') }),
    Global: object({}, { judge: 'workload.limits', emptyMatters: true }),
    ReplicatedJob: object(
      { MaxConcurrent: integer('workload.limits'), TotalCompletions: integer('workload.limits') },
      { judge: 'workload.limits', emptyMatters: true },
    ),
    GlobalJob: object({}, { judge: 'workload.limits', emptyMatters: true }),
  },
  {
    // docker-py.
    aliases: { replicated: 'Replicated', global: 'Global' },
    // docker-java 3.
    ignored: ['mode'],
  },
)

/** How fast tasks are replaced, within what the service has. */
const UPDATE_CONFIG = object({
  Parallelism: integer(),
  Delay: integer(),
  FailureAction: string(),
  Monitor: integer(),
  MaxFailureRatio: number(),
  Order: string(),
})

const PORT = object({
  Name: string('workload.ports'),
  Protocol: string('workload.ports'),
  TargetPort: integer('workload.ports'),
  PublishedPort: integer('workload.ports'),
  PublishMode: string('workload.ports'),
})

const SERVICE_FIELDS = {
  // The engine refuses one that is taken.
  Name: string(),
  Labels: stringMap('workload.labels'),
  TaskTemplate: TASK_TEMPLATE,
  Mode: MODE,
  UpdateConfig: UPDATE_CONFIG,
  RollbackConfig: UPDATE_CONFIG,
  // The place of TaskTemplate.Networks below API 1.44, which every engine still reads there.
  Networks: ATTACHMENTS,
  EndpointSpec: object({ Mode: string(), Ports: list(PORT, 'workload.ports') }),
}

export const SERVICE_CREATE = object(SERVICE_FIELDS)

export const SERVICE_UPDATE = object(SERVICE_FIELDS, {
  // dockerode: the query once more.
  ignored: ['registryAuthFrom', 'rollback', 'version'],
})

export const SERVICE_PARAMETERS = {
  ServiceList: { query: { status: 'harmless', filters: 'objects' } },
  // Stored with the service.
  ServiceCreate: { headers: { 'x-registry-auth': 'registries.pull' } },
  ServiceInspect: { query: harmless('insertDefaults') },
  ServiceUpdate: {
    query: {
      version: 'harmless',
      // Credentials that somebody else may have stored.
      registryAuthFrom: 'registries.pull',
      // In place of the body that was judged, the engine takes the specification before the present one.
      rollback: 'host',
    },
    headers: { 'x-registry-auth': 'registries.pull' },
  },
  ServiceLogs: { query: harmless('details', 'follow', 'since', 'stderr', 'stdout', 'tail', 'timestamps') },
  TaskList: { query: { filters: 'objects' } },
  TaskLogs: { query: harmless('details', 'follow', 'since', 'stderr', 'stdout', 'tail', 'timestamps') },
} as const satisfies Record<string, ParameterJudgements>
