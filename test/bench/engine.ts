import http from 'node:http'

/** An engine that answers at once, in a process of its own: `node engine.ts SOCKET`. It proves nothing about Docker. */
const [socketPath = ''] = process.argv.slice(2)
const CONTAINERS = JSON.stringify(
  Array.from({ length: 20 }, (_, i) => ({ Id: `${i}`.repeat(64).slice(0, 64), Image: 'alpine' })),
)
const CREATED = JSON.stringify({ Id: 'c'.repeat(64), Warnings: [] })

http
  .createServer((request, response) => {
    request.resume()
    request.once('end', () => {
      const [status, body] = request.url?.includes('/create') ? [201, CREATED] : [200, CONTAINERS]
      const headers = {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'Api-Version': '1.51',
      }
      response.writeHead(status, headers).end(body)
    })
  })
  .listen(socketPath, () => process.stdout.write('ready\n'))
