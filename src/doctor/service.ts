import { BOOT_FILES, bootVariables } from './boot-files.ts'
import { wordsOf } from './command.ts'
import { type Option, parseFlags } from './flags.ts'
import { type SetUp, settingsFor, where } from './set-up.ts'
import { change, type Finding, type FindingId } from './types.ts'
import { restart, without } from './without.ts'

/** What is wrong with how dockerd is started, beside what it opens. */
export function serviceFindings(setUp: SetUp): readonly Finding[] {
  return [...unitFindings(setUp), ...clashes(setUp), ...unusedFiles(setUp)]
}

function unitFindings(setUp: SetUp): Finding[] {
  const { service, commands } = setUp
  if (service?.masked) {
    const what = 'docker.service is masked: systemd does not start dockerd'
    const run = ['systemctl unmask docker.service']
    return [note('service-masked', service.file ?? service.name, what, 'What its drop-ins say has no effect.', run)]
  }
  const oneshot =
    service?.lines.findLast(({ section, key }) => section === 'Service' && key === 'Type')?.value === 'oneshot'
  const second = commands[1]
  if (service === null || second === undefined || oneshot) return []
  return [
    {
      id: 'exec-start-twice',
      severity: 'warning',
      where: where(second.place),
      what: 'docker.service has more than one ExecStart=',
      why: 'systemd refuses to start it: a drop-in that sets ExecStart= has to clear what was there before.',
      change: change({
        file: second.place.file,
        write: ['ExecStart='],
        run: restart(setUp),
        text: 'before its ExecStart= line',
      }),
    },
  ]
}

/** dockerd does not start with an option in both places, the well-known case being "hosts" beside -H fd://. */
function clashes(setUp: SetUp): Finding[] {
  const options = new Set<Option>(setUp.daemonJson.options.map(({ option }) => option))
  return [...options].flatMap((option) => {
    const both = settingsFor(setUp, option)
    const flag = both.find(({ words }) => words.length > 0)
    const inFile = both.filter(({ words }) => words.length === 0)
    if (flag === undefined || inFile[0] === undefined) return []
    return [
      {
        id: 'configured-twice',
        severity: 'warning' as const,
        where: where(inFile[0].place),
        what: `"${option}" is in ${setUp.daemonJson.file} and on the command line (${where(flag.place)})`,
        why: 'dockerd does not start with an option in both places, so this shows at its next restart.',
        change: without(setUp, inFile),
      },
    ]
  })
}

/** On a host with systemd these files do nothing unless the unit names them. */
function unusedFiles(setUp: SetUp): Finding[] {
  if (setUp.service === null) return []
  const used = new Set(setUp.commands.flatMap(({ words }) => words.map(({ place }) => place.file)))
  return [...bootVariables(setUp.root)].flatMap(([name, variable]) => {
    const { file } = variable.place
    if (!BOOT_FILES.includes(file) || used.has(file)) return []
    const flags = parseFlags(wordsOf(name, variable).map(({ text }) => text))
    const hosts = flags.filter(({ option }) => option === 'hosts').map(({ value }) => value)
    const what = `${name} is set, and docker.service does not read it${hosts.length > 0 ? ` (it names ${hosts.join(', ')})` : ''}`
    const why = 'It has no effect under systemd, and takes effect when dockerd is started by /etc/init.d/docker.'
    return [note('options-unused', where(variable.place), what, why, [], `take the line out of ${file}`)]
  })
}

function note(
  id: FindingId,
  at: string,
  what: string,
  why: string,
  run: string[],
  text: string | null = null,
): Finding {
  return { id, severity: 'note', where: at, what, why, change: change({ run, text }) }
}
