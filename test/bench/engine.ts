import http from 'node:http'

/** An engine that answers at once, in a process of its own: `node engine.ts SOCKET`. It proves nothing about Docker. */
const [socketPath = ''] = process.argv.slice(2)
const CONTAINERS = JSON.stringify(
  Array.from({ length: 20 }, (_, i) => ({ Id: `${i}`.repeat(64).slice(0, 64), Image: 'alpine' })),
)
/** A thousand of 1.2 KB each, of which every twentieth is an owner's; whatever filters say. */
const THOUSAND = JSON.stringify(Array.from({ length: 1000 }, (_, i) => listed(i)))
const INSPECTED = JSON.stringify({ Id: 'c'.repeat(64), Image: 'sha256:1', Config: { Labels: labels(0) } })
const IMAGE = JSON.stringify({ Id: 'sha256:1', RepoTags: ['alpine:latest'], Config: { Labels: {} } })
const CREATED = JSON.stringify({ Id: 'c'.repeat(64), Warnings: [] })

http
  .createServer((request, response) => {
    request.resume()
    request.once('end', () => {
      const [status, body] = answerTo(request.url ?? '')
      const headers = {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'Api-Version': '1.51',
      }
      response.writeHead(status, headers).end(body)
    })
  })
  .listen(socketPath, () => process.stdout.write('ready\n'))

function answerTo(target: string): readonly [status: number, body: string] {
  if (target.includes('/create')) return [201, CREATED]
  if (target.includes('/images/')) return [200, IMAGE]
  if (/\/containers\/[^/]+\/json/.test(target)) return [200, INSPECTED]
  return [200, target.includes('limit=1000') ? THOUSAND : CONTAINERS]
}

function listed(index: number): object {
  const id = index.toString(16).padStart(64, '0')
  return {
    Id: id,
    Names: [`/container-${index}`],
    Image: 'registry.example.com/team/application:1.2.3',
    ImageID: 'sha256:1',
    Command: 'node server.js',
    Created: 1_700_000_000 + index,
    Ports: [{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 10_000 + index, Type: 'tcp' }],
    Labels: labels(index),
    State: 'running',
    Status: 'Up 5 minutes',
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: {
      Networks: { bridge: { NetworkID: id, EndpointID: id, Gateway: '172.17.0.1', IPAddress: '172.17.0.2' } },
    },
    Mounts: [
      {
        Type: 'volume',
        Name: id,
        Source: '',
        Destination: '/data',
        Driver: 'local',
        Mode: '',
        RW: true,
        Propagation: '',
      },
    ],
  }
}

function labels(index: number): Record<string, string> {
  return {
    'com.example.build': `${index}`,
    'io.dockgate.owner': index % 20 === 0 ? 'acme/app' : `acme/other-${index}`,
    'io.dockgate.principal': 'local/bench',
    'io.dockgate.record': index.toString(36).padStart(16, '0'),
  }
}
