import { parseArgs } from 'node:util'
import { otherGate } from './places/gate.ts'
import { GO_PROXIES } from './places/go-proxies.ts'
import { peer } from './places/peer.ts'
import type { Place } from './places/place.ts'
import type { Plan } from './rounds.ts'
import { PLACES } from './stage.ts'
import { WORKLOADS } from './workloads/workloads.ts'

export const USAGE = `npm run bench -- [options]
  --only WORDS     workloads whose name has one of these words (parted by commas)
  --ways NAMES     ways with exactly these names (parted by commas)
  --rounds N       how often each is measured, 5 unless told
  --minutes N      begins no round that would end later; at least one is measured
  --peer N=COMMAND one more proxy to measure, beside the Go proxies' stand-ins: {port}, {socket} and {folder} in it are filled in
  --gate N=ARGS    one more gate: arguments of node, as in 'before=/elsewhere/dist/cli/main.js'
  --json FILE      writes everything that was measured
  --profile        where the gate's time goes in a ping, in a process of its own
  --smoke          a little of everything in ten seconds: that it works, no figures worth having
  --write-docs F   measures nothing: makes docs/performance.md from a file of --json
`

export interface Options {
  readonly plans: readonly Plan[]
  /** Those that this machine has. */
  readonly places: readonly Place[]
  /** What people would use instead: the Go proxies' stand-ins, and those of `--peer`. */
  readonly peers: readonly Place[]
  /** What it has not, and why. */
  readonly skipped: readonly string[]
  readonly rounds: number
  readonly minutes: number
  readonly json: string | undefined
  readonly profile: boolean
  readonly smoke: boolean
  readonly writeDocs: string | undefined
  readonly help: boolean
}

/** Reads the arguments of the command line. Throws for those that make no sense. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      ways: { type: 'string' },
      rounds: { type: 'string' },
      minutes: { type: 'string', default: '60' },
      peer: { type: 'string', multiple: true, default: [] },
      gate: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      profile: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      'write-docs': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const peers = [...GO_PROXIES, ...values.peer.map(peer)]
  const gates = values.gate.map(otherGate)
  const all = [...PLACES, ...peers, ...gates]
  const places = all.filter((place) => place.missing() === null)
  const known = wanted(
    places.flatMap(({ ways }) => ways),
    values.ways?.split(','),
  )
  const words = values.only.split(',')
  const plans = WORKLOADS.filter(({ name }) => words.some((word) => name.includes(word))).map((workload) => {
    const ways = [
      ...workload.ways,
      ...gates.flatMap(({ name, ways }) => ways.filter((way) => workload.ways.includes(way.replace(name, 'gate')))),
      ...(workload.peers === false ? [] : peers.flatMap((place) => place.ways)),
    ]
    return { workload, ways: ways.filter((way) => known.has(way)) }
  })
  if (plans.length === 0) throw new Error(`no workload is called so: ${WORKLOADS.map(({ name }) => name).join(', ')}`)
  return {
    plans: plans.filter(({ ways }) => ways.length > 0),
    places,
    peers,
    skipped: all.flatMap((place) => (place.missing() === null ? [] : [`${place.name}: ${place.missing()}`])),
    rounds: values.rounds === undefined ? (values.smoke ? 1 : 5) : positive('rounds', values.rounds),
    minutes: positive('minutes', values.minutes),
    json: values.json,
    profile: values.profile,
    smoke: values.smoke,
    writeDocs: values['write-docs'],
    help: values.help,
  }
}

function wanted(known: readonly string[], names: readonly string[] = known): ReadonlySet<string> {
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no way is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
  return new Set(names)
}

function positive(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${option} wants a whole number from 1, not ${text}`)
  return Number(text)
}
