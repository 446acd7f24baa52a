import { basename, isAbsolute, join, relative } from 'node:path'

/** Where `start` and `cert ca` keep what they make, and where `token` and `cert` find it. */
export const STATE_FOLDER = '.dockgate'

/** The files of one client, as `DOCKER_CERT_PATH` and `DOCKER_CONFIG` want them. */
export interface ClientPaths {
  readonly folder: string
  readonly authority: string
  readonly certificate: string
  readonly key: string
  readonly config: string
}

/** The paths inside a state folder. Client folders have the file names that `docker --tlsverify` expects. */
export function statePaths(folder: string) {
  return {
    authority: join(folder, 'ca.pem'),
    authorityKey: join(folder, 'ca-key.pem'),
    register: { issued: join(folder, 'issued.pem'), revoked: join(folder, 'crl.pem') },
    server: { certificate: join(folder, 'server', 'cert.pem'), key: join(folder, 'server', 'key.pem') },
    tokenKey: join(folder, 'token-key.pem'),
    tokenPublicKey: join(folder, 'token-key.pub.pem'),
    config: join(folder, 'dockgate.yaml'),
    records: join(folder, 'records.jsonl'),
    demoSocket: join(folder, 'demo.sock'),
    client: (name: string) => clientPaths(join(folder, 'clients', name)),
  }
}

/** The files of a client in a folder of its own. */
export function clientPaths(folder: string): ClientPaths {
  return {
    folder,
    authority: join(folder, 'ca.pem'),
    certificate: join(folder, 'cert.pem'),
    key: join(folder, 'key.pem'),
    config: join(folder, 'config.json'),
  }
}

/** A path as one would name it here: relative when it is below the current folder. */
export function near(path: string): string {
  const way = relative(process.cwd(), path)
  return way === '' || way.startsWith('..') || isAbsolute(way) ? path : way
}

/** A path as one would type it in a POSIX shell here. */
export function typed(path: string): string {
  return shellWord(near(path))
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9@%_+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** How this very program is called: by its name, or from a checkout by the runtime and the script. */
export function ownCommand(): string {
  const [, script = ''] = process.argv
  return basename(script) === 'dockgate' ? 'dockgate' : `${typed(process.execPath)} ${typed(script)}`
}
