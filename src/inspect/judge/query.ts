import {
  HEADER_JUDGEMENTS,
  PATH_JUDGEMENTS,
  QUERY_JUDGEMENTS,
  STREAM_JUDGEMENTS,
} from '../../engine/fields/parameters.ts'
import type { Judgement } from '../../engine/fields/types.ts'
import type { OperationId } from '../../engine/operations.ts'
import { boolValue } from '../../engine/query.ts'
import type { Operation } from '../../engine/types.ts'
import { judgeArchiveGet, judgeArchivePut } from './archive.ts'
import { judgeBuild } from './build.ts'
import { judgeAttach } from './exec.ts'
import { openRequest, type QueryContext, type QueryRequest } from './query-request.ts'
import {
  checkCredentials,
  judgeCommit,
  judgeDistribution,
  judgeExport,
  judgeImageCreate,
  judgeLoad,
  judgePush,
  judgeRepositoryAndTag,
  judgeSave,
  judgeSearch,
  judgeServiceCredentials,
} from './registries.ts'
import type { Finding } from './types.ts'

/** What a request asks for beside its body. */
export interface JudgedQuery {
  readonly findings: readonly Finding[]
  /** The operation to send, with what was judged in the spelling in which it was judged; the same one where nothing changed. */
  readonly operation: Operation
}

/** One operation's own judge, and what it covers: query parameters, headers, path parameters as `{name}`, `(body)`. */
interface OperationJudge {
  readonly covers: readonly string[]
  readonly judge: (request: QueryRequest) => void
}

const REGISTRY_HEADERS = ['x-registry-auth', 'x-meta-*'] as const
const BODY = '(body)'

const JUDGES: Partial<Record<OperationId, OperationJudge>> = {
  ContainerArchive: { covers: ['path'], judge: judgeArchiveGet },
  ContainerArchiveInfo: { covers: ['path'], judge: judgeArchiveGet },
  ContainerAttach: { covers: ['stdin'], judge: judgeAttach },
  ContainerAttachWebsocket: { covers: ['stdin'], judge: judgeAttach },
  ContainerExport: { covers: [], judge: judgeExport },
  DistributionInspect: { covers: ['{name}', 'x-registry-auth'], judge: judgeDistribution },
  ImageBuild: {
    covers: [
      ...['remote', 'networkmode', 'cgroupparent', 't', 'labels', 'buildargs', 'cachefrom', 'outputs', 'session'],
      ...['version', 'securityopt', 'cpuperiod', 'cpuquota', 'cpushares', 'memory', 'memswap', 'shmsize', 'ulimits'],
      // Only take processors and memory nodes away.
      ...['cpusetcpus', 'cpusetmems'],
      ...['x-registry-config', BODY],
    ],
    judge: judgeBuild,
  },
  ImageCommit: { covers: ['repo', 'tag', 'changes'], judge: judgeCommit },
  ImageCreate: {
    covers: ['fromImage', 'fromSrc', 'tag', 'repo', 'changes', ...REGISTRY_HEADERS, BODY],
    judge: judgeImageCreate,
  },
  ImageGet: { covers: [], judge: judgeSave },
  ImageGetAll: { covers: [], judge: judgeSave },
  ImageLoad: { covers: [BODY], judge: judgeLoad },
  ImagePush: { covers: ['{name}', 'tag', ...REGISTRY_HEADERS], judge: judgePush },
  ImageSearch: { covers: ['term', ...REGISTRY_HEADERS], judge: judgeSearch },
  ImageTag: { covers: ['repo', 'tag'], judge: judgeRepositoryAndTag },
  PutContainerArchive: { covers: ['path', 'copyUIDGID', BODY], judge: judgeArchivePut },
  ServiceCreate: { covers: ['x-registry-auth'], judge: judgeServiceCredentials },
  ServiceUpdate: { covers: ['registryAuthFrom', 'x-registry-auth'], judge: judgeServiceCredentials },
  // Whoever may open the tunnel may do in it what he likes.
  Session: {
    covers: [
      'x-docker-expose-session-uuid',
      'x-docker-expose-session-sharedkey',
      'x-docker-expose-session-grpc-method',
    ],
    judge: () => {},
  },
}

/** Booleans among what reaches the host. */
const SWITCHES: ReadonlySet<string> = new Set(['force'])

/** Something of a request that its operation's own judge does not cover. */
interface Rest {
  readonly name: string
  readonly place: 'query' | 'header' | 'path' | 'body'
  readonly judge: Judgement
}

/** By operation, made once; an operation that is not here has nothing to judge. */
const RESTS: ReadonlyMap<string, readonly Rest[]> = restsByOperation()

/** Whether anything of an operation is judged beside its body. */
export function isJudged(id: OperationId): boolean {
  return JUDGES[id] !== undefined || RESTS.has(id)
}

/**
 * Judges what an operation asks for by its query, its headers (name, value, …), the parameters of its path that say more
 * than which object is meant, and by having a body that is no JSON: against the tables of `engine/fields`, so a parameter
 * that no judge covers is refused.
 *
 * @throws Refusal `query-malformed` for a value that the engine may read in another way, `header-repeated`,
 * `headers-too-large` and `http-malformed` for credentials
 */
export function judgeQuery(operation: Operation, headers: readonly string[], context: QueryContext): JudgedQuery {
  const { id } = operation.spec
  const own = JUDGES[id]
  const rests = RESTS.get(id) ?? []
  if (own === undefined && rests.length === 0) return { findings: [], operation }
  const request = openRequest(operation, headers, context)
  checkCredentials(request, 'x-registry-auth')
  checkCredentials(request, 'x-registry-config')
  own?.judge(request)
  for (const rest of rests) judgeRest(request, rest)
  return { findings: request.findings, operation: request.rebuilt() }
}

/** Whose objects are meant is judged where they are looked up. */
function judgeRest(request: QueryRequest, { name, place, judge }: Rest): void {
  if (!isThere(request, name, place)) return
  if (judge === 'host') request.refuseHostField(name, 'it reaches the host itself')
  else request.refuse(name, 'a value', judge, 'this program has no judge for it')
}

function isThere(request: QueryRequest, name: string, place: Rest['place']): boolean {
  switch (place) {
    case 'query':
      return request.values(name).some((value) => (SWITCHES.has(name) ? boolValue(value) : value !== ''))
    case 'header':
      return request.hasHeader(name)
    default:
      return true
  }
}

function restsByOperation(): ReadonlyMap<string, readonly Rest[]> {
  const rests = new Map<string, Rest[]>()
  const add = (id: OperationId, name: string, place: Rest['place'], judge: Judgement) => {
    if (judge === 'harmless' || judge === 'objects' || JUDGES[id]?.covers.includes(name)) return
    rests.set(id, [...(rests.get(id) ?? []), { name, place, judge }])
  }
  for (const [id, byName] of QUERY_JUDGEMENTS) for (const [name, judge] of byName) add(id, name, 'query', judge)
  for (const [id, byName] of HEADER_JUDGEMENTS) for (const [name, judge] of byName) add(id, name, 'header', judge)
  for (const [id, byName] of PATH_JUDGEMENTS) for (const [name, judge] of byName) add(id, `{${name}}`, 'path', judge)
  for (const [id, judge] of STREAM_JUDGEMENTS) add(id, BODY, 'body', judge)
  return rests
}
