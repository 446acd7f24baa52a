import type { Findings } from '../config/findings.ts'
import type { RateConfig } from '../config/limits-schema.ts'
import type { Bounds, Rate } from './types.ts'

type BoundsConfig = Omit<RateConfig, 'upload' | 'everybody'>

/** Compiles how much may be asked under a role. A burst of nothing is a problem: a key without effect. */
export function compileRate(config: RateConfig = {}, path: readonly PropertyKey[], findings: Findings): Rate {
  const { everybody = {}, upload, ...caller } = config
  return {
    caller: compileBounds(caller, [...path, 'rate'], findings),
    everybody: compileBounds(everybody, [...path, 'rate', 'everybody'], findings),
    upload: upload ?? null,
  }
}

function compileBounds(config: BoundsConfig, path: readonly PropertyKey[], findings: Findings): Bounds {
  const { requests, burst, concurrent = null, sessions = null } = config
  if (requests === undefined && burst !== undefined) {
    findings.problem([...path, 'burst'], 'does nothing without "requests" beside it', { atKey: true })
  }
  return {
    requests: requests === undefined ? null : { perSecond: requests, burst: burst ?? Math.max(1, Math.ceil(requests)) },
    concurrent,
    sessions,
  }
}

/** What a role's bounds say, for people: `one caller: 50 requests a second (100 at once), 32 under way`. */
export function describeRate({ caller, everybody, upload }: Rate): string[] {
  const lines: string[] = []
  for (const [who, bounds] of [
    ['one caller', caller],
    ['all callers together', everybody],
  ] as const) {
    const said = describeBounds(bounds)
    if (said.length > 0) lines.push(`${who}: ${said.join(', ')}`)
  }
  if (upload !== null) lines.push(`the body of one request: ${upload} bytes`)
  return lines
}

function describeBounds({ requests, concurrent, sessions }: Bounds): string[] {
  return [
    ...(requests === null ? [] : [`${perTime(requests.perSecond)} (${requests.burst} at once)`]),
    ...(concurrent === null ? [] : [`${concurrent} requests under way`]),
    ...(sessions === null ? [] : [`${sessions} sessions`]),
  ]
}

function perTime(perSecond: number): string {
  if (Number.isInteger(perSecond)) return `${perSecond} requests a second`
  const perMinute = perSecond * 60
  if (Math.abs(perMinute - Math.round(perMinute)) < 1e-9) return `${Math.round(perMinute)} requests a minute`
  return `${Math.round(perSecond * 3600)} requests an hour`
}
