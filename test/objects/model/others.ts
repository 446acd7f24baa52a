import * as fc from 'fast-check'
import { type Hand, maybe, NAMES, none, oneOf, op, query, ref, type Saying } from './hand.ts'

const network = ref('network')
const container = ref('container')
const volume = ref('volume')
const image = ref('image')
const networkName = oneOf('net', 'lan')

const idIn = (json: unknown, member: string) => (json as Readonly<Record<string, unknown>> | undefined)?.[member]

async function createNetwork({ name }: { readonly name: string }, hand: Hand): Promise<void> {
  const { json } = await hand.ask('POST', '/networks/create', {
    Name: name,
    CheckDuplicate: true,
    Labels: { mark: hand.mark },
  })
  hand.made('network', idIn(json, 'Id'))
}

async function createVolume({ name }: { readonly name: string }, hand: Hand): Promise<void> {
  const { json } = await hand.ask('POST', '/volumes/create', { Name: name, Labels: { mark: hand.mark } })
  hand.made('volume', idIn(json, 'Name'))
}

export const NETWORKS: readonly fc.WeightedArbitrary<Saying>[] = [
  op(4, 'network create', fc.record({ name: networkName }), createNetwork),
  op(2, 'network connect', fc.record({ network, container }), ({ network, container }, hand) =>
    hand.ask('POST', `/networks/${hand.text('network', network)}/connect`, {
      Container: hand.text('container', container),
    }),
  ),
  op(
    1,
    'network disconnect',
    fc.record({ network, container, Force: fc.boolean() }),
    ({ network, container, Force }, hand) =>
      hand.ask('POST', `/networks/${hand.text('network', network)}/disconnect`, {
        Container: hand.text('container', container),
        Force,
      }),
  ),
  op(
    3,
    'network inspect',
    fc.record({ network: fc.oneof(network, oneOf({ name: 'bridge' }, { name: 'none' })) }),
    (given, hand) => hand.ask('GET', `/networks/${hand.text('network', given.network)}`),
  ),
  op(2, 'network rm', fc.record({ network }), ({ network }, hand) =>
    hand.ask('DELETE', `/networks/${hand.text('network', network)}`),
  ),
  op(
    2,
    'network ls',
    fc.record({
      filters: maybe(
        fc.record(
          {
            name: oneOf(['n'], ['lan']),
            label: oneOf(['mark']),
            dangling: oneOf(['true'], ['false']),
            type: oneOf(['custom']),
          },
          { requiredKeys: [] },
        ),
        1,
      ),
    }),
    (given, hand) => hand.ask('GET', `/networks${query(given)}`),
  ),
  op(1, 'network prune', none, (_, hand) => hand.ask('POST', '/networks/prune')),
]

export const VOLUMES: readonly fc.WeightedArbitrary<Saying>[] = [
  op(4, 'volume create', fc.record({ name: oneOf('', ...NAMES.volume) }), createVolume),
  op(3, 'volume inspect', fc.record({ volume }), ({ volume }, hand) =>
    hand.ask('GET', `/volumes/${hand.text('volume', volume)}`),
  ),
  op(3, 'volume rm', fc.record({ volume, force: fc.boolean() }), ({ volume, force }, hand) =>
    hand.ask('DELETE', `/volumes/${hand.text('volume', volume)}${query({ force })}`),
  ),
  op(
    2,
    'volume ls',
    fc.record({
      filters: maybe(
        fc.record(
          { name: oneOf(['v'], ['cache']), label: oneOf(['mark']), dangling: oneOf(['true'], ['false']) },
          { requiredKeys: [] },
        ),
        1,
      ),
    }),
    (given, hand) => hand.ask('GET', `/volumes${query(given)}`),
  ),
  op(1, 'volume prune', none, (_, hand) => hand.ask('POST', '/volumes/prune')),
]

const made = oneOf('mine:1', 'mine:2')
const named = (reference: string) => {
  const [repo = '', tag = ''] = reference.split(':')
  return { repo, tag }
}
/** What all share nobody may remove, which an engine without a gate lets anybody do. */
const removable = image.filter((each) => !('name' in each && each.name === 'busybox:test'))

async function commit(
  { container, as }: { readonly container: Parameters<Hand['text']>[1]; readonly as: string | null },
  hand: Hand,
): Promise<void> {
  const asked = { container: hand.text('container', container), comment: hand.mark, ...(as === null ? {} : named(as)) }
  const { json } = await hand.ask('POST', `/commit${query(asked)}`, {})
  hand.made('image', idIn(json, 'Id'))
}

export const IMAGES: readonly fc.WeightedArbitrary<Saying>[] = [
  op(3, 'commit', fc.record({ container, as: maybe(made, 2) }), commit),
  op(3, 'tag', fc.record({ image, as: made }), ({ image, as }, hand) =>
    hand.ask('POST', `/images/${hand.text('image', image)}/tag${query(named(as))}`),
  ),
  op(2, 'rmi', fc.record({ image: removable, force: fc.boolean() }), ({ image, force }, hand) =>
    hand.ask('DELETE', `/images/${hand.text('image', image)}${query({ force })}`),
  ),
  op(3, 'image inspect', fc.record({ image }), ({ image }, hand) =>
    hand.ask('GET', `/images/${hand.text('image', image)}/json`),
  ),
  op(1, 'image history', fc.record({ image }), ({ image }, hand) =>
    hand.ask('GET', `/images/${hand.text('image', image)}/history`),
  ),
  op(
    3,
    'images',
    fc.record({
      filters: maybe(
        fc.record(
          {
            reference: oneOf(['mine'], ['mine:1'], ['busybox']),
            dangling: oneOf(['true'], ['false']),
            label: oneOf(['mark']),
          },
          { requiredKeys: [] },
        ),
        1,
      ),
    }),
    (given, hand) => hand.ask('GET', `/images/json${query(given)}`),
  ),
  op(1, 'image prune', none, (_, hand) => hand.ask('POST', '/images/prune')),
]

export const ENGINE: readonly fc.WeightedArbitrary<Saying>[] = [
  op(1, 'container prune', none, (_, hand) => hand.ask('POST', '/containers/prune')),
  op(2, 'df', none, (_, hand) => hand.ask('GET', '/system/df')),
  op(2, 'info', none, (_, hand) => hand.ask('GET', '/info')),
  op(1, 'version', none, (_, hand) => hand.ask('GET', '/version')),
]
