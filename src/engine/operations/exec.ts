import { op, recorded } from './op.ts'

const container = { kind: 'container', parameter: 'id' } as const
const exec = { kind: 'exec', parameter: 'id' } as const

export const EXEC_OPERATIONS = [
  op('ContainerExec', 'POST', '/containers/{id}/exec', 'exec', { object: container, body: 'json' }),
  op('ExecStart', 'POST', '/exec/{id}/start', 'exec', { object: exec, stream: 'hijack', body: 'json' }),
  op('ExecResize', 'POST', '/exec/{id}/resize', 'exec', { object: exec, query: recorded('h', 'w') }),
  op('ExecInspect', 'GET', '/exec/{id}/json', 'read', { object: exec }),
] as const
