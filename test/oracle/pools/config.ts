import { Raw } from '../text.ts'
import { IMAGE, type Pool, type World } from '../world.ts'

/** What a container is made of beside the host's share. */
export function config({ imageId, otherImage, otherImageId }: World): Record<string, Pool> {
  return {
    Image: {
      good: [IMAGE, IMAGE, IMAGE, 'docker.io/library/busybox:test', 'library/busybox:test'],
      odd: [
        ...[
          '',
          'busybox',
          'BUSYBOX:test',
          ' busybox:test',
          'busybox:test ',
          'docker.io/../x',
          'localhost/x',
          'x:1@',
          '/x',
        ],
        ...[
          imageId,
          imageId.replace('sha256:', ''),
          imageId.slice(7, 19),
          `busybox@${imageId}`,
          `busybox:test@${imageId}`,
        ],
        ...[otherImage, otherImageId, otherImageId.slice(7), otherImageId.slice(7, 19), otherImageId.slice(7, 11)],
        ...[
          `docker.io/library/${otherImageId.slice(7, 19)}`,
          `sha256:${otherImageId.slice(7, 19)}`,
          `x@${otherImageId}`,
        ],
      ],
    },
    Cmd: { good: [null, [], ['true'], 'true', ['sh', '-c', 'id']], odd: [[null], ['\u0000'], [['x']], {}] },
    Entrypoint: { good: [null, [], ['sh'], 'sh'], odd: ['', [''], [1]] },
    Shell: { good: [null, ['sh', '-c']], odd: ['sh', ['']] },
    WorkingDir: { good: ['', '/', '/tmp'], odd: ['relative', '/..', '/proc/self/fd/8', '\u0000'] },
    Env: { good: [null, [], ['A=1'], ['A'], ['LD_PRELOAD=/x']], odd: [[''], ['='], ['A=\u0000'], 'A=1', { A: '1' }] },
    User: { good: ['', '0', 'root', '1000:1000', 'nobody'], odd: ['-1', ' root', '0:0:0', '4294967296'] },
    Labels: { good: [null, {}, { a: 'b', A: 'B', '': '' }], odd: [{ a: null }, ['a=b'], { a: 1 }] },
    Hostname: { good: ['', 'h', 'host-1'], odd: ['host', 'a/b', '-', 'x'.repeat(80)] },
    Domainname: { good: ['', 'example.org'], odd: ['a/b', '\u0000'] },
    ExposedPorts: {
      good: [null, {}, { '80/tcp': {} }],
      odd: [{ 80: {} }, { '80-90/tcp': {} }, { x: {} }, { '80/tcp': 1 }],
    },
    MacAddress: { good: [''], odd: ['02:42:ac:11:00:99', 'x'] },
    StopSignal: { good: ['', 'SIGTERM', '9'], odd: ['x', 'SIGRTMAX+99'] },
    StopTimeout: { good: [null, 0, 1, 300], odd: [301, -1, 2 ** 31, new Raw('-0'), new Raw('1e1')] },
    Volumes: {
      good: [null, {}, { '/data': {} }],
      odd: [
        ...['/', '/:/host', '/etc:/x:ro', 'data:/x', '', 'relative', '/x:ro', '/..', '//'].map((path) => ({
          [path]: {},
        })),
        { '/data': null },
        { '/data': { Source: '/' } },
        ['/data'],
      ],
    },
    'Healthcheck.Test': { good: [null, [], ['NONE'], ['CMD', 'true']], odd: [['x'], ['CMD-SHELL'], 'true'] },
  }
}
