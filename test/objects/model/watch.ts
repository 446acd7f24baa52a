import http from 'node:http'
import type { Party } from '../scene.ts'

export interface Event {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

/** The events that somebody is told of, as they come. */
export interface Watch {
  /** Those until there is one of this type, action and name. */
  until(type: string, action: string, name: string): Promise<readonly Event[]>
  close(): void
}

/** @param since in seconds; what was before it watched, but not before that, is told too */
export async function watchEvents({ route }: Party, since: string): Promise<Watch> {
  const { DOCKER_HOST = '', ROUTE_TOKEN } = route.environment
  const to = DOCKER_HOST.startsWith('unix://')
    ? { socketPath: DOCKER_HOST.slice('unix://'.length) }
    : { host: '127.0.0.1', port: Number(new URL(DOCKER_HOST.replace('tcp:', 'http:')).port) }
  const headers = ROUTE_TOKEN === undefined ? {} : { Authorization: `Bearer ${ROUTE_TOKEN}` }
  const request = http.get({ ...to, path: `/events?since=${since}`, headers, agent: false })
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
  const events: Event[] = []
  let rest = ''
  let look = () => {}
  response.setEncoding('utf8').on('error', () => {})
  response.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') events.push(JSON.parse(line) as Event)
    look()
  })
  return {
    until: (type, action, name) =>
      new Promise((resolve) => {
        look = () => {
          const at = events.findIndex(
            (event) => event.Type === type && event.Action === action && event.Actor.ID === name,
          )
          if (at >= 0) resolve(events.splice(0, at + 1).slice(0, -1))
        }
        look()
      }),
    close: () => request.destroy(),
  }
}
