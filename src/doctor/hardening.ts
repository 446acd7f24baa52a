import { keyLine } from './daemon-json.ts'
import type { Option } from './flags.ts'
import { type SetUp, settingOf, settingsFor, where } from './set-up.ts'
import { change, type Finding, type FindingId } from './types.ts'
import { restart } from './without.ts'

/** What an engine is better off with, and which value says so. */
const ADVICE: readonly {
  option: Option
  value: string | boolean
  id: FindingId
  what: string
  why: string
  text: string
}[] = [
  {
    option: 'userns-remap',
    value: 'default',
    id: 'no-userns-remap',
    what: 'root in a container is root of the host ("userns-remap" is not set)',
    why: 'A way out of a container is then a way to all of the host.',
    text: 'images, containers and volumes that are there disappear from sight until it is taken back, so plan it; not for rootless engines',
  },
  {
    option: 'icc',
    value: false,
    id: 'icc',
    what: 'containers on the default bridge reach each other ("icc" is not false)',
    why: "Jobs of different people that share the default bridge reach each other's ports.",
    text: 'networks that people make themselves are not concerned',
  },
  {
    option: 'live-restore',
    value: true,
    id: 'no-live-restore',
    what: 'a restart of dockerd stops every container ("live-restore" is not set)',
    why: 'The changes above need a restart of dockerd, and updates of it do too.',
    text: 'systemctl reload docker is enough for this one; not for swarm nodes',
  },
]

/** Notes on settings that bound what a container can reach, and on authorisation plugins. */
export function hardeningFindings(setUp: SetUp): readonly Finding[] {
  // What a broken file says is not known: nothing is missing in it for certain, and it is not to be written anew.
  if (setUp.daemonJson.findings.length > 0) return plugins(setUp)
  return [...ADVICE.flatMap((advice) => missing(setUp, advice)), ...plugins(setUp)]
}

function missing(setUp: SetUp, { option, value, id, what, why, text }: (typeof ADVICE)[number]): Finding[] {
  const { daemonJson } = setUp
  const set = settingOf(setUp, option)
  if (set !== null && (typeof value === 'string' ? set.value !== '' : set.value === String(value))) return []
  const common = { id, severity: 'note' as const, what, why }
  if (set !== null && set.words.length > 0) {
    const instead = `on dockerd's command line there, write --${option}=${value}; ${text}`
    return [
      {
        ...common,
        where: where(set.place),
        change: change({ file: set.place.file, run: restart(setUp), text: instead }),
      },
    ]
  }
  const write = [keyLine(option, value)]
  const at = set === null ? daemonJson.file : where(set.place)
  return [
    {
      ...common,
      where: at,
      change: change({ file: daemonJson.file, write, run: restart(setUp), text: `into the object there; ${text}` }),
    },
  ]
}

function plugins(setUp: SetUp): Finding[] {
  return settingsFor(setUp, 'authorization-plugins').map((one) => ({
    id: 'authorization-plugin',
    severity: 'note',
    where: where(one.place),
    what: `dockerd asks the authorisation plugin "${one.value}" about every request`,
    why: 'It sees the gate as one caller, whoever called the gate, so rules of the plugin that go by user apply to all of them.',
    change: change({ text: 'keep it as a second line; rules about who may do what belong into the roles of dockgate' }),
  }))
}
