import { isIP } from 'node:net'
import { parseAddress } from '../config/address.ts'
import type { ConfigError } from '../config/errors.ts'
import type { LoadedConfig } from '../config/load.ts'
import { exposuresOf } from './exposure.ts'
import { shown } from './hosts.ts'
import type { SetUp } from './set-up.ts'
import { change, type Finding } from './types.ts'

/** A gate's configuration does not load. */
export function brokenGate(file: string, { message, problems }: ConfigError): Finding {
  const line = problems[0]?.line ?? 0
  return {
    id: 'gate-config',
    severity: 'warning',
    where: line > 0 ? `${file}:${line}` : file,
    what: `${file} cannot be served: ${problems[0]?.message ?? message}`,
    why: 'The gate does not start with it, and whoever needs the engine then goes around the gate.',
    change: change({ file, run: [`dockgate check --config ${file}`], text: 'check names every problem with its line' }),
  }
}

/** Whether a gate's configuration fits the engine: the same socket, and no port that dockerd has. */
export function gateFindings(setUp: SetUp, { file, config }: LoadedConfig, socketPath: string): readonly Finding[] {
  const wanted = config.engine.slice('unix://'.length)
  return [
    ...(isSame(setUp, wanted, socketPath) ? [] : [otherEngine(file, wanted, socketPath)]),
    ...config.listeners.flatMap(({ address }) => taken(setUp, file, address)),
  ]
}

function isSame({ root }: SetUp, one: string, other: string): boolean {
  return root.resolve(one) === root.resolve(other)
}

function otherEngine(file: string, wanted: string, socketPath: string): Finding {
  return {
    id: 'gate-other-engine',
    severity: 'warning',
    where: file,
    what: `the gate forwards to ${wanted}, and the engine that was looked at is at ${socketPath}`,
    why: 'What was found here then says nothing of the engine behind the gate.',
    change: change({
      file,
      write: [`engine: unix://${socketPath}`],
      text: `or look at the other one with --engine ${wanted}`,
    }),
  }
}

function taken(setUp: SetUp, file: string, address: string): Finding[] {
  const own = parseAddress(address)
  if (own?.kind !== 'tcp' || own.port === 0) return []
  const clash = exposuresOf(setUp).find(({ host, port }) => port === own.port && overlaps(host, own.host))
  if (clash === undefined) return []
  return [
    {
      id: 'gate-port-taken',
      severity: 'warning',
      where: file,
      what: `the gate's listener ${address} is on the port of dockerd's ${shown(clash.host, clash.port)} (${clash.where})`,
      why: 'Only one of them can have it, and clients that reach dockerd go around the gate.',
      change: clash.change,
    },
  ]
}

/** A name may be any address, and an address of all holds every one. */
function overlaps(one: string, other: string): boolean {
  return one === other || [one, other].some((host) => isIP(host) === 0 || host === '0.0.0.0' || host === '::')
}
