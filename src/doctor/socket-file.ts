import type { Group } from './accounts.ts'
import { parseHost } from './hosts.ts'
import type { FileFacts } from './root.ts'
import { type SetUp, settingsFor, where } from './set-up.ts'
import { change, type Finding } from './types.ts'
import { RESTART_SOCKET } from './without.ts'

const USUAL_SOCKET = '/var/run/docker.sock'
const OTHERS_WRITE = 0o002
const GROUP_WRITE = 0o020
/** systemd.socket(5), SocketMode=. */
const UNIT_MODE = '0666'

/** The unix socket of the engine, from `-H`, "hosts", docker.socket, or the usual one. */
export function socketPathOf(setUp: SetUp): string {
  const hosts = settingsFor(setUp, 'hosts').map(({ value }) => parseHost(value, false))
  const unix = hosts.find((host) => host.kind === 'unix')
  if (unix?.kind === 'unix') return unix.path
  const stream = setUp.socket?.lines.findLast(
    ({ section, key, value }) => section === 'Socket' && key === 'ListenStream' && value.startsWith('/'),
  )
  return stream?.value ?? USUAL_SOCKET
}

/** Who may open the engine's socket, by its mode and its group's members: all of them are root on the host. */
export function socketFindings(setUp: SetUp, path: string, groups: readonly Group[]): readonly Finding[] {
  const facts = setUp.root.facts(path)
  const findings = [...unitMode(setUp), ...(facts === null ? [] : fileFindings(path, facts, groups))]
  const gid = facts !== null && (facts.mode & GROUP_WRITE) !== 0 ? facts.gid : null
  const concerned = groups.filter((group) => group.gid !== 0 && (group.name === 'docker' || group.gid === gid))
  return [...findings, ...concerned.flatMap(memberFinding)]
}

function unitMode({ socket }: SetUp): Finding[] {
  if (socket === null || socket.masked || socket.file === null) return []
  const set = socket.lines.findLast(({ section, key }) => section === 'Socket' && key === 'SocketMode')
  const mode = set?.value || UNIT_MODE
  if (!/^[0-7]{3,5}$/.test(mode) || (Number.parseInt(mode, 8) & OTHERS_WRITE) === 0) return []
  return [
    {
      id: 'socket-unit-mode',
      severity: 'danger',
      where: set === undefined ? socket.file : where(set),
      what: `docker.socket makes the engine's socket with mode ${mode}${set === undefined ? ' (SocketMode= is not set)' : ''}`,
      why: 'Every user and every program on this host that can see the socket becomes root through it.',
      change: change({
        file: '/etc/systemd/system/docker.socket.d/zz-dockgate.conf',
        write: ['[Socket]', 'SocketMode=0660'],
        run: RESTART_SOCKET,
      }),
    },
  ]
}

function fileFindings(path: string, { uid, gid, mode, isSocket }: FileFacts, groups: readonly Group[]): Finding[] {
  const octal = (mode & 0o777).toString(8).padStart(4, '0')
  if (!isSocket) {
    const what = `${path} is no socket`
    const why =
      'docker run -v makes a folder of that name when the engine is not there, and then dockerd cannot listen.'
    return [
      {
        id: 'socket-none',
        severity: 'warning',
        where: path,
        what,
        why,
        change: change({ run: [`rmdir ${path}`, ...RESTART_SOCKET] }),
      },
    ]
  }
  if ((mode & OTHERS_WRITE) !== 0) {
    const what = `everybody on this host may open the engine's socket (mode ${octal})`
    const why = 'Every user and every program that can see the socket becomes root through it.'
    const text = 'look for who sets it: SocketMode= of docker.socket, or a script that runs chmod'
    return [
      {
        id: 'socket-mode',
        severity: 'danger',
        where: path,
        what,
        why,
        change: change({ run: [`chmod 0660 ${path}`], text }),
      },
    ]
  }
  const group = groups.find((one) => one.gid === gid)
  const odd = (mode & GROUP_WRITE) !== 0 && gid !== 0 && group?.name !== 'docker'
  if (!odd && uid === 0) return []
  return [
    {
      id: 'socket-owner',
      severity: 'warning',
      where: path,
      what: `the engine's socket belongs to uid ${uid}, group ${group?.name ?? gid} (mode ${octal})`,
      why: "Both may open it, and so are as good as the engine's own user, which is root unless it is rootless.",
      change: change({
        run: [`chown root:docker ${path}`],
        text: "not for a rootless engine, whose socket is its user's",
      }),
    },
  ]
}

function memberFinding({ name, members }: Group): Finding[] {
  const people = members.filter((one) => one !== 'root' && one !== 'dockgate')
  if (people.length === 0) return []
  return [
    {
      id: 'group-members',
      severity: 'warning',
      where: '/etc/group',
      what: `in group ${name}: ${people.join(', ')}`,
      why: "Who is in this group opens the engine's socket and is root on this host, past the gate and its records.",
      change: change({
        run: people.map((one) => `gpasswd --delete ${one} ${name}`),
        text: 'give them a role in dockgate instead; sessions that are open keep the group until they end. A primary group is changed with usermod --gid',
      }),
    },
  ]
}
