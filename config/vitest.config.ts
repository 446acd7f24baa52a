import { defineConfig } from 'vitest/config'

/**
 * Suites that run real engines: they start one for each file, and use both cores by themselves. An engine on a busy
 * machine may be late once; a step that fails twice is ours.
 */
const REAL = ['test/client/**/*.test.ts', 'test/**/*.real.test.ts']

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: REAL,
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: REAL,
          retry: 1,
          testTimeout: 150_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
