import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

const lab = ['test/embedded/**/*.test.ts', 'test/crash/**/*.test.ts', 'test/openssh/**/*.test.ts']

/**
 * A limit ends a test that hangs; it is no measure. What takes a second on an idle machine has taken forty beside twenty other processes.
 */
const testTimeout = 300_000
const expectation = { poll: { timeout: 60_000 } }

export default defineConfig({
  test: {
    // Most of a test's time is waiting for a node: three at once keep two cores busy, not more.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...lab, 'test/hosts/**', 'test/conformance/**'],
          testTimeout,
          expect: expectation,
        },
      },
      {
        test: {
          name: 'lab',
          setupFiles: ['test/at-work.ts'],
          include: lab,
          testTimeout,
          expect: expectation,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'hosts',
          setupFiles: ['test/at-work.ts'],
          include: ['test/hosts/**/*.test.ts'],
          testTimeout,
          expect: expectation,
          // One set of machines at a time.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout,
          expect: expectation,
          hookTimeout: 120_000,
          // A case is a handful of processes; real nodes need a core for themselves.
          maxConcurrency: process.env['EVHA_NODE_BIN'] ? 2 : 3,
        },
      },
    ],
  },
})
