import { once } from 'node:events'
import http from 'node:http'
import { buffer } from 'node:stream/consumers'

/** A unix socket in front of an engine, which tells what was asked of it. */
export interface Tap {
  readonly socket: string
  /** The body of the container create of that name; null where none was asked. */
  created(name: string): Buffer | null
  /** Requests that were no container creates and could change something. */
  readonly others: readonly string[]
  close(): Promise<void>
}

export async function startTap(socket: string, engine: string): Promise<Tap> {
  const creates = new Map<string, Buffer>()
  const others: string[] = []
  const server = http.createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const body = await buffer(request)
    const { pathname, searchParams } = new URL(url, 'http://engine')
    if (method === 'POST' && pathname.endsWith('/containers/create')) creates.set(searchParams.get('name') ?? '', body)
    else if (!['GET', 'HEAD'].includes(method)) others.push(`${method} ${url}`)
    const forwarded = http.request({ socketPath: engine, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.rawHeaders)
      answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    forwarded.end(body)
  })
  server.listen(socket)
  await once(server, 'listening')
  return {
    socket,
    created: (name) => creates.get(name) ?? null,
    others,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
