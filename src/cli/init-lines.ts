import { join } from 'node:path'
import type { IssuerPresetName } from '../config/issuer-presets.ts'
import type { Change } from '../doctor/types.ts'
import type { CiCaller } from '../init/callers.ts'
import type { Draft } from '../init/draft.ts'
import { clientPaths, shellWord } from './paths.ts'

/** Where clients find the gate. */
export interface Reached {
  /** The folder with everything, as it will be. */
  readonly folder: string
  /** `docker.example.com:2376` */
  readonly gate: string
  /** The authority of the server's certificate; absolute. */
  readonly authority: string
}

/** The text of clients.txt: what each caller types. Without secrets. */
export function clientLines(draft: Draft, reached: Reached): string {
  const { people, ci, local, everybody } = draft
  return `${[
    "# How the clients of this gate call it. Copy a client's folder to its machine; its key.pem is a secret.",
    ...(everybody === null ? [] : everybodyLines(reached, everybody)),
    ...people.flatMap(({ name, role }) => [
      '',
      `# ${name} (role ${role})`,
      ...personLines(reached, name),
      ...(local === null ? [] : localLines(reached, name, local)),
    ]),
    ...(ci === null
      ? []
      : [
          '',
          `# Jobs of ${ci.preset} (role ${ci.role}); deploy/ci/README.md has ready-made parts`,
          ciLine(ci, reached),
        ]),
  ].join('\n')}\n`
}

function personLines({ folder, gate }: Reached, name: string): string[] {
  const paths = clientPaths(join(folder, 'clients', name))
  const [ca, cert, key] = [paths.authority, paths.certificate, paths.key].map(shellWord)
  const endpoint = `host=tcp://${gate},ca=${paths.authority},cert=${paths.certificate},key=${paths.key}`
  return [
    `docker --tlsverify --tlscacert ${ca} --tlscert ${cert} --tlskey ${key} -H tcp://${gate} version`,
    `export DOCKER_HOST=tcp://${gate} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=${shellWord(paths.folder)}`,
    `docker context create dockgate --docker ${shellWord(endpoint)}`,
  ]
}

function localLines({ folder }: Reached, name: string, local: string): string[] {
  const token = `dockgate token --subject ${shellWord(name)} --ttl 720h --state ${shellWord(folder)}`
  return [
    `# On this host, with the address as before: config.json has a token of 30 days; a new one is made by init, or by ${token}`,
    `docker --config ${shellWord(clientPaths(join(folder, 'clients', name)).folder)} -H tcp://${local} version`,
  ]
}

function everybodyLines({ gate }: Reached, role: string): string[] {
  return [
    '',
    `# Everybody with a certificate of the authority (role ${role}): nothing changes`,
    `docker --tlsverify --tlscacert ca.pem --tlscert cert.pem --tlskey key.pem -H tcp://${gate} version`,
  ]
}

function ciLine(ci: CiCaller, { gate, authority }: Reached): string {
  return `dockgate connect https://${gate} ${tokenOption(ci)} --ca ${shellWord(authority)} -- docker version`
}

/** How a job of each system comes by its token. */
const TOKEN_OPTIONS: Readonly<Record<IssuerPresetName, (audience: string) => string>> = {
  'github-actions': (audience) => `--github-actions --audience ${shellWord(audience)}`,
  'gitlab-ci': () => '--gitlab DOCKGATE_TOKEN',
  kubernetes: () => '--token-file /var/run/secrets/tokens/dockgate',
  buildkite: (audience) => command(`buildkite-agent oidc request-token --audience ${shellWord(audience)}`),
  circleci: () => command('printenv CIRCLE_OIDC_TOKEN'),
  google: (audience) => command(`gcloud auth print-identity-token --audiences=${shellWord(audience)}`),
  'azure-ad': () => command('COMMAND THAT PRINTS A TOKEN'),
  'generic-oidc': () => command('COMMAND THAT PRINTS A TOKEN'),
}

const command = (text: string) => `--token-command ${shellWord(text)}`

function tokenOption({ preset, audience }: CiCaller): string {
  return TOKEN_OPTIONS[preset](audience ?? '')
}

export interface Steps {
  readonly folder: string
  /** Who the service runs as, with a group of that name; null: the unit does not say. */
  readonly user: string | null
  /** That user has to be made, and given its key. */
  readonly isMissing: boolean
  /** A package has put the unit in its place. */
  readonly hasUnit: boolean
  /** The folder does not let the service in. */
  readonly isClosed: boolean
  /** The key that the service must own, inside the folder; null: it does, or owns its own. */
  readonly key: string | null
  readonly release: readonly Change[]
}

/** What is left to do, in its order: commands for a root shell and lines to write. */
export function nextSteps({ folder, user, isMissing, hasUnit, isClosed, key, release }: Steps): string[] {
  const at = (name: string) => shellWord(join(folder, name))
  const make = `  useradd --system --user-group --no-create-home --shell /usr/sbin/nologin --groups docker ${user}`
  return [
    'Next, in a root shell:',
    ...(user !== null && isMissing ? [make] : []),
    ...(user !== null && isClosed ? [`  chgrp ${user} ${shellWord(folder)}`, `  chmod 0750 ${shellWord(folder)}`] : []),
    ...(user !== null && isMissing && key !== null ? [`  chown ${user}: ${at(key)}`] : []),
    ...(hasUnit ? [] : [`  install -m 0644 ${at('dockgate.service')} /etc/systemd/system/dockgate.service`]),
    ...release.flatMap(releaseLines),
    // systemd opens docker.socket anew only while the service is down.
    ...[...new Set([...release.flatMap(({ run }) => run), 'systemctl daemon-reload'])].map((line) => `  ${line}`),
    '  systemctl enable --now dockgate',
    `  dockgate doctor --config ${at('dockgate.yaml')}`,
  ]
}

function releaseLines({ file, write, text }: Change): string[] {
  const where = file === null ? '' : `, ${file}`
  return [`  # dockerd${where}: ${text ?? 'write there'}`, ...write.map((line) => `      ${line}`)]
}
