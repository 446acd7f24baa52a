import { engineGet } from '../../support/engine-api.ts'
import { memoryOf } from '../measure.ts'
import { cpuEach, jobFor, measured, type Workload } from './workload.ts'

const SECURE = ['haproxy+tls', 'gate+tls', 'gate+mtls']

/** New connections, one after the other in each of four lines. */
function handshakes(name: string, about: string, resume: boolean): Workload {
  return {
    name,
    about: `${about}, each with one \`GET /_ping\``,
    ways: SECURE,
    peers: false,
    columns: ['cpu', 'user', 'system', 'rate', 'p50', 'p99'],
    ratios: [['cpu', 'haproxy+tls']],
    async measure(subject, { client, scale }) {
      const request = jobFor(subject.way, 'handshakes', { path: '/_ping' })
      const job = { ...request, Connections: 4, Millis: scale.millis, Resume: resume }
      const { outcome, user, system } = await measured(subject, client, job)
      if (outcome.Resumed !== (resume ? outcome.Done : 0)) {
        throw new Error(`${outcome.Resumed} of ${outcome.Done} sessions were resumed`)
      }
      const { Done, Seconds, P50: p50, P99: p99 } = outcome
      return { ...cpuEach(subject, user, system, Done), rate: Done / Seconds, p50, p99 }
    },
  }
}

const STREAMS: Workload = {
  name: 'events',
  about: '1,000 `GET /events` opened and held; CPU of opening one, memory of holding one',
  ways: ['haproxy', 'nginx', 'gate', 'gate+tls'],
  columns: ['cpu', 'user', 'system', 'rate', 'perStream', 'memory'],
  ratios: [
    ['cpu', 'haproxy'],
    ['perStream', 'haproxy'],
  ],
  async measure(subject, { client, scale }) {
    const { pids } = subject.running
    const before = memoryOf(pids)
    const job = { ...jobFor(subject.way, 'streams', { path: '/v1.51/events' }), Connections: scale.streams }
    const { outcome, user, system, sample } = await measured(subject, client, job, () => ({ memory: memoryOf(pids) }))
    const { memory = Number.NaN } = sample
    return {
      ...cpuEach(subject, user, system, outcome.Done),
      rate: outcome.Done / outcome.Seconds,
      perStream: ((memory - before) * 1024) / outcome.Done,
      memory,
    }
  },
}

/** Milliseconds between two requests of one polite client: 63 of them ask for 1,260 in a second. */
const PACE = 50

const GREEDY: Workload = {
  name: 'greedy',
  about:
    '63 clients with `GET /_ping` twenty times a second each: the p99 of their latency alone, and beside one with 16 connections that lists 1,000 containers without a pause',
  ways: ['direct', 'haproxy', 'nginx', 'gate'],
  columns: ['alone', 'p99', 'worse'],
  ratios: [['worse', 'direct']],
  async measure({ way }, { client, neighbour, scale }) {
    const polite = { ...jobFor(way, 'requests', { path: '/_ping' }), Connections: 63, Pace: PACE, WarmUp: PACE }
    const millis = Math.max(scale.millis * 2, 2 * PACE)
    const { outcome: alone } = await client.run({ ...polite, Millis: millis })
    const list = jobFor(way, 'requests', { path: '/v1.51/containers/json?all=1&limit=1000' })
    const beside = neighbour.run({ ...list, Connections: 16, Millis: millis + 4 * PACE })
    const [{ outcome }] = await Promise.all([client.run({ ...polite, Millis: millis }), beside])
    return { alone: alone.P99, p99: outcome.P99, worse: outcome.P99 / alone.P99 }
  },
}

const START: Workload = {
  name: 'start',
  about: 'from nothing to the first answer to `GET /_ping`; memory after it',
  ways: ['haproxy', 'nginx', 'gate', 'gate 200 bindings'],
  columns: ['millis', 'idle'],
  ratios: [['millis', 'haproxy']],
  async measure({ way, again }, { client }) {
    const began = performance.now()
    const running = await again()
    try {
      const target = running.ways.find(({ name }) => name === way.name) ?? way
      await client.run({ ...jobFor(target, 'requests', { path: '/_ping' }), Connections: 1, Count: 1 })
      return { millis: performance.now() - began, idle: memoryOf(running.pids) }
    } finally {
      await running.stop()
    }
  },
}

const ASKED: Workload = {
  name: 'engine requests',
  about: 'requests that reach the engine for one `GET /containers/web/json` by name',
  ways: ['gate', 'gate own objects'],
  peers: false,
  columns: ['asked'],
  ratios: [],
  async measure({ way, socket }, { client }) {
    const before = await engineGet<number>(socket, '/bench/requests')
    const job = jobFor(way, 'requests', { path: '/v1.51/containers/web/json' })
    const { outcome } = await client.run({ ...job, Connections: 1, Count: 10 })
    return { asked: ((await engineGet<number>(socket, '/bench/requests')) - before) / outcome.Done }
  },
}

export const CONNECTIONS: readonly Workload[] = [
  handshakes('TLS full', 'new TLS 1.3 connections', false),
  handshakes('TLS resumed', 'new TLS 1.3 connections that resume a session', true),
  STREAMS,
  GREEDY,
  START,
  ASKED,
]
