import { CONTAINER_CONFIG_ECHO } from './echo.ts'
import { ignored, op, recorded, repeated, unrecorded } from './op.ts'

const image = { kind: 'image', parameter: 'name' } as const
const reference = { kind: 'imageRef', parameter: 'name' } as const

export const IMAGE_OPERATIONS = [
  op('ImageList', 'GET', '/images/json', 'read', {
    // `filter`: read by engines up to API 1.40. `only_ids`: docker-py 1 to 7.
    query: [
      ...recorded('all', 'digests', 'identity', 'manifests', 'shared-size'),
      ...unrecorded('filter', 'filters'),
      ...ignored('only_ids'),
    ],
  }),
  op('ImageCreate', 'POST', '/images/create', 'transfer', {
    stream: 'both',
    body: 'tar',
    // `registry`: docker-java 3.
    query: [
      ...recorded('fromImage', 'platform', 'repo', 'tag'),
      ...unrecorded('fromSrc', 'message'),
      ...repeated(unrecorded('changes')),
      ...ignored('registry'),
    ],
    headers: ['x-registry-auth', 'x-meta-*'],
  }),
  op('ImageInspect', 'GET', '/images/{name+}/json', 'read', {
    object: image,
    query: recorded('manifests', 'platform'),
  }),
  op('ImageHistory', 'GET', '/images/{name+}/history', 'read', { object: image, query: recorded('platform') }),
  op('ImagePush', 'POST', '/images/{name+}/push', 'transfer', {
    object: image,
    stream: 'response',
    query: recorded('platform', 'tag'),
    headers: ['x-registry-auth', 'x-meta-*'],
  }),
  op('ImageTag', 'POST', '/images/{name+}/tag', 'create', {
    object: image,
    // `force`: docker-py 1 to 7, docker-java 3; read by no engine since API 1.24.
    query: [...recorded('repo', 'tag'), ...ignored('force')],
  }),
  op('ImageDelete', 'DELETE', '/images/{name+}', 'delete', {
    object: image,
    query: [...recorded('force', 'noprune'), ...repeated(recorded('platforms'))],
  }),
  op('ImageSearch', 'GET', '/images/search', 'read', {
    query: [...recorded('limit'), ...unrecorded('filters', 'term')],
    headers: ['x-registry-auth', 'x-meta-*'],
  }),
  op('ImagePrune', 'POST', '/images/prune', 'admin', { query: unrecorded('filters'), since: '1.25' }),
  op('ImageCommit', 'POST', '/commit', 'create', {
    object: { kind: 'container', parameter: 'container' },
    body: 'json',
    // `m`: docker-java 3, for what the engine calls `comment`.
    query: [
      ...recorded('container', 'pause', 'repo', 'tag'),
      ...unrecorded('author', 'comment'),
      ...repeated(unrecorded('changes')),
      ...ignored('m'),
      ...CONTAINER_CONFIG_ECHO,
    ],
  }),
  // Several platforms: from API 1.52; older engines answer 400 to the second.
  op('ImageGet', 'GET', '/images/{name+}/get', 'read-sensitive', {
    object: image,
    stream: 'response',
    query: repeated(recorded('names', 'platform')),
  }),
  op('ImageGetAll', 'GET', '/images/get', 'read-sensitive', {
    stream: 'response',
    query: repeated(recorded('names', 'platform')),
  }),
  op('ImageLoad', 'POST', '/images/load', 'transfer', {
    stream: 'both',
    body: 'tar',
    query: [...recorded('quiet'), ...repeated(recorded('platform'))],
  }),
  op('ImageAttestations', 'GET', '/images/{name+}/attestations', 'read', {
    object: image,
    query: [...recorded('statement'), ...repeated(recorded('platform', 'type'))],
    since: '1.55',
  }),
  op('DistributionInspect', 'GET', '/distribution/{name+}/json', 'read', {
    object: reference,
    headers: ['x-registry-auth'],
    since: '1.30',
  }),
] as const
