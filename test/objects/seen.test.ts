import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../src/inspect/json/serialise.ts'
import type { Plain } from '../../src/objects/answers/decide.ts'
import type { Sight } from '../../src/objects/answers/sight.ts'
import { createImages } from '../../src/objects/images/images.ts'
import { imageInspect } from '../../src/objects/images/seen.ts'
import type { Owner } from '../../src/objects/types.ts'
import { idOf, later, sightOf } from './answers/owners.ts'
import { temporaryLedger } from './temporary-ledger.ts'

const quotas = { containers: 0, running: 0, volumes: 0, networks: 0, images: 0, memory: 0, nanoCpus: 0 }
const owner = (key: string): Owner => ({
  key,
  rule: { names: 'plain', sharedImages: [], quotas, lifetime: 0, endsWithToken: false },
  principal: { issuer: 'i', subject: 's', claims: {}, certificate: null, expiresAt: 0 },
  prefix: '',
  record: 'r',
})
const REFERENCE = 'registry.test/app:1'

function scene() {
  const ledger = temporaryLedger()
  const images = createImages(
    async () => ({ status: 500, body: null }),
    ledger,
    () => false,
  )
  return { ledger, images, seen: (key: string, id: string) => images.visible([REFERENCE], id, owner(key)) }
}

describe('a reference that an owner holds', () => {
  test('means the image that he made', () => {
    const { ledger, seen } = scene()
    ledger.noteImage('sha256:1', 'a')
    ledger.noteReference(REFERENCE, 'a', 'made')
    expect(seen('a', 'sha256:1')).toEqual([REFERENCE])
    expect(seen('b', 'sha256:1')).toEqual([])
  })

  test('means no image that came there past the gate', () => {
    const { ledger, seen } = scene()
    ledger.noteImage('sha256:1', 'a')
    ledger.noteReference(REFERENCE, 'a', 'made')
    expect(seen('a', 'sha256:2')).toEqual([])
  })

  test('and that came from a registry means what another who fetched it got there since', () => {
    const { ledger, seen } = scene()
    ledger.noteImage('sha256:1', 'a')
    ledger.noteReference(REFERENCE, 'a', 'registry')
    ledger.noteImage('sha256:2', 'b')
    expect(seen('a', 'sha256:2')).toEqual([])
    ledger.noteReference(REFERENCE, 'b', 'registry')
    expect(seen('a', 'sha256:2')).toEqual([REFERENCE])
  })
})

test.each<[string, Sight]>([
  ['at once', sightOf('a')],
  ['a turn later', later(sightOf('a'))],
])('inspecting an image tells of no containers, names and pulls of others (%s)', async (_, sight) => {
  const { images } = scene()
  const told = {
    Id: 'sha256:1',
    RepoTags: [REFERENCE],
    Identity: { Pull: [{ Repository: 'b' }] },
    Metadata: { LastTagTime: 'b' },
    Descriptor: { digest: 'sha256:1', annotations: { 'io.containerd.image.name': 'b' } },
    Manifests: [
      { ID: 'm', Descriptor: { annotations: { x: 'b' } }, ImageData: { Containers: [idOf('a'), idOf('b')], Size: 1 } },
    ],
  }
  const change = await imageInspect(owner('a'), images, sight)(told as Plain, '')
  if (typeof change === 'boolean') throw new Error('it passes as it is')
  const shown = serialiseJson(change(parseJson(Buffer.from(JSON.stringify(told))))).toString()
  expect(JSON.parse(shown)).toEqual({
    Id: 'sha256:1',
    RepoTags: [],
    Descriptor: { digest: 'sha256:1' },
    Manifests: [{ ID: 'm', Descriptor: {}, ImageData: { Containers: [idOf('a')], Size: 1 } }],
  })
})
