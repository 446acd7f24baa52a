import { describe, expect, it } from 'vitest'
import { containerList } from '../../../src/objects/answers/containers.ts'
import { filterAnswer, type Plan } from '../../../src/objects/answers/filter-answer.ts'
import { imageList } from '../../../src/objects/answers/images.ts'
import { systemInfo } from '../../../src/objects/answers/info.ts'
import { networkInspect, networkList } from '../../../src/objects/answers/networks.ts'
import { labelMark, type Sight } from '../../../src/objects/answers/sight.ts'
import { configList, secretList, serviceList, taskList } from '../../../src/objects/answers/swarm.ts'
import { volumeList } from '../../../src/objects/answers/volumes.ts'
import { idOf, later, sightOf } from './owners.ts'
import { byteByByte, textFrom } from './streams.ts'

const MINE = idOf('aa')
const THEIRS = idOf('bb')
const sight = sightOf('aa')

async function narrowed(answer: unknown, plan: Plan): Promise<unknown> {
  return JSON.parse(await textFrom(filterAnswer(byteByByte(`${JSON.stringify(answer)}\n`), plan)))
}

describe.each<[string, Sight]>([
  ['at once', sight],
  ['later', later(sight)],
])('what an owner sees, when that is known %s', (_, sight) => {
  describe('of containers', () => {
    it('is its own, told by id, labels and image', async () => {
      const asked: unknown[] = []
      const all = { ...sight, container: (...about: unknown[]) => asked.push(about) > 0 }
      await narrowed(
        [
          { Id: MINE, Labels: { a: 'b' }, ImageID: 'sha256:1' },
          { Id: THEIRS, Labels: null },
        ],
        containerList(all),
      )
      expect(asked).toEqual([
        [MINE, { a: 'b' }, 'sha256:1'],
        [THEIRS, {}, null],
      ])
      expect(await narrowed([{ Id: MINE }, { Id: THEIRS }], containerList(sight))).toEqual([{ Id: MINE }])
    })

    it('is nothing without its mark, and with it what is its own', async () => {
      const marked = { ...sight, containerMark: labelMark('owner', 'aa') }
      const own = { Id: THEIRS, Labels: { owner: 'aa' } }
      expect(await narrowed([{ Id: MINE, Labels: {} }, own], containerList(marked))).toEqual([own])
    })

    it('is nothing of what has another shape', async () => {
      expect(await narrowed([null, 'aa', [MINE], { id: MINE }], containerList(sight))).toEqual([])
    })

    it('is not the name that a link from another container gives', async () => {
      const item = { Id: MINE, Names: ['/theirs/db', '/aa-web/db', '/db'], Created: 1 }
      expect(await narrowed([item], containerList(sight))).toEqual([{ ...item, Names: ['/aa-web/db', '/db'] }])
    })
  })

  describe('of networks', () => {
    const endpoint = { Name: 'x', IPv4Address: '172.17.0.2/16' }

    it('is its own and the predefined ones', async () => {
      const all = ['bridge', 'host', 'none', 'aa-net', 'theirs', 'ingress'].map((Name) => ({
        Name,
        Id: '0',
        Containers: {},
      }))
      const seen = (await narrowed(all, networkList(sight))) as { Name: string }[]
      expect(seen.map(({ Name }) => Name)).toEqual(['bridge', 'host', 'none', 'aa-net'])
    })

    it('is only its own containers in them, in lists and alone', async () => {
      const network = { Name: 'bridge', Containers: { [MINE]: endpoint, [THEIRS]: endpoint, 'ep-aa': endpoint } }
      const wanted = { Name: 'bridge', Containers: { [MINE]: endpoint } }
      expect(await narrowed([network], networkList(sight))).toEqual([wanted])
      expect(await narrowed(network, networkInspect(sight))).toEqual(wanted)
    })

    it('is no count of addresses where others have some, and no service', async () => {
      const status = { Status: { IPAM: { Subnets: { '172.17.0.0/16': { IPsInUse: 5 } } } } }
      const own = { Name: 'aa', Containers: { [MINE]: endpoint } }
      const shared = { Name: 'aa', Containers: { [MINE]: endpoint, [THEIRS]: endpoint } }
      expect(await narrowed({ ...own, ...status }, networkInspect(sight))).toEqual({ ...own, ...status })
      expect(await narrowed({ ...shared, ...status }, networkInspect(sight))).toEqual(own)
      expect(await narrowed({ Name: 'bridge', Containers: {}, ...status }, networkInspect(sight))).toEqual({
        Name: 'bridge',
        Containers: {},
      })
      expect(await narrowed({ ...own, Services: { theirs: {} } }, networkInspect(sight))).toEqual(own)
    })

    it('passes as it is where there is nothing to hide', async () => {
      const text = '{"Name":"none", "Containers":{},"Peers":null}\n'
      expect(await textFrom(filterAnswer(byteByByte(text), networkInspect(sight)))).toBe(text)
    })
  })

  it('of volumes is its own, without what drivers say of all', async () => {
    const answer = {
      Volumes: [{ Name: 'aa' }, { Name: 'v', Labels: { owner: 'aa' } }, { Name: 'theirs' }],
      Warnings: ['theirs'],
      New: ['theirs'],
    }
    expect(await narrowed(answer, volumeList(sight))).toEqual({ Volumes: answer.Volumes.slice(0, 2), Warnings: null })
    expect(await narrowed({ Volumes: null, Warnings: null }, volumeList(sight))).toEqual({
      Volumes: null,
      Warnings: null,
    })
  })

  it.each([
    ['services', serviceList],
    ['secrets', secretList],
    ['configs', configList],
  ])('of %s is its own, told by id and the labels of the spec', async (_, list) => {
    const own = [{ ID: 'aa' }, { ID: '1', Spec: { Labels: { owner: 'aa' } } }]
    expect(await narrowed([...own, { ID: '2', Spec: { Name: 'x' }, Labels: { owner: 'aa' } }], list(sight))).toEqual(
      own,
    )
  })

  it('of tasks is those of its services', async () => {
    const spec = { ContainerSpec: { Labels: { owner: 'aa' } } }
    const own = [
      { ID: '1', ServiceID: 'aa' },
      { ID: '2', ServiceID: 's', Spec: spec },
    ]
    const others = [
      { ID: '3', ServiceID: 's', Spec: {} },
      { ID: 'aa', Spec: { NetworkAttachmentSpec: { ContainerID: MINE } } },
    ]
    expect(await narrowed([...own, ...others], taskList(sight))).toEqual(own)
  })

  describe('of images', () => {
    it('is how many of its own containers use one, and nothing of the layers that it shares', async () => {
      const item = { Id: 'sha256:aa', Containers: 7, SharedSize: 4096, Size: 5000 }
      const wanted = { ...item, Containers: 1, SharedSize: -1 }
      expect(await narrowed([item, { Id: 'theirs' }], imageList(sight))).toEqual([wanted])
    })

    it('is neither the ids of others’ containers nor the repositories that others pulled from', async () => {
      const descriptor = { digest: 'sha256:1', annotations: { 'io.containerd.image.name': 'theirs/app:1' } }
      const item = {
        Id: 'sha256:aa',
        Descriptor: descriptor,
        Manifests: [
          {
            ID: 'm',
            Descriptor: descriptor,
            ImageData: { Containers: [MINE, THEIRS], Identity: { Pull: [{ Repository: 'theirs' }] } },
          },
          { ID: 'n', Kind: 'unknown' },
        ],
        Identity: { Pull: [{ Repository: 'theirs' }] },
      }
      expect(await narrowed([item], imageList(sight))).toEqual([
        {
          Id: 'sha256:aa',
          Descriptor: { digest: 'sha256:1' },
          Manifests: [
            { ID: 'm', Descriptor: { digest: 'sha256:1' }, ImageData: { Containers: [MINE] } },
            { ID: 'n', Kind: 'unknown' },
          ],
        },
      ])
    })

    it.each([
      ['Manifests', [{ ImageData: { Containers: [THEIRS] } }], [{ ImageData: { Containers: [] } }]],
      ['Descriptor', { annotations: { name: 'theirs' } }, {}],
      ['Identity', { Pull: [] }, undefined],
    ])('is not told by %s alone either', async (name, value, wanted) => {
      const item = { Id: 'sha256:aa', Containers: 1, SharedSize: -1 }
      expect(await narrowed([{ ...item, [name]: value }], imageList(sight))).toEqual([
        wanted === undefined ? item : { ...item, [name]: wanted },
      ])
    })

    it('is the references that its sight leaves, beside all that', async () => {
      const own: Sight = {
        ...sight,
        image: () => () => ({ Id: 'sha256:aa', RepoTags: ['mine:1'], SharedSize: 'left' }),
      }
      const item = { Id: 'sha256:aa', RepoTags: ['mine:1', 'theirs:1'], Containers: 1, SharedSize: 5 }
      const [seen] = (await narrowed([item], imageList(own))) as Record<string, unknown>[]
      expect(seen).toEqual({ Id: 'sha256:aa', RepoTags: ['mine:1'], SharedSize: -1 })
    })

    it('passes as the engine wrote it where there is nothing to hide', async () => {
      const text = '[{"Id":"sha256:aa", "Containers":1,"SharedSize":-1}]\n'
      expect(await textFrom(filterAnswer(byteByByte(text), imageList(sight)))).toBe(text)
    })
  })

  it('of the engine is its own counts, and nothing that grows with others’ work', async () => {
    const counts = { Containers: 9, ContainersRunning: 9, ContainersPaused: 9, ContainersStopped: 9, Images: 9 }
    const info = {
      ...counts,
      NFd: 63,
      NGoroutines: 173,
      NEventsListener: 2,
      NCPU: 2,
      DriverStatus: [
        ['Dirs', '812'],
        ['userxattr', 'false'],
      ],
    }
    const own = { containers: 6, running: 1, paused: 2, stopped: 3, images: 4 }
    expect(await narrowed(info, systemInfo(own))).toEqual({
      ...{ Containers: 6, ContainersRunning: 1, ContainersPaused: 2, ContainersStopped: 3, Images: 4 },
      ...{ NFd: 0, NGoroutines: 0, NEventsListener: 0, NCPU: 2, DriverStatus: [['userxattr', 'false']] },
    })
    expect(await narrowed({ NCPU: 2, DriverStatus: null }, systemInfo(own))).toEqual({ NCPU: 2, DriverStatus: null })
  })
})

describe('a label that marks', () => {
  it('is written as Go writes it', () => {
    expect(labelMark('io.dockgate.owner', 'acme/app')?.toString()).toBe('"io.dockgate.owner":"acme/app"')
  })

  it.each(['a"b', 'a\\b', 'a<b', 'a>b', 'a&b', 'ä', 'a\nb', '\u2028', '\x7f'])(
    'is none where Go may escape it: %j',
    (value) => {
      expect(labelMark('owner', value)).toBeNull()
      expect(labelMark(value, 'owner')).toBeNull()
    },
  )
})
