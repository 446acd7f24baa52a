import { op, recorded } from './op.ts'

// Engines of API 1.31 to 1.47 route these for every method and without a version prefix only; later ones as written.
export const DEBUG_OPERATIONS = [
  op('DebugVars', 'GET', '/debug/vars', 'admin'),
  op('DebugPprofIndex', 'GET', '/debug/pprof/', 'admin'),
  op('DebugPprofCmdline', 'GET', '/debug/pprof/cmdline', 'admin'),
  op('DebugPprofProfile', 'GET', '/debug/pprof/profile', 'admin', { stream: 'response', query: recorded('seconds') }),
  op('DebugPprofSymbol', 'GET', '/debug/pprof/symbol', 'admin'),
  op('DebugPprofTrace', 'GET', '/debug/pprof/trace', 'admin', { stream: 'response', query: recorded('seconds') }),
  op('DebugPprofNamed', 'GET', '/debug/pprof/{name}', 'admin', { query: recorded('debug', 'gc', 'seconds') }),
] as const
