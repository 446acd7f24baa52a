import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { openLedger } from '../../../src/objects/ledger.ts'
import type { Owners, Party } from '../scene.ts'
import { clear, findLeak, openRegister } from './census.ts'
import type { Command } from './hand.ts'
import { type Against, labelling, normalise } from './normalise.ts'
import { createPlayer, type Player, type Step, type Theirs } from './play.ts'
import { type Event, type Watch, watchEvents } from './watch.ts'

export const KEYS = ['acme/a', 'acme/b', 'acme/c'] as const

export interface Model {
  readonly scene: Owners
  readonly owners: readonly Party[]
  /** Whether owners have names of their own. */
  readonly prefixed: boolean
  /** Where an owner's commands are played again, alone: behind the gate, or on the engine itself. */
  readonly against: Against
}

/**
 * Plays commands of three owners on one engine, and each one's again, alone.
 *
 * @throws Error where an owner was told of another's object, changed one, or was answered otherwise than alone
 */
export async function playAll(commands: readonly Command[], model: Model): Promise<void> {
  const { scene, owners } = model
  const ledger = openLedger(scene.ledger)
  const theirs: Theirs = new WeakMap()
  try {
    await clear(scene.direct)
    const together = await playTogether(commands, model, theirs, ledger)
    for (const [owner] of owners.entries()) {
      await clear(scene.direct)
      await playAlone(commands, owner, together, model, theirs)
    }
  } finally {
    ledger.close()
  }
}

interface Played {
  readonly steps: readonly (readonly Step[])[]
  readonly events: readonly (readonly unknown[])[]
}

async function playTogether(
  commands: readonly Command[],
  { scene, owners, prefixed, against }: Model,
  theirs: Theirs,
  ledger: ReturnType<typeof openLedger>,
): Promise<Played> {
  const register = openRegister(scene.direct, ledger, KEYS)
  const players = owners.map((party, owner) =>
    createPlayer(party, owner, theirs, (kind) => register.ofOthers(owner, kind), against),
  )
  const secretsOf = (owner: number) => [
    ...register.secretsOf(owner),
    ...(prefixed ? KEYS.filter((_, other) => other !== owner).map(prefixOf) : []),
  ]
  const watches = await watchAll(owners)
  try {
    const steps: (readonly Step[])[] = []
    for (const [index, command] of commands.entries()) {
      const player = players[command.owner] as Player
      const before = player.made.exec.length
      const taken = await player.play(command, index)
      await register.after(command.owner)
      for (const exec of player.made.exec.slice(before)) register.note(command.owner, 'exec', exec)
      for (const { request, answer } of taken) {
        const leak = findLeak(answer, request, secretsOf(command.owner))
        if (leak !== null) {
          throw new Error(`${said(index, command)}\n${request}\ntells of ${leak}:\n${answer.status} ${answer.body}`)
        }
      }
      steps.push(taken)
    }
    const events: unknown[][] = []
    for (const [owner, party] of owners.entries()) {
      const told = await eventsOf(party, watches[owner] as Watch)
      const leak = secretsOf(owner).find((secret) => told.some((event) => JSON.stringify(event).includes(secret)))
      if (leak !== undefined) {
        const event = told.find((each) => JSON.stringify(each).includes(leak))
        throw new Error(`an event tells ${KEYS[owner]} of ${leak}: ${JSON.stringify(event)}`)
      }
      events.push(comparable(told, players[owner] as Player, against))
    }
    return { steps, events }
  } finally {
    for (const watch of watches) watch.close()
  }
}

async function playAlone(
  commands: readonly Command[],
  owner: number,
  together: Played,
  { scene, owners, prefixed, against }: Model,
  theirs: Theirs,
): Promise<void> {
  const party = against === 'engine' ? scene.direct : (owners[owner] as Party)
  const player = createPlayer(party, owner, theirs, null, against)
  const [watch] = (await watchAll([party])) as [Watch]
  try {
    for (const [index, command] of commands.entries()) {
      if (command.owner !== owner) continue
      const before = together.steps[index] as readonly Step[]
      // It had no effect, and is the one thing that others may be felt by.
      if (before.some((step) => isTaken(step, prefixed))) continue
      if (against === 'engine' && before.some(isMissing)) continue
      const steps = await player.play(command, index)
      for (const [at, step] of before.entries()) {
        const other = steps[at]
        if (!isDeepStrictEqual(step.shown, other?.shown)) {
          throw new Error(`${said(index, command)}\n${difference(step, other)}`)
        }
      }
    }
    const events = comparable(await eventsOf(party, watch), player, against)
    if (!isDeepStrictEqual(events, together.events[owner])) {
      const lines = (list: readonly unknown[]) => list.map((event) => JSON.stringify(event))
      const [here, there] = [lines(together.events[owner] ?? []), lines(events)]
      throw new Error(
        `events of ${KEYS[owner]}\nonly among others: ${minus(here, there).join('\n')}\nonly alone: ${minus(there, here).join('\n')}`,
      )
    }
  } finally {
    watch.close()
  }
}

/** Names that are the engine's, of which the first comer has them: plain names, and references of images in any case. */
function isTaken({ answer }: Step, prefixed: boolean): boolean {
  if (answer.status !== 409) return false
  const message = String((answer.json as { message?: string } | undefined)?.message)
  if (message.includes('image reference')) return true
  return !prefixed && /is not yours|is already in use by container|already exists/.test(message)
}

/** What a container is to be connected to must be there: an engine looks for it, by its name, when the container starts. */
function isMissing({ request, answer }: Step): boolean {
  const message = String((answer.json as { message?: string } | undefined)?.message)
  return (
    answer.status === 404 &&
    /^POST \/(containers\/create|networks\/\w+\/connect)/.test(request) &&
    /^network .* not found$/.test(message)
  )
}

function difference(one: Step, other: Step | undefined): string {
  const text = (step: Step | undefined) =>
    step === undefined
      ? 'nothing'
      : `${step.request}\n${step.shown.status} ${step.shown.type}\n${JSON.stringify(step.shown.body, null, 1)}`
  const [here, there] = [text(one).split('\n'), text(other).split('\n')]
  return `only among others:\n${minus(here, there).join('\n')}\nonly alone:\n${minus(there, here).join('\n')}\nasked: ${one.request}\n${one.answer.status} ${one.answer.body.toString().slice(0, 300)}`
}

function minus(all: readonly string[], others: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1)
  return all.filter((line) => {
    const count = counts.get(line) ?? 0
    counts.set(line, count - 1)
    return count <= 0
  })
}

const said = (index: number, { owner, op }: Command) => `#${index} ${KEYS[owner]}: ${op}`

async function watchAll(parties: readonly Party[]): Promise<readonly Watch[]> {
  // The next millisecond: what was cleared away before is not told.
  const now = Date.now() + 1
  const since = (now / 1000).toFixed(3)
  while (Date.now() <= now) await setImmediate()
  return Promise.all(parties.map((party) => watchEvents(party, since)))
}

/** A volume that comes and goes ends what there is to tell. */
async function eventsOf(party: Party, watch: Watch): Promise<readonly Event[]> {
  const { json } = await party.call('POST', '/volumes/create', {})
  const { Name } = json as { Name: string }
  await party.call('DELETE', `/volumes/${Name}`)
  const events = await watch.until('volume', 'destroy', Name)
  return events.filter(({ Actor }) => Actor.ID !== Name)
}

/**
 * Not compared: the end of a prune, which no owner is told; the end of an exec, which may be told later than its output; that a volume without a name is made, which is
 * told before it is known whose container it is for; how often one with a name is, which the gate makes before the engine.
 */
function comparable(events: readonly Event[], { made }: Player, against: Against): unknown[] {
  const label = labelling(made)
  const isVolumeMade = ({ Type, Action }: Event) => Type === 'volume' && Action === 'create'
  // A prune tells of the volumes that it removes where the gate does it, and not where the engine does.
  const isPruned = ({ Type, Action }: Event) => against === 'engine' && Type === 'volume' && Action === 'destroy'
  const isTold = (event: Event) =>
    !UNTOLD.has(event.Action) && !isPruned(event) && !(isVolumeMade(event) && HEX.test(event.Actor.ID))
  const told = events.filter(isTold)
  const text = (event: Event) => JSON.stringify(normalise(event, label, against))
  const volumes = new Set(told.filter(isVolumeMade).map(text))
  const others = told.filter((event) => !isVolumeMade(event)).map(text)
  return [...volumes, ...others].sort().map((each) => JSON.parse(each))
}

const UNTOLD: ReadonlySet<string> = new Set(['exec_die', 'prune'])
const HEX = /^[0-9a-f]{64}$/

function prefixOf(key: string): string {
  return `o-${createHash('sha256').update(key).digest('hex').slice(0, 16)}-`
}
