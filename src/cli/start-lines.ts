import type { Config } from '../config/schema.ts'
import type { RunningGate } from '../gate/start.ts'
import { near, ownCommand, statePaths, typed } from './paths.ts'
import type { Clients } from './start-clients.ts'
import { versionOf } from './version.ts'

export interface Welcome {
  readonly folder: string
  readonly made: readonly string[]
  readonly gate: RunningGate
  readonly config: Config
  /** Why the demo engine stands in for a real one; null when it does not. */
  readonly missing: string | null
  readonly clients: Clients
}

/** What `dockgate start` prints: where it listens, and lines to paste. */
export function welcome({ folder, made, gate, config, missing, clients }: Welcome): string {
  const paths = statePaths(folder)
  const engine = missing === null ? config.engine : 'DEMO, in memory'
  const withTls = config.listeners.findIndex(({ tls }) => tls !== undefined)
  return `${[
    ...(missing === null ? [] : demoNotice(missing, near(paths.config))),
    `dockgate ${versionOf().dockgate} listens on ${gate.listeners.map((one) => one.url).join(', ')}; engine: ${engine}`,
    made.length > 0 ? `made: ${made.map(near).join(', ')}` : `reusing what is in ${near(folder)}`,
    `configuration: ${near(paths.config)}; records: ${recordsPlace(config.records)}`,
    '',
    ...linesToPaste(gate.listeners[withTls]?.url, folder, clients),
    '',
  ].join('\n')}\n`
}

function recordsPlace({ file, syslog, socket }: Config['records']): string {
  return file === undefined ? ((syslog ?? socket)?.text ?? 'here') : near(file)
}

/** None without a listener that has TLS: tokens do not travel in the open. */
function linesToPaste(url: string | undefined, folder: string, { ops, ci, observer }: Clients): string[] {
  if (url === undefined) return ['No listener has TLS: there is no line to paste.']
  // Nobody can call the wildcard address by that name.
  const host = url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  const authority = typed(statePaths(folder).authority)
  const tls = `--tlsverify --tlscacert ${authority}`
  const token = `${ownCommand()} token --role ci --state ${typed(folder)}`
  return [
    'As ops, with a client certificate (role operator):',
    `  docker ${tls} --tlscert ${typed(ops.certificate)} --tlskey ${typed(ops.key)} -H ${host} ps`,
    'As a CI job, with a token (role ci; the header is in the config.json of that folder):',
    `  docker --config ${typed(ci.folder)} ${tls} -H ${host} ps`,
    'With curl and a fresh token:',
    `  curl -sS --cacert ${authority} -H "Authorization: Bearer $(${token})" ${host.replace('tcp:', 'https:')}/info`,
    'Refused, and why (role observer):',
    `  docker --config ${typed(observer.folder)} ${tls} -H ${host} run --rm busybox true`,
  ]
}

function demoNotice(missing: string, config: string): string[] {
  const rule = '*'.repeat(76)
  return [
    rule,
    '*  DEMO ENGINE: nothing real runs here.',
    `*  No Docker Engine answers at ${missing}.`,
    `*  For a real one start it, or set DOCKER_HOST=unix:///… or "engine:" in ${config}.`,
    rule,
  ]
}
