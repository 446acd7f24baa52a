import { describe, expect, it } from 'vitest'
import { recognise } from '../../src/engine/recognise.ts'

/*
 * Targets as stock clients write them. Each library encodes in its own way, and some send what no engine reads.
 */
const SENT = [
  // docker CLI 28 and Compose 2: Go's net/url escapes the path, and sorts the query.
  ['HEAD', '/_ping', '/_ping'],
  [
    'GET',
    '/v1.51/images/registry.acme.io/a/b:tag@sha256:ab/json',
    '/v1.51/images/registry.acme.io/a/b:tag@sha256:ab/json',
  ],
  ['GET', '/v1.51/networks/my%20net%27s', '/v1.51/networks/my%20net%27s'],
  ['GET', '/v1.51/containers/a/archive?path=%2Fetc%2Fa+b', '/v1.51/containers/a/archive?path=%2Fetc%2Fa%20b'],
  ['POST', '/v1.51/images/create?fromImage=docker.io%2Flibrary%2Falpine&tag=3', null],
  ['DELETE', '/v1.51/images/a?platforms=%7B%22os%22%3A%22linux%22%7D&platforms=%7B%22os%22%3A%22windows%22%7D', null],
  ['GET', '/v1.51/system/df?type=container&type=image', null],
  ['GET', '/v1.52/images/get?names=a&names=b&platform=%7B%7D&platform=%7B%7D', null],
  // docker-py 1 to 7: urllib.quote with "/" and ":" left as they are.
  ['GET', '/v1.41/images/registry.acme.io/a%40sha256:ab/json', '/v1.41/images/registry.acme.io/a@sha256:ab/json'],
  ['GET', '/v1.41/containers/json?limit=-1&all=1&size=0&trunc_cmd=0', '/v1.41/containers/json?limit=-1&all=1&size=0'],
  ['GET', '/v1.41/images/json?only_ids=0&all=0', '/v1.41/images/json?all=0'],
  ['POST', '/v1.41/images/a:1/tag?tag=2&repo=b&force=0', '/v1.41/images/a:1/tag?tag=2&repo=b'],
  ['POST', '/v1.41/build?t=a&q=False&nocache=False&rm=False&extrahosts=a%3A1&extrahosts=b%3A2', null],
  [
    'POST',
    '/v1.41/commit?container=a&changes=ENV+A%3D1&changes=ENV+B%3D2',
    '/v1.41/commit?container=a&changes=ENV%20A%3D1&changes=ENV%20B%3D2',
  ],
  // docker-java 3 (Testcontainers for Java): every template parameter through an escaper of path segments.
  ['GET', '/images/testcontainers%2Fryuk:0.11.0/json', '/images/testcontainers/ryuk:0.11.0/json'],
  ['POST', '/images/registry:5000%2Fa/push?tag=1', '/images/registry:5000/a/push?tag=1'],
  ['POST', '/images/create?tag=1&fromImage=a&registry=x', '/images/create?tag=1&fromImage=a'],
  ['POST', '/commit?container=a&m=hello&pause=1', '/commit?container=a&pause=1'],
  ['POST', '/swarm/update?version=3&rotateWorkertoken=1', '/swarm/update?version=3'],
  // dockerode 2 to 4 (Testcontainers for Node): the body's fields are in the query as well, arrays spread out.
  [
    'POST',
    '/containers/create?Image=alpine&Cmd=sleep&Cmd=1&name=a&HostConfig=%7B%22Binds%22%3A%5B%5D%7D&Env=',
    '/containers/create?name=a',
  ],
  ['POST', '/containers/a/attach?stream=true&stdin=true&hijack=true', '/containers/a/attach?stream=true&stdin=true'],
  [
    'POST',
    '/networks/create?Name=n&CheckDuplicate=true&Driver=bridge&Internal=false&IPAM=%7B%7D&Labels=%7B%7D',
    '/networks/create',
  ],
  ['POST', '/volumes/create?Name=v&Driver=local', '/volumes/create'],
  ['POST', '/services/a/update?version=3&Name=s&TaskTemplate=%7B%7D', '/services/a/update?version=3'],
  ['GET', '/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D', null],
] as const

describe('stock clients are understood', () => {
  it.each(SENT)('%s %s', (method, target, sentOn) => {
    expect(recognise(method, target).target).toBe(sentOn ?? target)
  })
})
