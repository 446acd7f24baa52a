import { type Exposure, exposuresOf, type Tls, tlsOf } from './exposure.ts'
import { isLocal, shown } from './hosts.ts'
import { type Listening, readListening } from './proc-net.ts'
import type { SetUp } from './set-up.ts'
import { change, type Finding } from './types.ts'

const ENGINE = 'dockerd'
/** Where engines listen by custom, for when the owner of a socket cannot be seen. */
const USUAL_PORTS = [2375, 2376]
/** Of swarm: managers (gRPC with mutual TLS), and gossip between nodes. */
const SWARM_PORTS = [2377, 7946]

/** What dockerd listens on now that no file names: a hand-started engine, or one from before a change. */
export function listeningFindings(setUp: SetUp): readonly Finding[] {
  const exposures = exposuresOf(setUp)
  const tls = tlsOf(setUp)
  return readListening(setUp.root)
    .filter((socket) => isEngine(socket) && !isNamed(socket, exposures))
    .map((socket) => (SWARM_PORTS.includes(socket.port) ? swarm(socket) : unnamed(socket, tls)))
}

function isEngine({ owners, port }: Listening): boolean {
  return owners.includes(ENGINE) || (owners.length === 0 && USUAL_PORTS.includes(port))
}

/** A name stands for any address: what it resolves to is not asked here. */
function isNamed({ port }: Listening, exposures: readonly Exposure[]): boolean {
  return exposures.some((one) => one.port === port)
}

function unnamed({ host, port, owners }: Listening, tls: Tls): Finding {
  const address = shown(host, port)
  const who = owners.length === 0 ? 'a program that cannot be seen (run doctor as root)' : ENGINE
  const usual = USUAL_PORTS.includes(port)
  const severe = usual && tls !== 'verified'
  return {
    id: 'listening-unnamed',
    severity: severe ? 'danger' : 'warning',
    where: address,
    what: `${who} listens on ${address}${isLocal(host) ? '' : ', beyond this host'}, and no file that was read names it`,
    why: usual
      ? 'Engines serve their API on this port by custom, and who reaches an API without client certificates is root.'
      : 'It may be the API, for whose callers there are no roles, or what "metrics-addr" opens.',
    change: change({
      run: [`ss -ltnp 'sport = :${port}'`],
      text: 'see who started it and with which -H, take that out, and restart the engine with "systemctl restart docker"',
    }),
  }
}

function swarm({ host, port }: Listening): Finding {
  return {
    id: 'swarm-port',
    severity: isLocal(host) ? 'note' : 'warning',
    where: shown(host, port),
    what: `dockerd listens on ${shown(host, port)} for a swarm`,
    why: 'Whoever reaches it and has a join token becomes a node, and gossip is open to whoever reaches it.',
    change: change({ text: `let only the nodes of the swarm reach ports 2377, 7946 and 4789, by the host's firewall` }),
  }
}
