import type { World } from './world.ts'

/** A create that was found by generating, or that somebody thought of first. */
type Case = readonly [name: string, body: (world: World) => string]

const host = (members: string) => () => `{"Image":"busybox:test","Entrypoint":["sleep","9"],"HostConfig":{${members}}}`
const whole = (members: string) => () => `{"Image":"busybox:test",${members}}`

/** The engine is not asked for these. */
export const REFUSED: readonly Case[] = [
  ['so few processors that the engine makes no quota of them', host('"NanoCpus":9999')],
  ['T40: a name in another case', host('"privileged":true')],
  ['T41: HostConfig twice', whole('"HostConfig":{},"HostConfig":{"Privileged":true}')],
  ['T42: HostConfig beside one in another case', whole('"HostConfig":{},"hostConfig":{"Privileged":true}')],
  ['T43: an escaped name', host('"\\u0050rivileged":true')],
  ['T44: a name with a long s', host('"Bind\u017f":["/:/host"]')],
  ['T44: a name with a Kelvin sign', host('"Mas\u212aedPaths":[]')],
  ['T46: a second document', () => `${host('')()}${host('"Privileged":true')()}`],
  ['T60: every capability, in small letters', host('"CapAdd":["all"]')],
  ['T62: no network namespace of its own', host('"NetworkMode":"host"')],
  ['T63: the process namespace of another container', ({ victimId }) => host(`"PidMode":"container:${victimId}"`)()],
  ['T65: the root of the host, by two slashes', host('"Binds":["//:/host"]')],
  [
    'T67: a volume that is a folder of the host',
    host(
      '"Mounts":[{"Type":"volume","Source":"rooted","Target":"/m","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/"}}}}]',
    ),
  ],
  ['T69: the volumes of another container', ({ victim }) => host(`"VolumesFrom":["${victim}"]`)()],
  ['T72: masks lifted', host('"MaskedPaths":[]')],
  ['T78b: host settings at the top', whole('"Privileged":true')],
  ['T78b: host settings at the top, and none in their place', whole('"HostConfig":null,"Privileged":true')],
  ['another image by its id', ({ otherImageId }) => `{"Image":"${otherImageId.slice(7, 19)}"}`],
]

/** The engine makes a container of these, and it is within the preset. */
export const WITHIN: readonly Case[] = [
  ['nothing but an image', () => '{"Image":"busybox:test","Entrypoint":["sleep","9"]}'],
  ['T43: an escaped name of something allowed', host('"\\u0050rivileged":false,"\\u004demory":67108864')],
  ['T78: null for all of the host settings', whole('"Entrypoint":["sleep","9"],"HostConfig":null')],
  ['T48: minus zero for no limit', host('"Memory":-0,"NanoCpus":-0,"PidsLimit":-0,"CpuQuota":-0')],
  ['a processor for a period, and no quota', host('"CpuPeriod":1000')],
  ['file systems in memory of no size', host('"Tmpfs":{"/t":"exec"},"Mounts":[{"Type":"tmpfs","Target":"/m"}]')],
]
