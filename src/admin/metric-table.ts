import { ADMIN_PAGES } from '../config/admin-schema.ts'
import { ACCESS_CLASSES } from '../engine/access.ts'
import { DECISIONS, EVENTS, type Grouping, UNRECOGNISED } from '../gate/counters.ts'
import { SESSION_KINDS, sessionKind } from '../gate/session-kinds.ts'
import type { Inside } from '../gate/start.ts'
import { REASONS, type ReasonCode } from '../reasons.ts'
import { certificateEnds } from './check-certificates.ts'
import type { Readiness } from './readiness.ts'

/** One number, and the values of the metric's labels in their order. */
export type Sample = readonly [value: number, ...labels: string[]]

/** What a metric is, and how its numbers are had when somebody asks. */
export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
  readonly samples: (seen: Seen) => readonly Sample[]
}

/** What the numbers are taken from. */
export interface Seen {
  readonly inside: Inside
  readonly readiness: Readiness
}

/**
 * Every metric but the histograms, which the gate keeps itself, and those of the process. The values of labels are written
 * here, in the operation table or in the configuration that is in force: no client chooses one.
 */
export const METRICS: readonly Metric[] = [
  {
    name: 'dockgate_requests_total',
    type: 'counter',
    help: 'requests by the access class of their operation and the decision',
    labels: ['access', 'decision'],
    samples: (seen) => decided(seen, 'access', [...Object.keys(ACCESS_CLASSES), UNRECOGNISED]),
  },
  {
    name: 'dockgate_operation_requests_total',
    type: 'counter',
    help: 'requests by operation and decision; operations that nobody has asked for are left out',
    labels: ['operation', 'decision'],
    samples: (seen) => decided(seen, 'operation', [...seen.inside.gate.counters.operations()]),
  },
  {
    name: 'dockgate_role_requests_total',
    type: 'counter',
    help: 'requests by the role that decided and the decision; roles that the configuration no longer has are left out',
    labels: ['role', 'decision'],
    samples: (seen) => decided(seen, 'role', Object.keys(seen.inside.loaded.config.roles)),
  },
  {
    name: 'dockgate_listener_requests_total',
    type: 'counter',
    help: 'requests by listener and decision; listeners that the configuration no longer has are left out',
    labels: ['listener', 'decision'],
    samples: (seen) => decided(seen, 'listener', namesOf(seen)),
  },
  {
    name: 'dockgate_reasons_total',
    type: 'counter',
    help: 'records by event (the end of a hijacked stream is a session) and reason code',
    labels: ['event', 'reason'],
    samples: ({ inside: { gate } }) =>
      EVENTS.flatMap((event) =>
        (Object.keys(REASONS) as ReasonCode[]).map(
          (reason): Sample => [gate.counters.reasons(event, reason), event, reason],
        ),
      ),
  },
  {
    name: 'dockgate_admin_requests_total',
    type: 'counter',
    help: 'requests to the admin listener by page and decision, those for /healthz left out',
    labels: ['page', 'decision'],
    samples: ({ inside: { gate } }) =>
      [...ADMIN_PAGES, UNRECOGNISED].flatMap((page) =>
        (['allow', 'deny'] as const).map((decision): Sample => [gate.counters.admin(page, decision), page, decision]),
      ),
  },
  {
    name: 'dockgate_bytes_total',
    type: 'counter',
    help: 'bytes of bodies and streams: in is towards the engine, out is towards clients',
    labels: ['direction'],
    samples({ inside: { gate } }) {
      const bytes = gate.counters.bytes()
      return [
        [bytes.in, 'in'],
        [bytes.out, 'out'],
      ]
    },
  },
  {
    name: 'dockgate_sessions',
    type: 'gauge',
    help: 'requests that were let in and are not over, by kind',
    labels: ['kind'],
    samples({ inside: { gate } }) {
      const kinds = gate.sessions.list().map(sessionKind)
      return SESSION_KINDS.map((kind) => [kinds.filter((one) => one === kind).length, kind])
    },
  },
  {
    name: 'dockgate_connections',
    type: 'gauge',
    help: 'connections that are open, by listener',
    labels: ['listener'],
    samples: ({ inside }) => inside.listeners.map(({ name, connections }) => [connections, name]),
  },
  {
    name: 'dockgate_connections_limit',
    type: 'gauge',
    help: 'connections that may be open, by listener: its limits.connections',
    labels: ['listener'],
    samples: ({ inside }) => inside.listeners.map(({ name, most }) => [most, name]),
  },
  {
    name: 'dockgate_token_cache_hits_total',
    type: 'counter',
    help: 'tokens that had been verified before',
    labels: [],
    samples: ({ inside: { gate } }) => [[gate.authenticator.tokenCache().hits]],
  },
  {
    name: 'dockgate_token_cache_misses_total',
    type: 'counter',
    help: 'tokens that had to be verified',
    labels: [],
    samples: ({ inside: { gate } }) => [[gate.authenticator.tokenCache().misses]],
  },
  {
    name: 'dockgate_token_cache_size',
    type: 'gauge',
    help: 'tokens that are remembered as verified',
    labels: [],
    samples: ({ inside: { gate } }) => [[gate.authenticator.tokenCache().size]],
  },
  {
    name: 'dockgate_issuer_keys_age_seconds',
    type: 'gauge',
    help: "seconds since an issuer's keys were had; left out while there are none",
    labels: ['issuer'],
    samples: ({ inside: { gate } }) =>
      gate.authenticator
        .issuers()
        .tokens.flatMap(({ name, had }): Sample[] => (had === null ? [] : [[(Date.now() - had) / 1000, name]])),
  },
  {
    name: 'dockgate_issuer_keys_failing',
    type: 'gauge',
    help: "1 while an issuer's keys cannot be fetched, or its key file not be read",
    labels: ['issuer'],
    samples: ({ inside: { gate } }) =>
      gate.authenticator.issuers().tokens.map(({ name, failing }) => [failing === null ? 0 : 1, name]),
  },
  {
    name: 'dockgate_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'when a certificate ends, seconds since the epoch, by its key of the configuration; of several authorities, the last',
    labels: ['certificate'],
    samples: ({ inside: { gate, loaded } }) =>
      [...certificateEnds(loaded.config, gate.authenticator.issuers().certificates)].map(([name, end]) => [
        end / 1000,
        name,
      ]),
  },
  {
    name: 'dockgate_reloads_total',
    type: 'counter',
    help: 'changed configurations that were put to use (ok), or refused (failed)',
    labels: ['result'],
    samples: ({ inside: { gate } }) => [
      [gate.counters.reloads.ok, 'ok'],
      [gate.counters.reloads.failed, 'failed'],
    ],
  },
  {
    name: 'dockgate_config_last_reload_successful',
    type: 'gauge',
    help: '0 while the last changed configuration was refused, and an older one is in force',
    labels: [],
    samples: ({ inside: { gate } }) => [[gate.counters.reloads.lastOk ? 1 : 0]],
  },
  {
    name: 'dockgate_config_generation',
    type: 'gauge',
    help: 'number of the configuration that is in force, 1 at the start',
    labels: [],
    samples: ({ inside: { gate } }) => [[gate.generation]],
  },
  {
    name: 'dockgate_config_timestamp_seconds',
    type: 'gauge',
    help: 'when the configuration that is in force came into force, seconds since the epoch',
    labels: [],
    samples: ({ inside: { gate } }) => [[gate.counters.reloads.at / 1000]],
  },
  {
    name: 'dockgate_ready',
    type: 'gauge',
    help: '1 when every check of /readyz is well',
    labels: [],
    samples: ({ readiness }) => [[readiness.ready ? 1 : 0]],
  },
  {
    name: 'dockgate_check_ok',
    type: 'gauge',
    help: '1 when a check of /readyz is well, by its name: engine, records, and keys of the configuration',
    labels: ['check'],
    samples: ({ readiness }) => readiness.checks.map(({ name, ok }) => [ok ? 1 : 0, name]),
  },
]

function decided({ inside: { gate } }: Seen, by: Grouping, names: readonly string[]): Sample[] {
  return names.flatMap((name) =>
    DECISIONS.map((decision): Sample => [gate.counters.requests(by, name, decision), name, decision]),
  )
}

function namesOf({ inside: { loaded } }: Seen): string[] {
  return loaded.config.listeners.map(({ name }) => name)
}
