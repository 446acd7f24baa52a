import { describe, expect, it } from 'vitest'
import { diskUsage } from '../../../src/objects/answers/disk-usage.ts'
import { filterAnswer } from '../../../src/objects/answers/filter-answer.ts'
import { later, sightOf } from './owners.ts'
import { byteByByte, textFrom } from './streams.ts'

const sight = sightOf('aa')

const IMAGES = [
  { Containers: 3, Id: 'sha256:aa1', SharedSize: 10, Size: 100 },
  { Containers: 2, Id: 'sha256:bb', SharedSize: 10, Size: 1000 },
]
const CONTAINERS = [
  { Id: 'aa1', State: 'running', SizeRw: 5 },
  { Id: 'aa2', State: 'exited', SizeRw: 7 },
  { Id: 'aa3', State: 'paused' },
  { Id: 'bb', State: 'running', SizeRw: 1000 },
]
const VOLUMES = [
  { Name: 'aa1', UsageData: { RefCount: 1, Size: 30 } },
  { Name: 'aa2', UsageData: { RefCount: 0, Size: 40 } },
  { Name: 'aa3', UsageData: { RefCount: 0, Size: -1 } },
  { Name: 'bb', UsageData: { RefCount: 9, Size: 1000 } },
]
const OWN_IMAGES = [{ Containers: 1, Id: 'sha256:aa1', SharedSize: -1, Size: 100 }]

async function seen(answer: unknown, verbose = false, by = sight): Promise<unknown> {
  const chunks = byteByByte(`${JSON.stringify(answer)}\n`)
  return JSON.parse(await textFrom(filterAnswer(chunks, diskUsage(by, verbose))))
}

describe('the disk usage that an owner sees', () => {
  it.each([
    ['at once', sight],
    ['later', later(sight)],
  ])('has its own items, and its own sum for the layers (known %s)', async (_, by) => {
    const answer = { LayersSize: 5000, Images: IMAGES, Containers: CONTAINERS, Volumes: VOLUMES }
    expect(await seen({ ...answer, BuildCache: [{ ID: 'x' }], BuilderSize: 77 }, false, by)).toEqual({
      LayersSize: 100,
      Images: OWN_IMAGES,
      Containers: CONTAINERS.slice(0, 3),
      Volumes: VOLUMES.slice(0, 3),
      BuildCache: [],
      BuilderSize: 0,
    })
  })

  it('has null where the engine was not asked', async () => {
    const answer = { LayersSize: 0, Images: null, Containers: CONTAINERS.slice(3), Volumes: null, BuildCache: null }
    expect(await seen(answer)).toEqual({ ...answer, Containers: [] })
  })

  const summaries = {
    ImageUsage: { ActiveCount: 2, Items: IMAGES, Reclaimable: 9, TotalCount: 2, TotalSize: 9999 },
    ContainerUsage: { ActiveCount: 3, Items: CONTAINERS, Reclaimable: 9, TotalCount: 4, TotalSize: 9999 },
    VolumeUsage: { ActiveCount: 2, Items: VOLUMES, Reclaimable: 9, TotalCount: 4, TotalSize: 9999 },
    BuildCacheUsage: { ActiveCount: 2, Items: [{ ID: 'x' }], Reclaimable: 9, TotalCount: 4, TotalSize: 9999 },
  }
  const own = {
    ImageUsage: { ActiveCount: 1, Reclaimable: 0, TotalCount: 1, TotalSize: 100 },
    ContainerUsage: { ActiveCount: 2, Reclaimable: 7, TotalCount: 3, TotalSize: 12 },
    VolumeUsage: { ActiveCount: 1, Reclaimable: 40, TotalCount: 3, TotalSize: 70 },
    BuildCacheUsage: { ActiveCount: 0, Reclaimable: 0, TotalCount: 0, TotalSize: 0 },
  }

  it('has its own sums in the summaries of newer engines, with the items when asked for', async () => {
    expect(await seen(summaries, true)).toEqual({
      ImageUsage: { ...own.ImageUsage, Items: OWN_IMAGES },
      ContainerUsage: { ...own.ContainerUsage, Items: CONTAINERS.slice(0, 3) },
      VolumeUsage: { ...own.VolumeUsage, Items: VOLUMES.slice(0, 3) },
      BuildCacheUsage: { ...own.BuildCacheUsage, Items: [] },
    })
  })

  it('has its own sums and no items when they were not asked for', async () => {
    const none = { Items: [] }
    expect(await seen(summaries, false)).toEqual({
      ImageUsage: { ...own.ImageUsage, ...none },
      ContainerUsage: { ...own.ContainerUsage, ...none },
      VolumeUsage: { ...own.VolumeUsage, ...none },
      BuildCacheUsage: { ...own.BuildCacheUsage, ...none },
    })
  })

  it('has nothing that nobody knows', async () => {
    expect(await seen({ OrphanSize: 7, ImageUsage: { Orphans: 3, Items: [] } }, true)).toEqual({
      ImageUsage: { Items: [], ActiveCount: 0, Reclaimable: 0, TotalCount: 0, TotalSize: 0 },
    })
  })
})
