import { CONTAINER_CONFIG } from './container.ts'
import { each, harmless, object } from './make.ts'
import type { ParameterJudgements } from './types.ts'

/** The new image's configuration. Engines read the container, the tag and the instructions from the query alone. */
export const IMAGE_COMMIT = object(CONTAINER_CONFIG, {
  ignored: [
    // dockerode: the query once more.
    ...['author', 'changes', 'comment', 'container', 'pause', 'repo', 'tag'],
    // docker-java 3.
    ...['DisableNetwork', 'Memory', 'MemorySwap', 'PortSpecs', 'containerId', 'message', 'repository'],
  ],
  // The docker client before Engine 25.
  mayBeNull: true,
})

/** Credentials and free text, both handed to the registry that the reference names. */
const REGISTRY_HEADERS = ['x-registry-auth', 'x-meta-*'] as const

export const IMAGE_PARAMETERS = {
  ImageList: {
    query: {
      ...harmless('all', 'digests', 'identity', 'manifests', 'shared-size'),
      ...each('objects', 'filter', 'filters'),
    },
  },
  // A pull with `fromImage`, an import with `fromSrc`, where the engine fetches what is no `-`.
  ImageCreate: {
    query: {
      ...each('registries.pull', 'fromImage', 'tag'),
      fromSrc: 'registries.import',
      repo: 'build.tags',
      // Dockerfile instructions, LABEL among them.
      changes: 'workload.labels',
      ...harmless('message', 'platform'),
    },
    headers: each('registries.pull', ...REGISTRY_HEADERS),
    stream: 'registries.import',
  },
  ImageInspect: { query: harmless('manifests', 'platform') },
  ImageHistory: { query: harmless('platform') },
  ImagePush: {
    path: { name: 'registries.push' },
    query: { tag: 'registries.push', platform: 'harmless' },
    headers: each('registries.push', ...REGISTRY_HEADERS),
  },
  // Takes the tag from whatever image has it.
  ImageTag: { query: each('build.tags', 'repo', 'tag') },
  // By id, `force` removes every tag of the image, whosever it is.
  ImageDelete: { query: { force: 'objects', ...harmless('noprune', 'platforms') } },
  // `term` may name a registry of its own.
  ImageSearch: {
    query: { term: 'registries.pull', ...harmless('filters', 'limit') },
    headers: each('registries.pull', ...REGISTRY_HEADERS),
  },
  ImagePrune: { query: { filters: 'objects' } },
  ImageCommit: {
    query: {
      container: 'objects',
      ...each('build.tags', 'repo', 'tag'),
      changes: 'workload.labels',
      ...harmless('author', 'comment', 'pause'),
    },
  },
  ImageGet: { query: { names: 'objects', platform: 'harmless' } },
  ImageGetAll: { query: { names: 'objects', platform: 'harmless' } },
  ImageLoad: { query: harmless('platform', 'quiet'), stream: 'registries.load' },
  ImageAttestations: { query: harmless('platform', 'statement', 'type') },
  // The engine dials the registry that the name begins with.
  DistributionInspect: { path: { name: 'registries.pull' }, headers: { 'x-registry-auth': 'registries.pull' } },
} as const satisfies Record<string, ParameterJudgements>
