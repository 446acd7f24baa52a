import type { Answer, Party } from '../scene.ts'
import { type Command, type Hand, type Kind, NAMES, type Ref } from './hand.ts'
import { type Against, labelling, normalise, type Shown } from './normalise.ts'

/** A request that was made, and its answer as it is compared. */
export interface Step {
  readonly request: string
  readonly answer: Answer
  readonly shown: Shown
}

/** An owner in one of the worlds. */
export interface Player {
  play(command: Command, index: number): Promise<readonly Step[]>
  /** What was made, by kind, in order. */
  readonly made: Readonly<Record<Kind, string[]>>
}

/** What the references to others' objects came to, where others were there. */
export type Theirs = WeakMap<Ref, string>

/** @param others ids of others' objects, or null in a world of one's own, where `theirs` says what they were */
export function createPlayer(
  party: Party,
  owner: number,
  theirs: Theirs,
  others: ((kind: Kind) => readonly string[]) | null,
  against: Against,
): Player {
  const made: Record<Kind, string[]> = { container: [], network: [], volume: [], image: [], exec: [] }

  function text(kind: Kind, ref: Ref, said: string[]): string {
    if ('name' in ref) return ref.name
    if ('theirs' in ref) {
      const ids = others?.(kind) ?? []
      if (others !== null) theirs.set(ref, written(kind, ids[ref.theirs % (ids.length || 1)], ref.form, ids))
      return theirs.get(ref) ?? NAMES[kind].at(-1) ?? ''
    }
    const id = made[kind][ref.own % (made[kind].length || 1)]
    const word = written(kind, id, ref.form, made[kind])
    if (ref.form === 'brief' && word !== id) said.push(word)
    return word
  }

  async function play(command: Command, index: number): Promise<readonly Step[]> {
    const said: string[] = []
    const steps: { request: string; answer: Answer }[] = []
    const hand: Hand = {
      mark: `mark${owner}x${index}x`,
      text: (kind, ref) => text(kind, ref, said),
      peek: (method, target) => party.call(method, target),
      async ask(method, target, body) {
        const answer = await party.call(method, target, body)
        steps.push({ request: `${method} ${target} ${body === undefined ? '' : JSON.stringify(body)}`, answer })
        return answer
      },
      made(kind, id) {
        if (typeof id === 'string') made[kind].push(id)
      },
    }
    await command.play(hand)
    const label = labelling(made)
    return steps.map(({ request, answer }) => ({
      request,
      answer,
      shown: shown(answer, against, (value) => normalise(value, label, against, said)),
    }))
  }

  return { play, made }
}

function written(kind: Kind, id: string | undefined, form: string, all: readonly string[]): string {
  if (id === undefined) return NAMES[kind].at(-1) ?? ''
  const digits = id.replace('sha256:', '')
  if (form === 'full' || !/^[0-9a-f]{64}$/.test(digits) || kind === 'volume' || kind === 'exec') return id
  if (form === 'short') return digits.slice(0, 12)
  for (let length = 4; ; length++) {
    const start = digits.slice(0, length)
    if (all.filter((other) => other.replace('sha256:', '').startsWith(start)).length === 1) return start
  }
}

function shown(
  { status, headers, body, json }: Answer,
  against: Against,
  normalised: (value: unknown) => unknown,
): Shown {
  const type = /^content-type: ?(.*)$/im.exec(headers)?.[1] ?? ''
  const told = normalised(json ?? body.toString('latin1'))
  return { status, type, body: status >= 400 && against === 'engine' ? unnamed(told) : told }
}

/** Where the engine's errors say the name that it was asked with, it is the id, as the gate asks by ids. */
function unnamed(told: unknown): unknown {
  const text = JSON.stringify(told) ?? ''
  return text.replace(/<(container|network|image) \d+>|<said>|\b(job|web|nothing|net|lan|mine:[12])\b/g, '<object>')
}
