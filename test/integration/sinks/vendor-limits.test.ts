/** Servers that are asked too often: each in its vendor's own words, waited for as long as it says, and nothing twice. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { PROJECT_ROOT } from '../../support/nodes.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { type RunningVendor, startVendor, VENDOR_NAMES } from '../../support/sinks/vendors/index.js'

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let running: RunningVendor | null = null
beforeEach(() => {
  folder = temporaryFolder('vendor-limits')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  await running?.server.close()
  running = null
  folder.remove()
})

function stateOf(): { status: string; nextAttemptAt: string; error: { message: string } } {
  const states = path.join(bundles, 'outbox/states')
  const [name, ...more] = readdirSync(states)
  expect(more).toEqual([])
  return JSON.parse(readFileSync(path.join(states, name ?? ''), 'utf8')) as ReturnType<typeof stateOf>
}

/** Half an hour and a little later. */
const LATER = {
  NODE_OPTIONS: `--require ${path.join(PROJECT_ROOT, 'test/fixtures/probes/clock-shift.cjs')}`,
  CLOCK_SHIFT_MS: String(1_900_000),
}

// Request Tracker and Redmine document no limit of that kind.
const LIMITED = VENDOR_NAMES.filter((name) => name !== 'rt' && name !== 'redmine')

test.each(LIMITED)(
  '%s: a limit of its rate is waited for as long as it says, and nothing is told twice',
  async (sink) => {
    running = await startVendor(sink)
    const { vendor, server } = running
    const limit = vendor.limited
    if (limit === null) throw new Error(`${sink} has no limit`)
    const settings = { CONDUCTOR_STALL_DIR: bundles, CONDUCTOR_STALL_SINK_TO: sink, ...running.settings }
    // The first thing that would be changed: a search may be answered yet.
    const changes = ({ method }: { method: string }): boolean => method !== 'GET'
    const always = Array.from({ length: 20 }, (_, at) => at + 1)
    server.faults = always.map((nth) => ({ nth, match: changes, when: 'before' as const, act: () => limit.reply() }))
    const before = Date.now()
    const limited = await diag(['attach', stallBundle(bundles), '--to', sink], settings)
    expect(limited.code, limited.stderr).toBe(69)
    const state = stateOf()
    expect(state).toMatchObject({ status: 'waiting', error: { message: expect.stringMatching(/answered 4(?:03|29)/) } })
    if (limit.waitSeconds !== null) {
      const waitMs = Date.parse(state.nextAttemptAt) - before
      // A time in whole seconds, and the moments of the command.
      expect(waitMs).toBeGreaterThanOrEqual(limit.waitSeconds * 1000 - 2000)
      expect(waitMs).toBeLessThan(limit.waitSeconds * 1000 + 120_000)
      // Where the wait is told, nobody is asked before it is over.
      server.faults = []
      const asked = server.received.length
      expect(await diag(['ship'], settings)).toMatchObject({ code: 69 })
      expect(server.received.length).toBe(asked)
    }
    server.faults = []
    const done = await diag(['ship'], { ...settings, ...LATER })
    expect(done.code, done.stderr).toBe(0)
    expect(vendor.tickets).toHaveLength(1)
    const names = vendor.files.map(({ name }) => name)
    expect(names.length).toBe(new Set(names).size)
  },
  300_000,
)
