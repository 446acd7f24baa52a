import type { Operation } from '../../engine/types.ts'
import { ulimitsParameter } from '../judge/build-json.ts'
import { integerValue, openRequest, type QueryContext, type QueryRequest } from '../judge/query-request.ts'
import type { FactSheet } from './facts.ts'
import { mostOf, ulimitsOf } from './limits.ts'

const DEFAULT_PERIOD = 100_000

interface Asked {
  readonly operation: Operation
  readonly headers: readonly string[]
}

/** What patterns cannot tell of a query: numbers, and what is asked for by being there. */
export function noteQuery({ operation, headers }: Asked, sheet: FactSheet): void {
  const request = openRequest(operation, headers, NOBODYS)
  switch (operation.spec.id) {
    case 'ContainerAttach':
    case 'ContainerAttachWebsocket':
      if (operation.elevated) sheet.set('attachInput', true)
      break
    case 'ServiceCreate':
    case 'ServiceUpdate': {
      const from = request.value('registryAuthFrom')
      if (request.header('x-registry-auth').length > 0 || (from !== '' && from !== 'spec'))
        sheet.set('credentials', true)
      break
    }
    case 'ImageBuild':
      noteBuild(request, sheet)
  }
}

/** Only parameters are read here: nothing is judged. */
const NOBODYS: QueryContext = {
  profile: { workload: null, exec: null, build: null, registries: null, archive: null },
  principal: { issuer: '', subject: '', claims: {}, certificate: null, expiresAt: 0 },
  buildkit: true,
}

function noteBuild(request: QueryRequest, sheet: FactSheet): void {
  const build = sheet.part('build')
  build.begin()
  if (request.value('version') === '2') {
    build.set('buildkit', true)
    return
  }
  const limits: Record<string, unknown> = {}
  for (const [name, key] of [
    ['memory', 'memory'],
    ['memswap', 'memorySwap'],
    ['shmsize', 'shmSize'],
  ] as const) {
    const value = integerValue(request, name)
    if (value !== 0) limits[key] = mostOf(value < 0 ? Number.POSITIVE_INFINITY : value)
  }
  const quota = integerValue(request, 'cpuquota')
  const period = integerValue(request, 'cpuperiod')
  if (quota !== 0 || period !== 0) {
    limits.cpus = mostOf(quota < 0 || period < 0 ? Number.POSITIVE_INFINITY : quota / (period || DEFAULT_PERIOD))
  }
  const [first] = ulimitsParameter(request)
  if (first !== undefined)
    limits.ulimits = ulimitsOf({
      path: 'ulimits',
      name: 'ulimits',
      value: ulimitsParameter(request).map(({ value }) => value),
    })
  if (Object.keys(limits).length > 0) build.set('limits', limits)
}
