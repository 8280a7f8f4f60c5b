import { defineConfig } from 'vitest/config'

// Integration tests start real processes and wait for them; on two cores more than two files at a time only makes
// the deadlines of each harder to keep.
export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 2,
    // One second, the default, is little for a process or a thread beside others on two cores.
    expect: { poll: { timeout: 15_000 } },
    reporters: ['default', './test/support/second-tries.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000 } },
      {
        extends: true,
        test: {
          name: 'integration',
          globalSetup: ['test/support/install-services.ts'],
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A look at a running process is a sample of it. What needed a second try is named at the end of the run.
          retry: 1,
        },
      },
    ],
  },
})
