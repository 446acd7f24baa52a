import { op, recorded, unrecorded } from './op.ts'

const plugin = { kind: 'plugin', parameter: 'name' } as const

export const PLUGIN_OPERATIONS = [
  op('PluginList', 'GET', '/plugins', 'read', { query: unrecorded('filters') }),
  op('GetPluginPrivileges', 'GET', '/plugins/privileges', 'admin', {
    query: [...recorded('name'), ...unrecorded('remote')],
    headers: ['x-registry-auth', 'x-meta-*'],
    since: '1.25',
  }),
  op('PluginPull', 'POST', '/plugins/pull', 'admin', {
    stream: 'response',
    body: 'json',
    query: [...recorded('name'), ...unrecorded('remote')],
    headers: ['x-registry-auth', 'x-meta-*'],
  }),
  op('PluginInspect', 'GET', '/plugins/{name+}/json', 'read', { object: plugin, since: '1.25' }),
  op('PluginDelete', 'DELETE', '/plugins/{name+}', 'admin', { object: plugin, query: recorded('force') }),
  op('PluginEnable', 'POST', '/plugins/{name+}/enable', 'admin', { object: plugin, query: recorded('timeout') }),
  op('PluginDisable', 'POST', '/plugins/{name+}/disable', 'admin', { object: plugin, query: recorded('force') }),
  op('PluginUpgrade', 'POST', '/plugins/{name+}/upgrade', 'admin', {
    object: plugin,
    stream: 'response',
    body: 'json',
    query: unrecorded('remote'),
    headers: ['x-registry-auth', 'x-meta-*'],
    since: '1.26',
  }),
  op('PluginCreate', 'POST', '/plugins/create', 'admin', {
    stream: 'request',
    body: 'tar',
    query: recorded('name'),
    since: '1.25',
  }),
  op('PluginPush', 'POST', '/plugins/{name+}/push', 'admin', {
    object: plugin,
    stream: 'response',
    headers: ['x-registry-auth', 'x-meta-*'],
  }),
  op('PluginSet', 'POST', '/plugins/{name+}/set', 'admin', { object: plugin, body: 'json' }),
  // Experimental builds of docker 1.12 alone.
  op('PluginInspectLegacy', 'GET', '/plugins/{name+}', 'read', { object: plugin, until: '1.24' }),
] as const
