import { defineConfig } from 'vitest/config'

const lab = ['test/embedded/**/*.test.ts', 'test/crash/**/*.test.ts', 'test/openssh/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...lab, 'test/hosts/**'],
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
    ],
  },
})
