import { matchesAny } from '../../policy/profile/pattern.ts'
import type { BuildProfile } from '../../policy/profile/types.ts'
import { serialiseJson } from '../json/serialise.ts'
import { listParameter, mapParameter, outputsParameter } from './build-json.ts'
import { judgeBuildLimits } from './build-limits.ts'
import { judgeQueryLabel } from './query-labels.ts'
import { badParameter, listed, type QueryRequest, shownText } from './query-request.ts'
import { allowedReference, judgeTag } from './references.ts'
import { member, textOf } from './values.ts'

const BUILDKIT_HINT =
  'what it does cannot be looked into, so it needs allow: [buildkit]; build with the classic builder instead: DOCKER_BUILDKIT=0 docker build'

/** The network that a build has without asking, and none. */
const WITHOUT_ASKING: ReadonlySet<string> = new Set(['', 'default', 'bridge', 'none'])

/** What a build is given by its query. Of the Dockerfile nothing is known: the images that it names are not bounded. */
export function judgeBuild(request: QueryRequest): void {
  const { build } = request.profile
  const version = request.value('version')
  if (!['', '1', '2'].includes(version)) throw badParameter(request, 'version', 'is neither 1 nor 2')
  if (request.context.buildkit && version === '2') return
  judgeBuildKit(request)
  if (build === null) {
    request.refuse('(body)', 'a build', 'build', 'the role has no build')
    return
  }
  judgeRemote(request, build)
  judgeNetwork(request, build)
  judgeArguments(request, build)
  judgeCache(request, build)
  judgeOutputs(request, build)
  judgeSecurityOptions(request, build)
  judgeBuildLimits(request, build)
  for (const [name, field] of mapParameter(request, 'labels')) judgeQueryLabel(request, name, field)
  const tags = request.values('t').filter((tag) => tag !== '')
  if (tags.length > 0) request.set('t', ...tags.map((tag) => judgeTag(request, 't', tag, '')))
  if (request.value('cgroupparent') !== '') {
    request.refuseHostField(
      'cgroupparent',
      'it takes the build out of every limit but those of the cgroup that it names',
    )
  }
}

function judgeBuildKit(request: QueryRequest): void {
  if (request.value('version') === '2') request.refuse('version', '2 (BuildKit)', 'allow', BUILDKIT_HINT)
  if (request.value('session') !== '') request.refuse('session', "a BuildKit client's session", 'allow', BUILDKIT_HINT)
}

/** The engine fetches it as the host. Its fragment names a branch and a directory. */
function judgeRemote(request: QueryRequest, { remotes }: BuildProfile): void {
  const remote = request.value('remote')
  if (remote === '' || matchesAny(remotes, remote, request.context.principal)) return
  request.refuse('remote', shownRemote(remote), 'build.remotes', listed('build.remotes', remotes))
}

/** It may hold credentials, in front of an `@` or behind a `?`. */
function shownRemote(remote: string): string {
  return /[@?]/.test(remote) ? 'a URL with credentials or a query' : shownText(remote)
}

function judgeNetwork(request: QueryRequest, { networks, entitlements }: BuildProfile): void {
  const network = request.value('networkmode')
  if (WITHOUT_ASKING.has(network)) return
  if (network === 'host') {
    if (entitlements.has('network.host')) return
    request.refuse(
      'networkmode',
      '"host"',
      'build.entitlements',
      'it wants network.host: the network of the host itself',
    )
    return
  }
  if (network.includes(':')) {
    request.refuseHostField('networkmode', 'a namespace by container or path is not bounded by networks')
    return
  }
  const literal = networks.some(({ text }) => text === '*' || text === network)
  if (!literal && /^[0-9a-f]+$/.test(network)) {
    const why = 'it may be the id of any network: use its name'
    request.refuse('networkmode', shownText(network), 'build.networks', why)
    return
  }
  if (matchesAny(networks, network, request.context.principal)) return
  request.refuse('networkmode', shownText(network), 'build.networks', listed('build.networks', networks))
}

function judgeArguments(request: QueryRequest, build: BuildProfile): void {
  for (const [name, field] of mapParameter(request, 'buildargs', { orNull: true })) {
    if (matchesAny(build.arguments, name, request.context.principal)) continue
    request.refuse(field.path, shownText(name), 'build.arguments', listed('build.arguments', build.arguments))
  }
}

function judgeCache(request: QueryRequest, { cacheFrom }: BuildProfile): void {
  const sources = listParameter(request, 'cachefrom')
  if (sources.length === 0) return
  const judged = sources.map((source, index) => {
    const field = `cachefrom[${index}]`
    return allowedReference(request, { field, text: source, key: 'build.cacheFrom', patterns: cacheFrom })
  })
  request.set('cachefrom', serialiseJson(judged).toString())
}

/** The classic builder reads none. */
function judgeOutputs(request: QueryRequest, { outputs }: BuildProfile): void {
  for (const field of outputsParameter(request)) {
    const type = member(field, 'Type')
    if (matchesAny(outputs, textOf(type), request.context.principal)) continue
    request.refuse(type.path, shownText(textOf(type)), 'build.outputs', listed('build.outputs', outputs))
  }
}

/** On Linux the engine refuses them. */
function judgeSecurityOptions(request: QueryRequest, { entitlements }: BuildProfile): void {
  const options = request.values('securityopt').filter((option) => option !== '')
  if (options.length === 0 || entitlements.has('security.insecure')) return
  const why = 'it wants security.insecure'
  request.refuse('securityopt', shownText(options.join(', ')), 'build.entitlements', why)
}
