import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { CONTAINERS } from './model/containers.ts'
import type { Command } from './model/hand.ts'
import { ENGINE, IMAGES, NETWORKS, VOLUMES } from './model/others.ts'
import { KEYS, type Model, playAll } from './model/run.ts'
import { type Owners, startOwners } from './scene.ts'

/** How many sequences of commands, and which: MODEL_TIMES as many, of the seed MODEL_SEED. */
const { MODEL_SEED = '1', MODEL_TIMES = '1' } = process.env
const TIMES = Number(MODEL_TIMES)
const LONGEST = 60

const sequences = fc.array(
  fc
    .record({
      owner: fc.nat({ max: KEYS.length - 1 }),
      saying: fc.oneof(...CONTAINERS, ...NETWORKS, ...VOLUMES, ...IMAGES, ...ENGINE),
    })
    .map(
      ({ owner, saying }): Command => ({
        owner,
        ...saying,
        [fc.toStringMethod]: () => `
${KEYS[owner]}: ${saying.op}`,
      }),
    ),
  { minLength: 1, maxLength: LONGEST, size: 'max' },
)

describe.each([
  { role: 'own', names: 'plain names' },
  { role: 'apart', names: 'names of their own' },
])('three owners with $names on one engine', ({ role }) => {
  let scene: Owners
  let model: Omit<Model, 'against'>
  beforeAll(async () => {
    scene = await startOwners('old')
    const owners = await Promise.all(KEYS.map((key) => scene.as(key, role)))
    model = { scene, owners, prefixed: role === 'apart' }
  })
  afterAll(() => scene.close())

  const hold = async (against: Model['against'], seed: number) => {
    let played = 0
    const property = fc.asyncProperty(sequences, async (commands) => {
      played += commands.length
      await playAll(commands, { ...model, against })
    })
    const started = Date.now()
    try {
      await fc.assert(property, {
        seed,
        numRuns: 5 * TIMES,
        interruptAfterTimeLimit: TIMES * 120_000,
        verbose: 0,
      })
    } finally {
      if (TIMES > 1) console.log(`${role}: ${played} commands of seed ${seed} in ${Date.now() - started} ms`)
    }
  }

  test('each is answered as if alone behind the gate, and told of nobody else', { timeout: TIMES * 150_000 }, () =>
    hold('gate', Number(MODEL_SEED)),
  )

  test('each is answered as if alone on the engine itself', { timeout: TIMES * 150_000 }, () =>
    hold('engine', Number(MODEL_SEED) + 1),
  )
})
