import { object, string } from './make.ts'
import type { ParameterJudgements } from './types.ts'

/** The old way of reading a file out of a container. docker-java 3 adds what it knows itself. */
export const CONTAINER_COPY = object({ Resource: string('archive.get') }, { ignored: ['HostPath', 'containerId'] })

export const ARCHIVE_PARAMETERS = {
  ContainerArchive: { query: { path: 'archive.get' } },
  ContainerArchiveInfo: { query: { path: 'archive.get' } },
  PutContainerArchive: {
    query: { path: 'archive.put', copyUIDGID: 'archive.put', noOverwriteDirNonDir: 'harmless' },
    stream: 'archive.put',
  },
} as const satisfies Record<string, ParameterJudgements>
