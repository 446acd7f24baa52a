import type { Ledger } from '../../../src/objects/ledger.ts'
import type { Answer, Party } from '../scene.ts'

/** An object that the engine has, as it is looked at past the gate. */
interface Object {
  readonly kind: 'container' | 'network' | 'volume' | 'image'
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** What nobody but its owner may change. */
  readonly state: string
}

type Census = ReadonlyMap<string, Object>

interface Item {
  readonly Id: string
  readonly Name: string
  readonly Names: readonly string[]
  readonly State: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly RepoTags: readonly string[] | null
}

/** Everything that somebody made on an engine. */
async function takeCensus(direct: Party): Promise<Census> {
  const ask = async (target: string) => (await direct.call('GET', target)).json
  const [containers, networks, volumes, images] = await Promise.all([
    ask('/containers/json?all=1'),
    ask('/networks'),
    ask('/volumes'),
    ask('/images/json?all=1'),
  ])
  const found: Object[] = []
  for (const { Id, Names, State, Labels } of containers as Item[]) {
    found.push({ kind: 'container', id: Id, labels: Labels ?? {}, state: `${[...(Names ?? [])].sort()} ${State}` })
  }
  for (const { Id, Name, Labels } of networks as Item[]) {
    if (!PREDEFINED.has(Name)) found.push({ kind: 'network', id: Id, labels: Labels ?? {}, state: Name })
  }
  for (const { Name, Labels } of (volumes as { Volumes: Item[] | null }).Volumes ?? []) {
    found.push({ kind: 'volume', id: Name, labels: Labels ?? {}, state: '' })
  }
  for (const { Id, RepoTags, Labels } of images as Item[]) {
    const own = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>' && tag !== BASE)
    const isBase = RepoTags?.includes(BASE) === true
    if (!isBase) found.push({ kind: 'image', id: Id, labels: Labels ?? {}, state: '' })
    // A name of an image is somebody's too.
    for (const tag of own) found.push({ kind: 'image', id: tag, labels: {}, state: Id })
  }
  return new Map(found.map((object) => [`${object.kind} ${object.id}`, object]))
}

const BASE = 'busybox:test'
const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none'])

/** Removes all of it. */
export async function clear(direct: Party): Promise<void> {
  const census = [...(await takeCensus(direct)).values()]
  const of = (kind: Object['kind']) => census.filter((object) => object.kind === kind)
  const gone = async (target: string) => {
    const { status, body } = await direct.call('DELETE', target)
    if (status >= 400 && status !== 404) throw new Error(`${target}: ${status} ${body}`)
  }
  for (const { id } of of('container')) await gone(`/containers/${id}?force=1&v=1`)
  for (const { id } of of('network')) await gone(`/networks/${id}`)
  for (const { id } of of('volume')) await gone(`/volumes/${id}?force=1`)
  const images = of('image')
  for (const { id } of images.filter(({ id }) => !id.startsWith('sha256:'))) await gone(`/images/${id}`)
  // Children before their parents, which the engine removes along with them.
  for (const { id } of images.filter(({ id }) => id.startsWith('sha256:'))) await gone(`/images/${id}?force=1`)
}

/** Whose everything is: what is new after somebody's command is theirs. */
export interface Register {
  /**
   * Looks at the engine after a command of the owner's.
   *
   * @throws Error where an object of somebody else is gone or has changed, or a new one does not carry its owner alone
   */
  after(owner: number): Promise<void>
  /** What nobody but its owner may be told: ids, records and marks that are another's. */
  secretsOf(owner: number): readonly string[]
  ofOthers(owner: number, kind: string): readonly string[]
  /** What an answer to its owner showed that no list does. */
  note(owner: number, kind: string, id: string): void
}

export function openRegister(direct: Party, ledger: Ledger, keys: readonly string[]): Register {
  const owners = new Map<string, number>()
  const secrets: Set<string>[] = keys.map((key, owner) => new Set([key, `mark${owner}x`]))
  const noted: { readonly owner: number; readonly kind: string; readonly id: string }[] = []
  let last: Census = new Map()

  function checkOwner(object: Object, owner: number): void {
    const key = keys[owner] as string
    const { kind, id, labels } = object
    const label = labels['io.dockgate.owner']
    const noted =
      kind === 'volume'
        ? label === undefined
          ? ledger.volumeOwner(id)
          : label
        : kind === 'image'
          ? id.startsWith('sha256:')
            ? ledger.ownersOfImage(id).join()
            : ledger
                .holdersOf(`docker.io/library/${id}`)
                .map((holder) => holder.owner)
                .join()
          : label
    if (noted !== key) throw new Error(`${kind} ${id}, which ${key} made, is noted as of ${JSON.stringify(noted)}`)
  }

  return {
    async after(owner) {
      const now = await takeCensus(direct)
      for (const [name, object] of now) {
        const known = last.get(name)
        if (known === undefined) {
          checkOwner(object, owner)
          owners.set(name, owner)
          if (/^(sha256:)?[0-9a-f]{64}$/.test(object.id)) secrets[owner]?.add(object.id.replace('sha256:', ''))
          const record = object.labels['io.dockgate.record']
          if (record !== undefined) secrets[owner]?.add(record)
        } else if (known.state !== object.state && owners.get(name) !== owner) {
          throw new Error(
            `${keys[owner]} changed ${name} of ${keys[owners.get(name) ?? -1]}: ${known.state} → ${object.state}`,
          )
        }
      }
      for (const name of last.keys()) {
        if (now.has(name)) continue
        if (owners.get(name) !== owner)
          throw new Error(`${keys[owner]} removed ${name} of ${keys[owners.get(name) ?? -1]}`)
      }
      last = now
    },
    secretsOf: (owner) => secrets.flatMap((known, of) => (of === owner ? [] : [...known])),
    ofOthers: (owner, kind) => [
      ...[...owners].flatMap(([name, of]) =>
        of !== owner && name.startsWith(`${kind} `) ? [name.slice(kind.length + 1)] : [],
      ),
      ...noted.filter((each) => each.owner !== owner && each.kind === kind).map(({ id }) => id),
    ],
    note(owner, kind, id) {
      noted.push({ owner, kind, id })
      secrets[owner]?.add(id)
    },
  }
}

/** An answer must tell of nobody else, but for what the request said. */
export function findLeak(answer: Answer, request: string, secrets: readonly string[]): string | null {
  const text = `${answer.headers}\n${answer.body}`
  const tells = (word: string) => text.includes(word) && !request.includes(word)
  return secrets.find((secret) => tells(secret) || (HEX.test(secret) && tells(secret.slice(0, 12)))) ?? null
}

const HEX = /^[0-9a-f]{64}$/
