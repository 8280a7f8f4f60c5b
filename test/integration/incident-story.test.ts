/**
 * One wedge of a real worker, captured twice: after seconds because its event loop stands still, later because its poll
 * loop is silent. It is one incident, wherever it is shown; and where the profiler, attached to code that ran optimised
 * already, names another function than the stacks do, every report says which is right.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { IncidentManifest } from '../../src/model/incident.js'
import { renderReportPage } from '../../src/export/page/report-page.js'
import { readIncident } from '../../src/export/read-incident.js'
import { readBundle } from '../../src/incident/bundle-reader.js'
import { fromCpuProfile, type V8Profile } from '../../src/profile/from-cpu-profile.js'
import { hottestFunctions } from '../../src/profile/hottest.js'
import { runCli } from '../support/cli.js'
import { type NodeBinary, NODES } from '../support/nodes.js'
import { runWorker, type WorkerResult } from '../support/run-worker.js'

let dir: string
beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), 'incident-story-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Sealed ones, oldest first. */
function sealed(): string[] {
  return readdirSync(dir)
    .filter((name) => /^[0-9A-Z]{26}$/.test(name))
    .sort()
    .map((name) => path.join(dir, name))
}

const manifestOf = (folder: string): IncidentManifest => readBundle(folder).manifest

/** The oldest and newest line of Node: the rest behaves as one of them. */
const SOME = [...new Set([NODES[0]!, NODES.at(-1)!])]

test.each(SOME)(
  'of one silence there is one incident, and one story of what ran, on Node $major',
  { timeout: 400_000 },
  async (node) => {
    const { code, stderr, starts } = await capturedTwice(node)
    expect(code, stderr).toBe(70)
    expect(starts.find(({ event }) => event === 'watching')?.['dir']).toBe(dir)
    const [first, ...later] = sealed().map(manifestOf)
    expect(first?.stall).toMatchObject({ trigger: 'event-loop', level: 'warn' })
    expect(later.map(({ stall }) => stall?.level)).toContain('stall')
    expect(first?.follows).toBeNull()
    expect(later.map(({ follows }) => follows)).toEqual(later.map(() => first?.id))

    const listed = await runCli(['ls', '--json', '--dir', dir])
    const { groups } = JSON.parse(listed.stdout) as { groups: { times: number; ids: string[] }[] }
    expect(groups).toMatchObject([{ times: 1, ids: [...later.map(({ id }) => id).toReversed(), first?.id] }])
    const rows = (await runCli(['ls', '--dir', dir])).stdout
    expect(rows).toContain(`one silence, ${later.length + 1} captures`)
    const last = sealed().at(-1) ?? ''
    expect((await runCli(['show', last])).stdout).toContain(`Follows ${first?.id ?? ''}`)
    expect(readFileSync(path.join(last, 'report.md'), 'utf8')).toContain(first?.id)

    for (const folder of sealed()) expectOneStory(folder)
  },
)

/** On a busy machine the first capture may last until the end is due, and is the only one then: later, that is. */
async function capturedTwice(node: NodeBinary): Promise<WorkerResult> {
  let result: WorkerResult | undefined
  for (const seconds of ['10', '30', '90']) {
    rmSync(dir, { recursive: true, force: true })
    result = await runWorker({
      node,
      program: 'one-silence.cjs',
      args: [seconds],
      dir,
      env: {
        CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: seconds,
        CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '1.5',
        CONDUCTOR_STALL_PROFILE_SECONDS: '0.5',
      },
    })
    if (sealed().length > 1) break
  }
  return result!
}

/** Compared here once more, from V8's own file. */
function expectOneStory(folder: string): void {
  const incident = readIncident(readBundle(folder))
  const [main] = incident.manifest.verdicts
  if (!incident.manifest.artifacts.some(({ name }) => name === 'cpu.cpuprofile') || main?.kind !== 'computing') return
  expect(main.where?.function).toBe('priceOf')
  const profile = JSON.parse(readFileSync(path.join(folder, 'cpu.cpuprofile'), 'utf8')) as V8Profile
  const hot = hottestFunctions(fromCpuProfile(profile), 3).filter(({ share }) => share >= 0.1)
  const agrees = hot.some((each) => each.function === 'priceOf')
  const says = (text: string): boolean => text.replaceAll(/\s+/g, ' ').includes('the stacks are right')
  // With nothing of the program in the profile there is nothing to disagree with.
  const expected = hot.some(({ file }) => file !== null) && !agrees
  expect(says(readFileSync(path.join(folder, 'report.md'), 'utf8')), JSON.stringify(hot)).toBe(expected)
  expect(says(renderReportPage(incident))).toBe(expected)
}
