import { defineConfig } from 'vitest/config'

const lab = ['test/embedded/**/*.test.ts', 'test/crash/**/*.test.ts', 'test/openssh/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...lab, 'test/hosts/**', 'test/conformance/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: lab,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // Each of these runs a whole lab; two cores carry one at a time.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'hosts',
          include: ['test/hosts/**/*.test.ts'],
          testTimeout: 300_000,
          // One set of machines at a time.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // A case is a handful of processes; real nodes need a core for themselves.
          maxConcurrency: process.env['EVHA_NODE_BIN'] ? 2 : 3,
        },
      },
    ],
  },
})
