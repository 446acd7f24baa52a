import { each, harmless, list, object, string, strings } from './make.ts'
import type { ListField, ParameterJudgements } from './types.ts'

/** What the plugin gets of the host; it runs as root. The docker client sends null where it asks for nothing. */
export const PLUGIN_PRIVILEGES: ListField = {
  ...list(object({ Name: string('host'), Description: string('host'), Value: strings('host') }), 'host'),
  mayBeNull: true,
}

/** `NAME=value`: the environment, the arguments, and where mounts and devices come from. */
export const PLUGIN_SETTINGS: ListField = { ...strings('host'), mayBeNull: true }

const REGISTRY_HEADERS = each('host', 'x-registry-auth', 'x-meta-*')

export const PLUGIN_PARAMETERS = {
  PluginList: { query: { filters: 'objects' } },
  GetPluginPrivileges: { query: each('host', 'name', 'remote'), headers: REGISTRY_HEADERS },
  PluginPull: { query: each('host', 'name', 'remote'), headers: REGISTRY_HEADERS },
  PluginDelete: { query: { force: 'host' } },
  PluginEnable: { query: harmless('timeout') },
  // Breaks the volumes and networks in use.
  PluginDisable: { query: { force: 'host' } },
  PluginUpgrade: { query: { remote: 'host' }, headers: REGISTRY_HEADERS },
  PluginCreate: { query: { name: 'host' }, stream: 'host' },
  PluginPush: { path: { name: 'host' }, headers: REGISTRY_HEADERS },
} as const satisfies Record<string, ParameterJudgements>
