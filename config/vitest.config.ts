import { defineConfig } from 'vitest/config'

/**
 * Suites that run real engines: they start one for each file, and use both cores by themselves. An engine on a busy
 * machine may be late once; a step that fails twice is ours.
 */
const REAL = ['test/client/**/*.test.ts', 'test/**/*.real.test.ts']

/**
 * Rooms whose modules hold nothing that one test could leave for another: functions, and objects that a test makes for
 * itself. Their files share a process, as loading the same modules anew for each took longer than most of their tests. One
 * that puts another module in the place of a real one is called `.mocked`, and has a process of its own.
 */
const STATELESS = ['config', 'engine', 'identity', 'inspect', 'pki', 'policy'].map(
  (room) => `test/${room}/**/!(*.mocked).test.ts`,
)

/**
 * With DOCKGATE_TESTS=node, what is left out: suites that ask engines and machines about what does not depend on Node.
 * The gate's own way with clients and engines stays, by each of its transports.
 */
const BESIDE_NODE = [
  'test/{connect,deploy,init,learn,oracle}/*.real.test.ts',
  'test/client/{*-roles,modern-engine}.test.ts',
  'test/objects/{model,killed,compose,dockerfiles,prune,swarm,image-attacks,reap,prefixed,build,lists}.real.test.ts',
  // What the documentation and deploy/ say, the bench, and Go's programs asked about generated bodies.
  'test/{bench,deploy,docs,oracle}/*.test.ts',
]
const LEFT_OUT = process.env.DOCKGATE_TESTS === 'node' ? BESIDE_NODE : []

/** V8's code of packages, and of the sources that commands are started from: a start takes half the time. Of each Node its own. */
process.env.NODE_COMPILE_CACHE ??= new URL('../.cache/node-compile', import.meta.url).pathname

const unit = { testTimeout: 20_000, sequence: { groupOrder: 0 } }

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: ['test/support/patience.ts'],
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          ...unit,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...REAL, ...STATELESS, ...LEFT_OUT],
        },
      },
      {
        extends: true,
        test: { ...unit, name: 'unit-shared', include: STATELESS, exclude: LEFT_OUT, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: REAL,
          exclude: LEFT_OUT,
          retry: 1,
          testTimeout: 150_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
