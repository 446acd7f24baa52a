import { CONTAINER_CONFIG_ECHO } from './echo.ts'
import { ignored, op, recorded, unrecorded } from './op.ts'

const container = { kind: 'container', parameter: 'id' } as const

export const CONTAINER_OPERATIONS = [
  op('ContainerList', 'GET', '/containers/json', 'read', {
    // `trunc_cmd`: docker-py 1 to 7.
    query: [...recorded('all', 'before', 'limit', 'since', 'size'), ...unrecorded('filters'), ...ignored('trunc_cmd')],
  }),
  op('ContainerCreate', 'POST', '/containers/create', 'create', {
    body: 'json',
    query: [...recorded('name', 'platform'), ...CONTAINER_CONFIG_ECHO, ...ignored('HostConfig', 'NetworkingConfig')],
  }),
  op('ContainerInspect', 'GET', '/containers/{id}/json', 'read', { object: container, query: recorded('size') }),
  op('ContainerTop', 'GET', '/containers/{id}/top', 'read-sensitive', {
    object: container,
    query: unrecorded('ps_args'),
  }),
  op('ContainerLogs', 'GET', '/containers/{id}/logs', 'read-sensitive', {
    object: container,
    stream: 'response',
    query: recorded('details', 'follow', 'format', 'since', 'stderr', 'stdout', 'tail', 'timestamps', 'until'),
  }),
  op('ContainerChanges', 'GET', '/containers/{id}/changes', 'read', { object: container }),
  op('ContainerExport', 'GET', '/containers/{id}/export', 'read-sensitive', { object: container, stream: 'response' }),
  op('ContainerStats', 'GET', '/containers/{id}/stats', 'read', {
    object: container,
    stream: 'response',
    query: recorded('one-shot', 'stream'),
  }),
  op('ContainerResize', 'POST', '/containers/{id}/resize', 'lifecycle', {
    object: container,
    query: recorded('h', 'w'),
  }),
  op('ContainerStart', 'POST', '/containers/{id}/start', 'lifecycle', {
    object: container,
    query: [...recorded('checkpoint'), ...unrecorded('checkpoint-dir', 'detachKeys')],
  }),
  op('ContainerStop', 'POST', '/containers/{id}/stop', 'lifecycle', {
    object: container,
    query: recorded('signal', 't'),
  }),
  op('ContainerRestart', 'POST', '/containers/{id}/restart', 'lifecycle', {
    object: container,
    query: recorded('signal', 't'),
  }),
  op('ContainerKill', 'POST', '/containers/{id}/kill', 'lifecycle', { object: container, query: recorded('signal') }),
  op('ContainerUpdate', 'POST', '/containers/{id}/update', 'lifecycle', { object: container, body: 'json' }),
  op('ContainerRename', 'POST', '/containers/{id}/rename', 'lifecycle', { object: container, query: recorded('name') }),
  op('ContainerPause', 'POST', '/containers/{id}/pause', 'lifecycle', { object: container }),
  op('ContainerUnpause', 'POST', '/containers/{id}/unpause', 'lifecycle', { object: container }),
  op('ContainerAttach', 'POST', '/containers/{id}/attach', 'read-sensitive', {
    object: container,
    stream: 'hijack',
    // `hijack`: dockerode's own option, which it writes into the query with the rest.
    query: [
      ...recorded('logs', 'stderr', 'stdin', 'stdout', 'stream'),
      ...unrecorded('detachKeys'),
      ...ignored('hijack'),
    ],
    elevated: { query: 'stdin', access: 'exec' },
  }),
  op('ContainerAttachWebsocket', 'GET', '/containers/{id}/attach/ws', 'read-sensitive', {
    object: container,
    stream: 'websocket',
    query: [...recorded('logs', 'stderr', 'stdin', 'stdout', 'stream'), ...unrecorded('detachKeys')],
    // Below API 1.42 the engine attaches stdin, whatever the query says.
    elevated: { query: 'stdin', access: 'exec', belowVersion: '1.42' },
    headers: ['origin', 'sec-websocket-*'],
  }),
  op('ContainerWait', 'POST', '/containers/{id}/wait', 'lifecycle', {
    object: container,
    stream: 'response',
    query: recorded('condition'),
  }),
  op('ContainerDelete', 'DELETE', '/containers/{id}', 'delete', {
    object: container,
    query: recorded('force', 'link', 'v'),
  }),
  op('ContainerArchiveInfo', 'HEAD', '/containers/{id}/archive', 'read-sensitive', {
    object: container,
    query: unrecorded('path'),
  }),
  op('ContainerArchive', 'GET', '/containers/{id}/archive', 'read-sensitive', {
    object: container,
    stream: 'response',
    query: unrecorded('path'),
  }),
  op('PutContainerArchive', 'PUT', '/containers/{id}/archive', 'exec', {
    object: container,
    stream: 'request',
    body: 'tar',
    query: [...recorded('copyUIDGID', 'noOverwriteDirNonDir'), ...unrecorded('path')],
  }),
  op('ContainerPrune', 'POST', '/containers/prune', 'admin', { query: unrecorded('filters'), since: '1.25' }),
  // Deprecated since API 1.20; answers an empty 404 where this gate's versions begin.
  op('ContainerCopy', 'POST', '/containers/{id}/copy', 'read-sensitive', {
    object: container,
    stream: 'response',
    body: 'json',
    until: '1.44',
  }),
] as const
