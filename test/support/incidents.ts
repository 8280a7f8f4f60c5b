/** Made-up but complete values for tests of bundles and reports. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {
  openBundle,
  type BundleWriter,
  type OpenBundleOptions,
  type SealParts,
} from '../../src/incident/bundle-writer.js'
import type { ProcessIdentity } from '../../src/model/process-identity.js'
import { StallError } from '../../src/model/stall-error.js'
import type { Verdict } from '../../src/model/verdict.js'

export const PROCESS: ProcessIdentity = {
  pid: 4711,
  startTime: '2026-11-25T10:00:00.000Z',
  startTicks: 123_456,
  node: 'v20.20.2',
  v8: '11.3.244.8-node.33',
  arch: 'x64',
  platform: 'linux',
  executable: '/usr/bin/node',
  argv: ['node', '/srv/app/worker.js'],
  cwd: '/srv/app',
  agent: true,
  service: 'invoices',
  version: '1.4.2',
  commit: 'ab12cd34',
  hostname: 'pod-1',
}

export const VERDICT: Verdict = {
  kind: 'computing',
  cause: 'regexp',
  confidence: 'high',
  where: { function: 'validate', file: '/srv/app/rules.js', line: 18, column: 21 },
  chain: [
    {
      function: 'execute',
      file: '/srv/app/worker.js',
      line: 40,
      column: 5,
      tier: 'interpreted',
      async: true,
      native: false,
    },
  ],
  summary: 'validate at rules.js:18 has been inside one regular expression for 61 s.',
  evidence: ['stacks.json#/0'],
  signs: ['12 of 12 samples in validate', 'main thread running'],
  refutedBy: 'samples in other functions',
  nextStep: 'Look at the expression in line 18 of rules.js: it backtracks.',
}

export const SEAL_PARTS: SealParts = {
  process: PROCESS,
  stall: {
    trigger: 'loop-silence',
    level: 'warn',
    clock: 'invoice-poller',
    ageMs: 61_200,
    thresholdMs: 45_000,
    noticedAt: Date.parse('2026-11-25T10:05:00.000Z'),
    clocks: [],
  },
  verdicts: [VERDICT],
  clocks: [
    {
      name: 'invoice-poller',
      kind: 'poll-loop',
      ageMs: 61_200,
      beats: 3411,
      paused: false,
      expectedWaitMs: 0,
      inFlightMs: null,
      lastSuccessMs: 61_300,
      failuresInRow: 0,
      slotsInUse: 1,
      slots: 1,
      oldestTaskMs: 61_250,
      responseTimeoutMs: 600_000,
      usualIntervalMs: 200,
      ended: false,
    },
  ],
  cost: { pausedMs: 0, cpuMs: 90, wallMs: 210, memoryBytes: 0, endedOnAttach: false },
  redacted: { 'key-name': 2 },
}

/** A folder of the test's own; remove it with the returned function. */
export function temporaryFolder(prefix: string): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), `${prefix}-`))
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A writer in `directory`; fails the test when there is none. */
export function bundleIn(directory: string, options: Partial<OpenBundleOptions> = {}): BundleWriter {
  const writer = openBundle({
    directories: [{ path: directory, from: 'the test', shared: false }],
    writer: { pid: process.pid, startTicks: null },
    process: PROCESS,
    stall: SEAL_PARTS.stall,
    ...options,
  })
  if (writer instanceof StallError) throw writer
  return writer
}

/** A sealed bundle with two artifacts and one that is missing; its folder. */
export function sealedBundle(directory: string, options: Partial<OpenBundleOptions> = {}): string {
  const writer = bundleIn(directory, options)
  writer.addArtifact('kernel.json', '{"threads":[]}', { engine: 'procfs', tookMs: 3 })
  writer.addArtifact('stacks.json', '[{"frames":[]}]', { engine: 'memory', tookMs: 40 })
  writer.missing('cpu.cpuprofile', new StallError('ERR_STALL_INSPECTOR_TIMEOUT', 'the main thread never yielded'))
  const outcome = writer.seal(SEAL_PARTS)
  if (outcome.status !== 'sealed') throw outcome.error
  return outcome.path
}
