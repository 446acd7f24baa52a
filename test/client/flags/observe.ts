import { rmSync } from 'node:fs'
import path from 'node:path'
import { type Outcome, type Route, runClient } from '../../support/docker-client.ts'
import { alike } from './alike.ts'
import { type Known, type Objects, takeNew } from './objects.ts'

/** What a command printed and made, the same for two runs of the same command on the same engine. */
export type Observation = Outcome & Objects

interface Ground {
  readonly socket: string
  /** The folder that commands run in. */
  readonly folder: string
  /** What no command has made. */
  readonly known: Known
}

/** Files and folders that commands may write. */
const WRITTEN = ['cid', 'out', 'made']

/** Runs a script by this route, looks at the engine itself, and removes what the script made. */
export async function observe({ socket, folder, known }: Ground, route: Route, script: string): Promise<Observation> {
  for (const file of WRITTEN) rmSync(path.join(folder, file), { recursive: true, force: true })
  const { stdout, stderr, code } = await runClient(route, ['bash', '-c', script], { cwd: folder })
  const objects = await takeNew(socket, known)
  const host = (route.environment.DOCKER_HOST ?? '').replace(/^\w+:\/\//, '')
  return alike({ stdout, stderr, code, ...objects }, known, host)
}
