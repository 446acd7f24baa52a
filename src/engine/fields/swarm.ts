import { boolean, each, harmless, integer, list, object, string, stringMap, strings } from './make.ts'
import type { Field, ParameterJudgements } from './types.ts'

/*
 * The hosts and their certificates: nothing here is for a bounded role.
 */

const EXTERNAL_CA = object({
  Protocol: string('host'),
  URL: string('host'),
  Options: stringMap('host'),
  CACert: string('host'),
})

const SPEC: Readonly<Record<string, Field>> = {
  Name: string('host'),
  Labels: stringMap('host'),
  Orchestration: object({ TaskHistoryRetentionLimit: integer('host') }),
  Raft: object({
    SnapshotInterval: integer('host'),
    KeepOldSnapshots: integer('host'),
    LogEntriesForSlowFollowers: integer('host'),
    ElectionTick: integer('host'),
    HeartbeatTick: integer('host'),
  }),
  Dispatcher: object({ HeartbeatPeriod: integer('host') }),
  CAConfig: object({
    NodeCertExpiry: integer('host'),
    ExternalCAs: list(EXTERNAL_CA, 'host'),
    SigningCACert: string('host'),
    SigningCAKey: string('host'),
    ForceRotate: integer('host'),
  }),
  // Of everybody's tasks.
  TaskDefaults: object({ LogDriver: object({ Name: string('host'), Options: stringMap('host') }) }),
  // False takes the lock away.
  EncryptionConfig: object({ AutoLockManagers: { ...boolean('host'), emptyMatters: true } }),
}

export const SWARM_INIT = object({
  ListenAddr: string('host'),
  AdvertiseAddr: string('host'),
  DataPathAddr: string('host'),
  DataPathPort: integer('host'),
  ForceNewCluster: boolean('host'),
  DefaultAddrPool: strings('host'),
  SubnetSize: integer('host'),
  Availability: string('host'),
  AutoLockManagers: boolean('host'),
  Spec: object(SPEC),
})

export const SWARM_JOIN = object({
  ListenAddr: string('host'),
  AdvertiseAddr: string('host'),
  DataPathAddr: string('host'),
  // Whose managers then run what they like on this host, as root.
  RemoteAddrs: strings('host'),
  JoinToken: string('host'),
  Availability: string('host'),
})

export const SWARM_UPDATE = object(SPEC, {
  // dockerode: the query once more.
  ignored: ['rotateManagerToken', 'rotateManagerUnlockKey', 'rotateWorkerToken', 'version'],
})

export const SWARM_UNLOCK = object({ UnlockKey: string('host') })

export const SWARM_PARAMETERS = {
  SwarmLeave: { query: { force: 'host' } },
  SwarmUpdate: {
    query: {
      version: 'harmless',
      ...each('host', 'rotateManagerToken', 'rotateManagerUnlockKey', 'rotateWorkerToken'),
    },
  },
} as const satisfies Record<string, ParameterJudgements>

export const NODE_UPDATE = object(
  {
    Name: string('host'),
    Labels: stringMap('host'),
    // `manager` governs the swarm.
    Role: string('host'),
    // `drain` moves everybody's tasks.
    Availability: string('host'),
  },
  // dockerode: the query once more.
  { ignored: ['version'] },
)

export const NODE_PARAMETERS = {
  NodeList: { query: { filters: 'objects' } },
  NodeDelete: { query: { force: 'host' } },
  NodeUpdate: { query: harmless('version') },
} as const satisfies Record<string, ParameterJudgements>
