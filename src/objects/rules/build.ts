import type { OperationId } from '../../engine/operations.ts'
import { boolValue } from '../../engine/query.ts'
import { encodePath } from '../../engine/target.ts'
import type { Operation } from '../../engine/types.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { serialiseJson } from '../../inspect/json/serialise.ts'
import { isJsonArray, isJsonObject } from '../../inspect/json/value.ts'
import { retarget } from '../../inspect/judge/query-request.ts'
import { parseImageId } from '../../policy/profile/reference.ts'
import { Refusal } from '../../refusal.ts'
import { printable } from '../../text.ts'
import { memberOf, textOf } from '../answers/plain.ts'
import { contextRules } from '../build/context.ts'
import { imagesNamed, imagesTriggered, type NamedImage, UnreadableDockerfile } from '../build/dockerfile.ts'
import { at } from '../edit.ts'
import { createHoldings, type Holdings } from '../images/holdings.ts'
import { fullReference } from '../images/references.ts'
import { made } from '../made.ts'
import { type OwnedRequest, type Rule, referred, send, withOperation } from '../request.ts'
import { expiryOf, ownStamps } from '../stamps.ts'
import { parameterOf } from '../twin.ts'
import { giving, watching } from './images.ts'

/** The newest of the owner's images whose layers may serve as a cache. */
const MOST_CACHES = 64
/** The engine takes any cached layer where no image is named, and none where this is the only one. */
const NO_CACHE = 'dockgate.invalid/no-cache:none'
const OTHER = 'container:'
const NO_NETWORK: ReadonlySet<string> = new Set(['', 'default', 'bridge', 'host', 'none'])

/** All that a quiet build tells. */
const QUIET_ID = /^(sha256:[0-9a-f]{64})\n?$/

/** The classic builder makes an image under the owner's labels, of images that the owner may see. */
const build: Rule = async (request) => {
  const { checked, owner, world } = request
  const { operation } = checked
  refuseUnseen(operation)
  const names = operation.query.flatMap(([name, value]) => (name === 't' ? [fullReference(value) ?? value] : []))
  const sent = await withOwnParameters(request)
  const isQuiet = boolValue(parameterOf(operation, 'q'))
  const held = createHoldings()
  return giving(request, names, (release) => {
    const over = () => {
      held.over()
      release()
    }
    let id = ''
    const shape = watching(
      (message) => {
        const quiet = isQuiet ? QUIET_ID.exec(textOf(message, 'stream'))?.[1] : undefined
        id = quiet ?? (textOf(memberOf(message, 'aux'), 'ID') || id)
        if (textOf(message, 'error') !== '') id = ''
      },
      async () => {
        if (id === '') return
        world.ledger.noteImage(id, owner.key, expiryOf(owner))
        for (const name of names) await world.images.noteNamed(name, owner, 'made')
      },
    )
    const stamped = made(withOperation(checked, sent), ownStamps(owner))
    if (checked.body.kind !== 'stream') return send(stamped, shape, over)
    const archive = contextRules(parameterOf(operation, 'dockerfile'), (text) => judge(text, request, held))
    return send({ ...stamped, body: { kind: 'stream', length: null, archive } }, shape, over)
  })
}

/** What the gate cannot look into names whatever it likes. */
function refuseUnseen(operation: Operation): void {
  const refuse = (what: string, out: string) => {
    throw new Refusal('objects-unbounded', `the gate cannot see whose images ${what} uses: ${out}`)
  }
  if (parameterOf(operation, 'remote') !== '') refuse('a remote build context', 'send the context')
  if (parameterOf(operation, 'session') !== '' || parameterOf(operation, 'version') === '2') {
    refuse('BuildKit', 'use the classic builder, DOCKER_BUILDKIT=0 docker build')
  }
  if (boolValue(parameterOf(operation, 'pull')))
    refuse('a build that pulls', 'docker pull first, and build without --pull')
}

/** Only layers of the owner's own images are a cache, and networks and containers are named by their ids. */
async function withOwnParameters(request: OwnedRequest): Promise<Operation> {
  const { checked, owner, world } = request
  const { operation } = checked
  const given = parameterOf(operation, 'cachefrom')
  const asked = given === '' ? [] : textsOf(parseJson(Buffer.from(given)))
  const caches: string[] = []
  for (const name of asked) {
    const found = await world.images.find(name, owner)
    if (found !== null) caches.push(found.id)
  }
  caches.push(...world.ledger.imagesOf(owner.key).slice(0, MOST_CACHES))
  const cachefrom = serialiseJson(caches.length === 0 ? [NO_CACHE] : [...new Set(caches)]).toString()
  const mode = await networkMode(parameterOf(operation, 'networkmode'), request)
  const others = operation.query.filter(([name]) => name !== 'cachefrom' && name !== 'networkmode')
  const network = mode === '' ? [] : ([['networkmode', mode]] as const)
  return retarget(operation, [...others, ['cachefrom', cachefrom], ...network])
}

async function networkMode(mode: string, request: OwnedRequest): Promise<string> {
  if (NO_NETWORK.has(mode)) return mode
  if (!mode.startsWith(OTHER)) return (await referred(request, 'network', mode)).id
  return `${OTHER}${(await referred(request, 'container', mode.slice(OTHER.length))).id}`
}

function textsOf(value: ReturnType<typeof parseJson>): readonly string[] {
  return value !== null && isJsonArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** @throws Refusal (as a rejection) where a Dockerfile names an image that is not the owner's to use */
async function judge(text: string, request: OwnedRequest, held: Holdings): Promise<void> {
  const named = read(() => imagesNamed(text, buildArguments(request.checked.operation)))
  for (const image of named) {
    const triggers = await mayUse(image, request, held)
    for (const triggered of read(() => imagesTriggered(triggers)))
      await mayUse({ ...triggered, line: image.line }, request, held)
  }
}

/** Answers the image's triggers; nobody else changes what the name means before the build is over. */
async function mayUse(
  { line, instruction, image }: NamedImage,
  { owner, world }: OwnedRequest,
  held: Holdings,
): Promise<readonly string[]> {
  const reference = fullReference(image)
  const own =
    reference === null ? undefined : world.ledger.holdersOf(reference).find(({ owner: key }) => key === owner.key)
  // Before it is looked up; what the owner made is not to be pulled by another in its place either.
  const release = reference === null ? () => {} : world.images.hold(reference, owner, own?.how ?? 'registry')
  if (release !== null) held.add(release)
  const found = release === null ? null : await world.images.find(image, owner)
  // The beginning of an id may be that of another's image when the owner's is gone.
  if (found === null || (found.reference === null && parseImageId(image) === null)) {
    const what = `Dockerfile, line ${line}: ${instruction} ${printable(image, 200)}`
    const out = 'docker pull it first, or name it by its whole id'
    throw new Refusal('object-unknown', `${what}: there is no such image here that is yours; ${out}`)
  }
  const { body } = await world.ask('GET', `/images/${encodePath(found.id)}/json`)
  return textsOf(at(body, 'Config', 'OnBuild') ?? null)
}

function read<Value>(reader: () => Value): Value {
  try {
    return reader()
  } catch (cause) {
    if (cause instanceof UnreadableDockerfile)
      throw new Refusal('body-malformed', `Dockerfile: ${cause.message}`, { cause })
    throw cause
  }
}

function buildArguments(operation: Operation): ReadonlyMap<string, string> {
  const text = parameterOf(operation, 'buildargs')
  const value = text === '' ? null : parseJson(Buffer.from(text))
  const members = value !== null && isJsonObject(value) ? Object.entries(value) : []
  return new Map(members.flatMap(([name, each]) => (typeof each === 'string' ? [[name, each] as const] : [])))
}

export const BUILD_RULES: Partial<Record<OperationId, Rule>> = { ImageBuild: build }
