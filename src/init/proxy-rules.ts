import { OPERATIONS, type OperationId } from '../engine/operations.ts'
import type { OperationSpec } from '../engine/types.ts'

/** The proxies that are configured by these variables. Each looks at a request's method and path, and at nothing else. */
export const PROXY_KINDS = ['tecnativa', 'tecnativa-methods', 'linuxserver'] as const
export type ProxyKind = (typeof PROXY_KINDS)[number]

/** One line of a proxy's rules: the first that fits a request decides, and what none fits is denied. */
interface Rule {
  readonly fits: (method: string, path: string) => boolean
  readonly decision: 'allow' | 'deny'
  /** The line stands while this variable has the value `on`. */
  readonly variable: string
  readonly on: boolean
}

/** Sections by the path that their rule begins with; the rule has no end, so `/exec` is also what lies below it. */
const SECTIONS = [
  ...['auth', 'build', 'commit', 'configs', 'containers', 'distribution', 'events', 'exec', 'grpc', 'images', 'info'],
  ...['networks', 'nodes', '_ping', 'plugins', 'secrets', 'services', 'session', 'swarm', 'system', 'tasks'],
  ...['version', 'volumes'],
]

/** GET and HEAD, which every proxy lets pass. */
const isReading = (method: string) => method === 'GET' || method === 'HEAD'

const sections: readonly Rule[] = SECTIONS.map((name) => ({
  fits: (_, path) => path.startsWith(`/${name}`),
  decision: 'allow',
  variable: name.replace('_', '').toUpperCase(),
  on: true,
}))

/** A container's own paths, whatever the method. */
function actions(decision: Rule['decision'], variables: Readonly<Record<string, readonly string[]>>): Rule[] {
  return Object.entries(variables).map(([variable, words]) => ({
    fits: (_, path) => {
      const [, containers, id = '', action = ''] = path.split('/')
      return containers === 'containers' && id !== '' && words.some((word) => action.startsWith(word))
    },
    decision,
    variable,
    on: decision === 'allow',
  }))
}

/** What changes something is denied while the variable is off; `method` null: every method but GET and HEAD. */
function writing(variable: string, method: string | null): Rule {
  const fits = (asked: string) => (method === null ? !isReading(asked) : asked === method)
  return { fits, decision: 'deny', variable, on: false }
}

const STARTS = { ALLOW_RESTARTS: ['stop', 'restart', 'kill'], ALLOW_START: ['start'], ALLOW_STOP: ['stop'] }
const PAUSES = { ALLOW_PAUSE: ['pause'], ALLOW_UNPAUSE: ['unpause'] }
const CLOSED = {
  ...{ ALLOW_EXEC: ['exec'], ALLOW_KILL: ['kill'], ALLOW_ATTACH: ['attach'] },
  ...{ ALLOW_ARCHIVE: ['archive'], ALLOW_EXPORT: ['export'], ALLOW_LOGS: ['logs'] },
}

/**
 * The rules of each proxy in their order: `tecnativa` is tecnativa/docker-socket-proxy up to 0.4, `tecnativa-methods` the
 * one that has DELETE and PUT beside POST, `linuxserver` is linuxserver/socket-proxy, whose ALLOW_… hold without POST.
 */
const RULES: Readonly<Record<ProxyKind, readonly Rule[]>> = {
  tecnativa: [writing('POST', null), ...actions('allow', STARTS), ...sections],
  'tecnativa-methods': [
    ...['POST', 'DELETE', 'PUT', 'PATCH'].map((method) => writing(method, method)),
    ...actions('deny', CLOSED),
    ...actions('allow', { ...STARTS, ...PAUSES }),
    ...sections,
  ],
  linuxserver: [...actions('allow', { ...STARTS, ...PAUSES }), writing('POST', null), ...sections],
}

/** Those that are on in the images of the proxies when nobody says otherwise. */
export const PROXY_DEFAULTS: readonly string[] = ['EVENTS', 'PING', 'VERSION']

/** The variables that a proxy knows. */
export function proxyVariables(kind: ProxyKind): readonly string[] {
  return [...new Set(RULES[kind].map(({ variable }) => variable))].sort()
}

/**
 * The operations that a proxy lets through, in the order of the table: each one's method and path is put to the proxy's
 * rules, with objects whose names begin like no section of the API.
 *
 * @param on the variables that are on
 */
export function proxyOperations(kind: ProxyKind, on: ReadonlySet<string>): readonly OperationId[] {
  return OPERATIONS.filter((spec) => spec.carried && isLetThrough(kind, spec, on)).map(({ id }) => id)
}

function isLetThrough(kind: ProxyKind, { method, path }: OperationSpec, on: ReadonlySet<string>): boolean {
  const example = path.replaceAll(/\{[^}]*\}/g, 'x')
  const rule = RULES[kind].find((one) => on.has(one.variable) === one.on && one.fits(method, example))
  return rule?.decision === 'allow'
}
