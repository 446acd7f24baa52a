import { docker } from '../../support/docker-client.ts'

const ROUTE = { name: 'none', environment: { DOCKER_HOST: 'unix:///nonexistent', DOCKER_CONFIG: '/nonexistent' } }
const FLAG = /^ +(?:-\w, )?(--[a-z0-9-]+)/

/** The long flags that the installed client's help of a command prints; all of them, as it knows no engine. */
export async function flagsOf(command: string): Promise<readonly string[]> {
  const { stdout } = await docker(ROUTE, [...command.split(' '), '--help'])
  return stdout.split('\n').flatMap((line) => FLAG.exec(line)?.[1] ?? [])
}
