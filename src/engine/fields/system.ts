import { harmless, object, string } from './make.ts'
import type { ParameterJudgements } from './types.ts'

/** The engine logs in at the address, as the host, and hands over the password. */
export const SYSTEM_AUTH = object(
  {
    serveraddress: string('host'),
    username: string('host'),
    password: string('host'),
    auth: string('host'),
    identitytoken: string('host'),
    registrytoken: string('host'),
    // Of no effect since API 1.23.
    email: string(),
  },
  // docker-java 3.
  { ignored: ['stackOrchestrator'] },
)

export const SYSTEM_PARAMETERS = {
  SystemEvents: { query: { ...harmless('since', 'until'), filters: 'objects' } },
  SystemDataUsage: { query: harmless('type', 'verbose') },
  // Profiling holds the engine up for so long.
  DebugPprofProfile: { query: { seconds: 'host' } },
  DebugPprofTrace: { query: { seconds: 'host' } },
  DebugPprofNamed: { query: { seconds: 'host', ...harmless('debug', 'gc') } },
} as const satisfies Record<string, ParameterJudgements>
