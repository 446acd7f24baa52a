import type { OperationId } from '../../engine/operations.ts'
import { encodeComponent } from '../../engine/target.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { serialiseJson } from '../../inspect/json/serialise.ts'
import { isJsonArray } from '../../inspect/json/value.ts'
import { retarget } from '../../inspect/judge/query-request.ts'
import { familiar, type ImageReference, parseReference } from '../../policy/profile/reference.ts'
import { Refusal } from '../../refusal.ts'
import { textOf } from '../answers/plain.ts'
import { watchProgress } from '../answers/watch.ts'
import { textAt } from '../edit.ts'
import type { FoundImage } from '../images/images.ts'
import { textsAt } from '../images/images.ts'
import { repositoryOf } from '../images/references.ts'
import { imageHistory, imageInspect } from '../images/seen.ts'
import type { How } from '../ledger.ts'
import { made } from '../made.ts'
import { type OwnedRequest, onObject, type Rule, refusedAs, send, withOperation } from '../request.ts'
import { expiryOf, ownStamps } from '../stamps.ts'
import { aboutNothing, parameterOf, renamed } from '../twin.ts'
import type { Errand, Shape } from '../types.ts'
import { narrowed } from './lists.ts'

type Then = (request: OwnedRequest, found: FoundImage) => Errand | Promise<Errand>

/** A rule for an operation on one image, by its id; where it is not the owner's, the engine is asked about nothing. */
function onImage(then: Then): Rule {
  return async (request) => {
    const { checked, owner, world } = request
    const found = await world.images.find(parameterOf(checked.operation, 'name'), owner)
    if (found === null) return aboutNothing(checked, 'image', 'name')
    const byId = withOperation(checked, renamed(checked.operation, 'name', found.id))
    return then({ ...request, checked: byId }, found)
  }
}

/** An image gets a name; whatever had it loses it. */
const tag = onImage(async (request, { id }) => {
  const reference = givenName(request)
  return giving(request, [reference], (release) =>
    send(
      request.checked,
      noting(request, 201, () => id, reference),
      release,
    ),
  )
})

/** A container becomes an image. */
const commit = onObject('container', 'container', (request) => {
  const stamped = made(request.checked, ownStamps(request.owner))
  const reference = givenName(request)
  const shape = noting(request, 201, (bytes) => textAt(parseJson(bytes), 'Id'), reference)
  return giving(request, [reference], (release) => send(stamped, shape, release))
})

/** What `repo` and `tag` say together, as they were judged; empty: no name. */
function givenName({ checked: { operation } }: OwnedRequest): string {
  const repository = parameterOf(operation, 'repo')
  return repository === '' ? '' : `${repository}:${parameterOf(operation, 'tag')}`
}

/** Takes names for an image that is made; where one is somebody else's, nothing is sent. */
export async function giving(
  request: OwnedRequest,
  references: readonly string[],
  then: (release: () => void) => Errand | Promise<Errand>,
  how: How = 'made',
): Promise<Errand> {
  const { owner, world } = request
  const releases: (() => void)[] = []
  const release = () => {
    for (const each of releases.splice(0)) each()
  }
  try {
    for (const reference of references) {
      if (reference === '') continue
      const taken = await world.images.take(reference, owner, how)
      if (taken === null) {
        release()
        return refusedAs('name-taken', 409, `the image reference ${reference} is not yours: choose another name`)
      }
      releases.push(taken)
    }
    return await then(release)
  } catch (error) {
    release()
    throw error
  }
}

/** Notes an image, and its name, when the engine says that it made it. */
function noting(
  { owner, world }: OwnedRequest,
  made: number,
  idIn: (bytes: Buffer) => string,
  reference: string,
): Shape {
  return (status) => {
    if (status !== made) return null
    return {
      kind: 'whole',
      change(bytes) {
        world.ledger.noteImage(idIn(bytes), owner.key, expiryOf(owner))
        if (reference !== '') world.ledger.noteReference(reference, owner.key, 'made')
        return { status, bytes }
      },
    }
  }
}

/** A pull, or an import of what the client sends. */
const create: Rule = (request) =>
  parameterOf(request.checked.operation, 'fromImage') === '' ? imported(request) : pulled(request)

function imported(request: OwnedRequest): Promise<Errand> {
  const { checked, owner, world } = request
  const reference = givenName(request)
  return giving(request, [reference], (release) => {
    let id = ''
    return send(
      checked,
      watching(
        (message) => {
          const status = textOf(message, 'status')
          if (/^sha256:[0-9a-f]{64}$/.test(status)) id = status
        },
        async () => {
          if (id === '') return
          world.ledger.noteImage(id, owner.key, expiryOf(owner))
          if (reference !== '') world.ledger.noteReference(reference, owner.key, 'made')
        },
      ),
      release,
    )
  })
}

/** How the engine ends a pull that went well: it has asked the registry, with the client's credentials. */
const PULLED = /^Status: (?:Downloaded newer image|Image is up to date) for /

function pulled(request: OwnedRequest): Promise<Errand> {
  const { checked, owner, world } = request
  const { operation } = checked
  const end = parameterOf(operation, 'tag')
  if (end === '') {
    throw new Refusal(
      'objects-unbounded',
      'a pull of every tag could take names of others: pull the tags that you need',
    )
  }
  const name = parameterOf(operation, 'fromImage')
  const reference = end.includes(':') ? `${name}@${end}` : `${name}:${end}`
  return giving(
    request,
    [reference],
    (release) => {
      let succeeded = false
      return send(
        checked,
        watching(
          (message) => {
            if (textOf(message, 'error') !== '') succeeded = false
            else if (PULLED.test(textOf(message, 'status'))) succeeded = true
          },
          async () => {
            if (succeeded) await world.images.noteNamed(reference, owner, 'registry')
          },
        ),
        release,
      )
    },
    'registry',
  )
}

/** An answer that tells of progress, which is looked at, and whose end is told when what it means was noted. */
export function watching(look: Parameters<typeof watchProgress>[1], end: () => Promise<void>): Shape {
  return (status) => (status === 200 ? { kind: 'stream', change: (chunks) => watchProgress(chunks, look, end) } : null)
}

/** What went to the registry can be fetched from there, so its name is no longer one's own alone. */
const push: Rule = async (request) => {
  const { checked, owner, world } = request
  const { operation } = checked
  const end = parameterOf(operation, 'tag')
  if (end === '') {
    throw new Refusal(
      'objects-unbounded',
      'a push of every tag could send images of others: push the tags that you made',
    )
  }
  const reference = `${parameterOf(operation, 'name')}:${end}`
  const found = await world.images.find(reference, owner)
  if (found === null) return aboutNothing(checked, 'image', 'name')
  let failed = false
  return send(
    checked,
    watching(
      (message) => {
        if (textOf(message, 'error') !== '') failed = true
      },
      async () => {
        const isHeld = world.ledger.holdersOf(reference).some((holder) => holder.owner === owner.key)
        if (!failed && isHeld) world.ledger.noteReference(reference, owner.key, 'registry')
      },
    ),
  )
}

const inspect = onImage((request) =>
  send(
    request.checked,
    narrowed(request, (sight) => imageInspect(request.owner, request.world.images, sight)),
  ),
)

const history = onImage((request) =>
  send(
    request.checked,
    narrowed(request, () => ({ elements: imageHistory(request.owner, request.world.images) })),
  ),
)

/** Contents under names: by ids alone an archive would have none. */
const save: Rule = async (request) => {
  const { operation } = request.checked
  const names = await savedAs(parameterOf(operation, 'name'), request)
  if (names.length === 0) return aboutNothing(request.checked, 'image', 'name')
  if (names.length === 1) return send(withOperation(request.checked, renamed(operation, 'name', names[0] as string)))
  return refusedAs('object-unknown', 404, `reference ${parameterOf(operation, 'name')} has several tags here: name one`)
}

const saveAll: Rule = async (request) => {
  const { operation } = request.checked
  const query: (readonly [string, string])[] = []
  for (const [name, value] of operation.query) {
    const names = name === 'names' ? await savedAs(value, request) : [value]
    if (names.length === 0) return refusedAs('object-unknown', 404, `reference does not exist: ${value}`)
    query.push(...names.map((each) => [name, each] as const))
  }
  return send(withOperation(request.checked, retarget(operation, query)))
}

/** A name without a tag stands for every tag of it, as far as the owner sees them. */
async function savedAs(name: string, { owner, world }: OwnedRequest): Promise<readonly string[]> {
  const reference = parseReference(name)
  const repository = reference?.tag === null && reference.digest === null ? repositoryOf(name) : null
  if (repository !== null) {
    const filters = serialiseJson({ reference: [familiar({ ...(reference as ImageReference) })] }).toString()
    const { body } = await world.ask('GET', `/images/json?filters=${encodeComponent(filters)}`)
    const items = body !== null && isJsonArray(body) ? body : []
    const seen = items
      .flatMap((item) => world.images.visible(textsAt(item, 'RepoTags'), textAt(item, 'Id'), owner))
      .filter((each) => repositoryOf(each) === repository)
    if (seen.length > 0) return seen
  }
  const found = await world.images.find(name, owner)
  return found === null ? [] : [found.reference ?? found.id]
}

const asItIs: Rule = ({ checked }) => send(checked)

export const IMAGE_RULES: Partial<Record<OperationId, Rule>> = {
  ImageInspect: inspect,
  ImageHistory: history,
  ImageAttestations: onImage(({ checked }) => send(checked)),
  ImageTag: tag,
  ImageCommit: commit,
  ImageCreate: create,
  ImagePush: push,
  ImageGet: save,
  ImageGetAll: saveAll,
  // They ask a registry, by what the role may pull, and tell of nothing that is here.
  ImageSearch: asItIs,
  DistributionInspect: asItIs,
}
