import * as fc from 'fast-check'
import { type Hand, maybe, NAMES, oneOf, op, query, type Ref, ref, type Saying } from './hand.ts'

/** They run until they are killed, or end by themselves at once. */
const SLEEPS = ['sleep', '600']
const ends = (mark: string) => ['sh', '-c', `echo ${mark}; exit 3`]

const container = ref('container')
const volume = oneOf(...NAMES.volume)

interface Created {
  readonly name: string | null
  readonly image: Ref
  readonly sleeps: boolean
  readonly binds: readonly string[]
  readonly anonymous: boolean
  /** Empty: without a name. */
  readonly mount: string | null
  readonly network: Ref | null
  readonly alias: boolean
  /** Whose network, processes or messages it shares. */
  readonly beside: { readonly mode: string; readonly of: Ref } | null
  readonly link: Ref | null
  readonly from: Ref | null
}

const created: fc.Arbitrary<Created> = fc.record({
  name: maybe(oneOf(...NAMES.container), 5),
  image: fc.oneof(
    { weight: 5, arbitrary: fc.constant<Ref>({ name: 'busybox:test' }) },
    { weight: 1, arbitrary: ref('image') },
  ),
  sleeps: fc.boolean(),
  binds: fc.uniqueArray(volume, { maxLength: 2 }),
  anonymous: fc.boolean(),
  mount: maybe(oneOf('', ...NAMES.volume), 1),
  network: maybe(fc.oneof(ref('network'), oneOf<Ref>({ name: 'none' }, { name: 'bridge' })), 1),
  alias: fc.boolean(),
  beside: maybe(fc.record({ mode: oneOf('NetworkMode', 'IpcMode', 'PidMode'), of: container }), 1),
  link: maybe(container, 1),
  from: maybe(container, 1),
})

async function create(given: Created, hand: Hand): Promise<void> {
  const { json } = await hand.ask('POST', `/containers/create${query({ name: given.name })}`, bodyOf(given, hand))
  hand.made('container', (json as { Id?: string } | undefined)?.Id)
}

function bodyOf(given: Created, hand: Hand): object {
  const { image, sleeps, binds, anonymous, mount, network, alias, beside, link, from } = given
  const mode = network === null ? null : hand.text('network', network)
  return {
    Image: hand.text('image', image),
    Cmd: sleeps ? SLEEPS : ends(hand.mark),
    Env: [`MARK=${hand.mark}`],
    Labels: { mark: hand.mark },
    ...(anonymous ? { Volumes: { '/anonymous': {} } } : {}),
    ...(alias && mode !== null ? { NetworkingConfig: { EndpointsConfig: { [mode]: { Aliases: ['alias'] } } } } : {}),
    HostConfig: {
      Binds: binds.map((name, index) => `${name}:/volume-${index}`),
      ...(mount === null ? {} : { Mounts: [{ Type: 'volume', Source: mount, Target: '/mount' }] }),
      ...(mode === null ? {} : { NetworkMode: mode }),
      ...(beside === null ? {} : { [beside.mode]: `container:${hand.text('container', beside.of)}` }),
      ...(link === null ? {} : { Links: [`${hand.text('container', link)}:other`] }),
      ...(from === null ? {} : { VolumesFrom: [hand.text('container', from)] }),
    },
  }
}

/** What ends by itself has ended before the next command. */
async function start(path: string, given: Ref, hand: Hand): Promise<void> {
  const id = hand.text('container', given)
  const { status } = await hand.ask('POST', `/containers/${id}/${path}`)
  if (status !== 204) return
  const { json } = await hand.peek('GET', `/containers/${id}/json`)
  if ((json as { Config?: { Cmd?: string[] } }).Config?.Cmd?.[0] === 'sh') {
    await hand.ask('POST', `/containers/${id}/wait`)
  }
}

async function wait(given: Ref, hand: Hand): Promise<void> {
  const id = hand.text('container', given)
  const { json } = await hand.peek('GET', `/containers/${id}/json`)
  const { State } = (json ?? {}) as { State?: { Running?: boolean } }
  if (State?.Running !== true) await hand.ask('POST', `/containers/${id}/wait`)
}

async function exec(given: Ref, hand: Hand): Promise<void> {
  const { json } = await hand.ask('POST', `/containers/${hand.text('container', given)}/exec`, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: ['echo', hand.mark],
  })
  const { Id } = (json ?? {}) as { Id?: string }
  hand.made('exec', Id)
  if (Id === undefined) return
  await hand.ask('POST', `/exec/${Id}/start`, { Detach: false, Tty: false })
  await hand.ask('GET', `/exec/${Id}/json`)
}

const on = (weight: number, name: string, method: string, path: string) =>
  op(weight, name, fc.record({ container }), ({ container }, hand) =>
    hand.ask(method, `/containers/${hand.text('container', container)}${path}`),
  )

const filters = fc.record(
  {
    name: oneOf(['job'], ['^/web$'], ['o']),
    status: oneOf(['running'], ['exited', 'created']),
    volume: volume.map((name) => [name]),
    label: oneOf(['mark'], ['nothing']),
    ancestor: oneOf(['busybox:test'], ['mine:1']),
    network: oneOf(['net'], ['bridge']),
    exited: oneOf(['3'], ['137']),
  },
  { requiredKeys: [] },
)

export const CONTAINERS: readonly fc.WeightedArbitrary<Saying>[] = [
  op(12, 'create', created, create),
  op(7, 'start', fc.record({ container }), ({ container }, hand) => start('start', container, hand)),
  op(1, 'restart', fc.record({ container }), ({ container }, hand) => start('restart?t=0', container, hand)),
  op(2, 'wait', fc.record({ container }), ({ container }, hand) => wait(container, hand)),
  op(4, 'exec', fc.record({ container }), ({ container }, hand) => exec(container, hand)),
  on(2, 'stop', 'POST', '/stop?t=0'),
  on(2, 'kill', 'POST', '/kill'),
  on(8, 'inspect', 'GET', '/json'),
  on(2, 'logs', 'GET', '/logs?stdout=1&stderr=1'),
  on(1, 'changes', 'GET', '/changes'),
  on(1, 'stat', 'HEAD', '/archive?path=/etc/passwd'),
  op(1, 'update', fc.record({ container }), ({ container }, hand) =>
    hand.ask('POST', `/containers/${hand.text('container', container)}/update`, { CpuShares: 512 }),
  ),
  op(3, 'rename', fc.record({ container, name: oneOf(...NAMES.container) }), ({ container, name }, hand) =>
    hand.ask('POST', `/containers/${hand.text('container', container)}/rename${query({ name })}`),
  ),
  op(6, 'rm', fc.record({ container, force: fc.boolean(), v: fc.boolean() }), ({ container, ...how }, hand) =>
    hand.ask('DELETE', `/containers/${hand.text('container', container)}${query(how)}`),
  ),
  op(
    5,
    'ps',
    fc.record({ all: fc.boolean(), limit: maybe(fc.nat({ max: 3 }), 1), filters: maybe(filters, 2) }),
    (given, hand) => hand.ask('GET', `/containers/json${query(given)}`),
  ),
  op(2, 'ps beside', fc.record({ filter: oneOf('before', 'since'), container }), ({ filter, container }, hand) =>
    hand.ask(
      'GET',
      `/containers/json${query({ all: true, filters: { [filter]: [hand.text('container', container)] } })}`,
    ),
  ),
  op(1, 'exec inspect', fc.record({ exec: ref('exec') }), ({ exec }, hand) =>
    hand.ask('GET', `/exec/${hand.text('exec', exec)}/json`),
  ),
  op(1, 'exec start', fc.record({ exec: ref('exec') }), ({ exec }, hand) =>
    hand.ask('POST', `/exec/${hand.text('exec', exec)}/start`, { Detach: true, Tty: false }),
  ),
]
