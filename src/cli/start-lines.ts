import type { RunningGate } from '../gate/start.ts'
import type { Clients } from './start-clients.ts'
import { ownCommand, statePaths, typed } from './state.ts'
import { versionOf } from './version.ts'

export interface Welcome {
  readonly folder: string
  readonly made: readonly string[]
  readonly gate: RunningGate
  /** Null: the demo engine serves, because nothing answered at `missed`. */
  readonly engine: string | null
  readonly missed: string
  readonly clients: Clients
}

/** What `dockgate start` prints: where it listens, and lines to paste. */
export function welcome({ folder, made, gate, engine, missed, clients }: Welcome): string {
  const paths = statePaths(folder)
  const url = gate.listeners[0]?.url ?? ''
  const authority = typed(paths.authority)
  const tls = `--tlsverify --tlscacert ${authority}`
  const { ops, ci, observer } = clients
  const state = `--state ${typed(folder)}`
  return `${[
    ...(engine === null ? demoNotice(missed) : []),
    `dockgate ${versionOf().dockgate} listens on ${gate.listeners.map((one) => one.url).join(', ')}; engine: ${engine ?? 'DEMO, in memory'}`,
    ...(made.length > 0 ? [`made: ${made.map(typed).join(', ')}`] : [`reusing what is in ${typed(folder)}`]),
    `configuration: ${typed(paths.config)}; records: ${typed(paths.records)}`,
    '',
    'As ops, with a client certificate (role operator):',
    `  docker ${tls} --tlscert ${typed(ops.certificate)} --tlskey ${typed(ops.key)} -H ${url} version`,
    'As a CI job, with a token (role ci; the header is in the config.json of that folder):',
    `  docker --config ${typed(ci.folder)} ${tls} -H ${url} ps`,
    'With curl and a fresh token:',
    `  curl --cacert ${authority} -H "Authorization: Bearer $(${ownCommand()} token --role ci ${state})" ${url.replace('tcp:', 'https:')}/info`,
    'Refused, and why (role observer):',
    `  docker --config ${typed(observer.folder)} ${tls} -H ${url} run --rm busybox true`,
    '',
  ].join('\n')}\n`
}

function demoNotice(missed: string): string[] {
  return [
    '****************************************************************************',
    '*  DEMO ENGINE: nothing real runs here.                                    *',
    `*  No Docker Engine answers at ${missed.padEnd(45)}*`,
    '*  Set DOCKER_HOST=unix:///… or "engine:" in dockgate.yaml for a real one. *',
    '****************************************************************************',
  ]
}
