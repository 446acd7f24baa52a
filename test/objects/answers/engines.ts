import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containerList } from '../../../src/objects/answers/containers.ts'
import { rewriteWhole } from '../../../src/objects/answers/decide.ts'
import { diskUsage } from '../../../src/objects/answers/disk-usage.ts'
import { systemEvents } from '../../../src/objects/answers/events.ts'
import { filterAnswer, type Plan } from '../../../src/objects/answers/filter-answer.ts'
import { filterSequence } from '../../../src/objects/answers/filter-sequence.ts'
import { imageList } from '../../../src/objects/answers/images.ts'
import { systemInfo } from '../../../src/objects/answers/info.ts'
import { networkInspect, networkList } from '../../../src/objects/answers/networks.ts'
import { labelMark, type Sight } from '../../../src/objects/answers/sight.ts'
import { configList, secretList, serviceList, taskList } from '../../../src/objects/answers/swarm.ts'
import { volumeList } from '../../../src/objects/answers/volumes.ts'
import { engineRequest } from '../../support/engine-api.ts'
import { BASE_IMAGE, type Engine, type EngineName, startEngine } from '../../support/engines.ts'
import { inChunks, textFrom } from './streams.ts'

/** The owner `mine` and another, `theirs`, have one of everything on a real engine. */
export function describeAnswersOf(name: EngineName): void {
  describe(`the answers of the ${name} engine`, () => {
    let engine: Engine
    const ids: Record<Owner, Set<string>> = { mine: new Set(), theirs: new Set() }
    let since = 0
    beforeAll(async () => {
      engine = await startEngine(name)
      since = Math.floor(Date.now() / 1000) - 1
      await post('/swarm/init', { ListenAddr: '127.0.0.1', AdvertiseAddr: '127.0.0.1' })
      for (const owner of ['mine', 'theirs'] as const) ids[owner] = await makeObjects(post, owner)
    })
    afterAll(() => engine?.stop())

    async function post(target: string, body?: unknown): Promise<Record<string, unknown>> {
      const content = body === undefined ? undefined : Readable.from([JSON.stringify(body)])
      const sent = content && { type: 'application/json', content }
      const answer = await engineRequest(engine.socket, 'POST', target, sent)
      if (answer.status >= 300) throw new Error(`POST ${target}: ${answer.status} ${answer.body}`)
      return answer.body.length === 0 ? {} : JSON.parse(answer.body.toString())
    }
    async function get(target: string): Promise<Buffer> {
      const { status, body } = await engineRequest(engine.socket, 'GET', target)
      if (status !== 200) throw new Error(`GET ${target}: ${status} ${body}`)
      return body
    }
    const through = async (target: string, plan: Plan) =>
      textFrom(filterAnswer(inChunks(await get(target), CUTS), plan))
    const events = async () => {
      const past = await get(`/events?since=${since}&until=${Math.floor(Date.now() / 1000)}.999999999`)
      return past.toString()
    }

    it.each(ANSWERS)('are one JSON value that passes byte for byte: %s', async (target) => {
      const answer = await get(target)
      const plan: Plan = answer[0] === 0x5b ? { elements: () => true } : { members: () => () => true }
      expect(await textFrom(filterAnswer(inChunks(answer, CUTS), plan))).toBe(answer.toString())
    })

    it.each(ANSWERS)('can be read and written whole: %s', async (target) => {
      const answer = await get(target)
      expect(JSON.parse(rewriteWhole(answer, (value) => value).toString())).toEqual(JSON.parse(answer.toString()))
    })

    it.each(NARROWED)('name what is the owner’s and nothing of another: %s', async (target, plan, marks) => {
      const answer = (await get(target)).toString()
      const sent = await through(target, plan(sightOfOwner('mine', ids)))
      for (const mark of marks) {
        expect(answer).toContain(`theirs${mark}`)
        expect(sent).toContain(`mine${mark}`)
      }
      expect(sent).not.toMatch(/theirs/)
      expect([...ids.theirs].filter((id) => sent.includes(id))).toEqual([])
      expect(JSON.parse(sent)).toBeDefined()
    })

    it('are events that pass byte for byte', async () => {
      const text = await events()
      expect(await textFrom(filterSequence(inChunks(text, CUTS), () => true))).toBe(text)
    })

    it('are events, of which an owner gets its own in their order and no other', async () => {
      const text = await events()
      const sent = await textFrom(filterSequence(inChunks(text, CUTS), systemEvents(sightOfOwner('mine', ids))))
      const kinds = new Set(sent.match(/"Type":"[a-z]+","Action":"[a-z]+/g))
      expect([...kinds].map((kind) => kind.replaceAll(/"(Type|Action)":"|"/g, ''))).toEqual(
        expect.arrayContaining(['container,create', 'network,connect', 'volume,mount', 'container,start', 'image,tag']),
      )
      expect(sent).not.toMatch(/theirs/)
      expect([...ids.theirs].filter((id) => sent.includes(id))).toEqual([])
      const lines = text.split('\n')
      const own = lines.filter((line) => sent.includes(line) && line !== '')
      expect(sent).toBe(own.map((line) => `${line}\n`).join(''))
    })
  })
}

type Owner = 'mine' | 'theirs'

const CUTS = Array.from({ length: 300 }, (_, index) => index * 97)

const NARROWED: [string, (sight: Sight) => Plan, string[]][] = [
  ['/containers/json?all=1&size=1', containerList, ['-web']],
  ['/networks', networkList, ['-net']],
  ['/v1.24/networks', networkList, ['-net', '-web']],
  ['/networks/bridge', networkInspect, ['-web']],
  ['/volumes', volumeList, ['-vol']],
  ['/images/json', imageList, ['/image:1']],
  ['/system/df', (sight) => diskUsage(sight, true), ['-web', '-vol', '/image:1']],
  ['/services', serviceList, ['-service']],
  ['/secrets', secretList, ['-secret']],
  ['/configs', configList, ['-config']],
  ['/tasks', taskList, []],
  ['/info', () => systemInfo({ containers: 1, running: 1, paused: 0, stopped: 0, images: 1 }), []],
]

const ANSWERS = [
  ...NARROWED.map(([target]) => target),
  '/containers/mine-web/json',
  '/containers/mine-web/stats?stream=false',
  '/containers/mine-web/top',
  '/images/json?all=1&shared-size=1&manifests=1&digests=1',
  `/images/${BASE_IMAGE}/json`,
  `/images/${BASE_IMAGE}/history`,
  '/networks/ingress?verbose=1',
  '/volumes/mine-vol',
  '/services/mine-service',
  '/nodes',
  '/swarm',
  '/version',
  '/plugins',
]

/** One of everything, all named after the owner; returns the ids that answers and events tell of it. */
async function makeObjects(
  post: (target: string, body?: unknown) => Promise<Record<string, unknown>>,
  owner: Owner,
): Promise<Set<string>> {
  const Labels = { owner }
  const labelled = { Name: `${owner}-vol`, Labels }
  await post('/volumes/create', labelled)
  const network = await post('/networks/create', { ...labelled, Name: `${owner}-net` })
  const container = await post(`/containers/create?name=${owner}-web`, {
    Image: BASE_IMAGE,
    Labels,
    Cmd: ['sleep', '1000'],
    HostConfig: { Binds: [`${owner}-vol:/data`] },
  })
  await post(`/networks/${owner}-net/connect`, { Container: `${owner}-web` })
  await post(`/containers/${owner}-web/start`)
  const image = await post(`/commit?container=${owner}-web&repo=${owner}/image&tag=1`, {})
  await post(`/images/${owner}/image:1/tag?repo=${owner}/image&tag=2`)
  const secret = await post('/secrets/create', { ...labelled, Name: `${owner}-secret`, Data: 'eA==' })
  const config = await post('/configs/create', { ...labelled, Name: `${owner}-config`, Data: 'eA==' })
  const service = await post('/services/create', {
    ...labelled,
    Name: `${owner}-service`,
    TaskTemplate: { ContainerSpec: { Image: BASE_IMAGE, Labels, Command: ['sleep', '1000'] } },
  })
  return new Set([network, container, image, secret, config, service].map((made) => String(made.Id ?? made.ID)))
}

/** What belongs to whom is told by what was made, and by the label; a service's containers have it too. */
function sightOfOwner(owner: Owner, ids: Readonly<Record<Owner, ReadonlySet<string>>>): Sight {
  const own = (id: string, labels: Readonly<Record<string, string>> | null) =>
    ids[owner].has(id) || labels?.owner === owner
  return {
    containerMark: labelMark('owner', owner),
    container: own,
    containerNamed: () => false,
    containersOf: () => -1,
    network: (id, _name, labels) => own(id, labels),
    volume: (name) => name === `${owner}-vol`,
    image: ({ Id }) => ids[owner].has(String(Id)),
    imageEvent: (_id, _action, reference) => reference.startsWith(`${owner}/`),
    service: own,
    task: (_id, service, labels) => own(service, labels),
    secret: own,
    config: own,
  }
}
