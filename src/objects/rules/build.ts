import type { OperationId } from '../../engine/operations.ts'
import { boolValue } from '../../engine/query.ts'
import { encodeComponent, encodePath } from '../../engine/target.ts'
import type { Operation } from '../../engine/types.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { serialiseJson } from '../../inspect/json/serialise.ts'
import { isJsonArray, isJsonObject, type JsonValue } from '../../inspect/json/value.ts'
import { retarget } from '../../inspect/judge/query-request.ts'
import { parseImageId } from '../../policy/profile/reference.ts'
import { Refusal } from '../../refusal.ts'
import { printable } from '../../text.ts'
import { memberOf, textOf } from '../answers/plain.ts'
import { contextRules } from '../build/context.ts'
import { imagesNamed, imagesTriggered, type NamedImage } from '../build/dockerfile.ts'
import { UnreadableDockerfile } from '../build/lines.ts'
import { at, textAt } from '../edit.ts'
import { createHoldings, type Holdings } from '../images/holdings.ts'
import { fullReference } from '../images/references.ts'
import { made } from '../made.ts'
import { type OwnedRequest, type Rule, referred, send, type World, withOperation } from '../request.ts'
import { expiryOf, ownStamps, RECORD_LABEL } from '../stamps.ts'
import { parameterOf } from '../twin.ts'
import { giving, watching } from './images.ts'

/** The newest of the owner's images whose layers may serve as a cache. */
const MOST_CACHES = 64
/** The engine takes any cached layer where no image is named, and none where this is the only one. */
const NO_CACHE = 'dockgate.invalid/no-cache:none'
/** No Dockerfile of people names as many. */
const MOST_IMAGES = 256
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
    let failed = false
    const shape = watching(
      (message) => {
        const quiet = isQuiet ? QUIET_ID.exec(textOf(message, 'stream'))?.[1] : undefined
        id = quiet ?? (textOf(memberOf(message, 'aux'), 'ID') || id)
        if (textOf(message, 'error') !== '') failed = true
      },
      async () => {
        if (failed) return
        // Below API 1.30 the engine tells no id that no step could have written as well.
        const ids = id === '' ? await idsOfRecord(owner.record, world) : [id]
        for (const each of ids) world.ledger.noteImage(each, owner.key, expiryOf(owner))
        for (const name of names) await world.images.noteNamed(name, owner, 'made')
      },
    )
    const stamped = made(withOperation(checked, sent), ownStamps(owner))
    if (checked.body.kind !== 'stream') return send(stamped, shape, over)
    const archive = contextRules(parameterOf(operation, 'dockerfile'), (text) => judge(text, request, held))
    return send({ ...stamped, body: { kind: 'stream', length: null, archive } }, shape, over)
  })
}

/** Images that carry the record id of a request, which nobody else knows before it is over. */
async function idsOfRecord(record: string, { ask }: World): Promise<readonly string[]> {
  const filters = serialiseJson({ label: [`${RECORD_LABEL}=${record}`] }).toString()
  const { status, body } = await ask('GET', `/images/json?filters=${encodeComponent(filters)}`)
  return status === 200 && isJsonArray(body) ? body.map((image) => textAt(image, 'Id')) : []
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
  const { operation } = request.checked
  const named = read(() => imagesNamed(text, buildArguments(operation)))
  const platform = parameterOf(operation, 'platform')
  const judged = new Set<string>()
  const mayUseOnce = async (image: NamedImage): Promise<readonly string[]> => {
    const asked = { ...image, platform: image.platform ?? platform }
    const key = `${asked.platform} ${image.image}`
    if (judged.has(key)) return []
    if (judged.size === MOST_IMAGES) {
      throw new Refusal('body-malformed', `the Dockerfile names more than ${MOST_IMAGES} images`)
    }
    judged.add(key)
    return mayUse(asked, request, held)
  }
  for (const image of named) {
    const triggers = await mayUseOnce(image)
    for (const triggered of read(() => imagesTriggered(triggers))) await mayUseOnce({ ...triggered, line: image.line })
  }
}

/** Answers the image's triggers; nobody else changes what the name means before the build is over. */
async function mayUse(
  { line, instruction, image, platform }: NamedImage,
  { owner, world }: OwnedRequest,
  held: Holdings,
): Promise<readonly string[]> {
  const refuse = (problem: string) => {
    const where = `Dockerfile, line ${line}: ${instruction} ${printable(image, 200)}`
    return new Refusal('object-unknown', `${where}: ${problem}`)
  }
  const reference = fullReference(image)
  const own =
    reference === null ? undefined : world.ledger.holdersOf(reference).find(({ owner: key }) => key === owner.key)
  // Before it is looked up; what the owner made is not to be pulled by another in its place either.
  const release = reference === null ? () => {} : world.images.hold(reference, owner, own?.how ?? 'registry')
  if (release !== null) held.add(release)
  const found = release === null ? null : await world.images.find(image, owner)
  // The beginning of an id may be that of another's image when the owner's is gone.
  if (found === null || (found.reference === null && parseImageId(image) === null)) {
    throw refuse('there is no such image here that is yours; docker pull it first, or name it by its whole id')
  }
  const { body } = await world.ask('GET', `/images/${encodePath(found.id)}/json`)
  if (platform !== null && platform !== '' && !isOfPlatform(body, platform)) {
    throw refuse(`the image here is not of the platform ${printable(platform, 80)}; docker pull it for that first`)
  }
  return textsOf(at(body, 'Config', 'OnBuild') ?? null)
}

/** Where it is not, an engine may fetch another in its place. */
function isOfPlatform(image: JsonValue, platform: string): boolean {
  const whole = `${textAt(image, 'Os')}/${textAt(image, 'Architecture')}`
  const variant = textAt(image, 'Variant')
  return platform === whole || (variant !== '' && platform === `${whole}/${variant}`)
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
