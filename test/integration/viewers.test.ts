/**
 * Every format that `record` and `export` write, opened by its own tool: Mozilla's profiler, the DevTools model that is
 * inside of Chromium, speedscope's own release, pprof. What they show is what was recorded.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasChromium, withPage, type Page } from '../support/chromium.js'
import { runCli } from '../support/cli.js'
import { type Ask, withFirefoxProfiler } from '../support/firefox-profiler.js'
import { PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

const BUNDLES = path.join(PROJECT_ROOT, 'test/fixtures/bundles/schema-1')
const COMPUTING = path.join(BUNDLES, '01M8JH55NN062BZW8EHF3NTXWM')
const CHARGE = path.join(BUNDLES, '01M8JH5KFWYRCX7VMKB7VC45SP')
const SPEEDSCOPE = path.join(PROJECT_ROOT, 'node_modules/speedscope/dist/release/index.html')

let folder: string
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'viewers-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let made = 0
async function exported(bundle: string, format: string, ...more: string[]): Promise<string> {
  const file = path.join(folder, `${++made}.${format}`)
  const { code, stderr } = await runCli(['export', bundle, '-f', format, '-o', file, ...more])
  expect(code, stderr).toBe(0)
  return file
}

interface Track {
  readonly name: string
  readonly threadHandle: string
}

async function tracksOf(ask: Ask): Promise<Track[]> {
  const { processes } = (await ask('profile', 'info', '--all')) as { processes: { threads: Track[] }[] }
  return processes.flatMap(({ threads }) => threads)
}

/** `Beat: invoice-poller beat ...`, by time. */
async function marksOf(ask: Ask, track: Track): Promise<string[]> {
  const asked = await ask('thread', 'markers', '--list', '--thread', track.threadHandle)
  const { flatMarkers = [] } = asked as { flatMarkers?: { name: string; label: string }[] }
  return flatMarkers.map(({ name, label }) => `${name}: ${label}`)
}

async function hottest(ask: Ask, track: Track): Promise<[name: string, percent: number][]> {
  const asked = await ask('thread', 'samples', '--include-idle', '--thread', track.threadHandle)
  const { topFunctionsBySelf } = asked as { topFunctionsBySelf: { name: string; selfPercentage: number }[] }
  return topFunctionsBySelf.map(({ name, selfPercentage }) => [name, Math.round(selfPercentage)])
}

describe('the Firefox profiler', () => {
  test('shows an incident that computes: threads, both profiles, clocks, looks', async () => {
    await withFirefoxProfiler(await exported(COMPUTING, 'firefox'), async (ask) => {
      const tracks = await tracksOf(ask)
      const named = (name: string): Track => tracks.find((track) => track.name === name)!
      expect(tracks.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'main thread',
          'CPU profile by V8',
          'clock invoice-poller',
          'clock event-loop',
          'capture',
        ]),
      )
      // The late-attached profiler names the caller; both are there, and the notes say which is right.
      expect((await hottest(ask, named('main thread')))[0]?.[0]).toBe('priceOf')
      expect(await hottest(ask, named('CPU profile by V8'))).toEqual(expect.arrayContaining([['computing', 100]]))
      expect(JSON.stringify(await ask('profile', 'meta'))).toContain('the stacks are right')
      expect(await marksOf(ask, named('clock invoice-poller'))).toEqual([
        'Beat: invoice-poller beat (3 beats so far)',
        expect.stringMatching(/^Silence: invoice-poller silent for \d/),
      ])
      expect(await marksOf(ask, named('capture'))).toEqual(
        expect.arrayContaining(['Look: look 1', 'Look: look 2', 'Capture: stack samples: 5 samples']),
      )
    })
  })

  test('shows an incident that waits: the wait, its place, for how long', async () => {
    await withFirefoxProfiler(await exported(CHARGE, 'firefox'), async (ask) => {
      const [main] = await tracksOf(ask)
      const waits = (await marksOf(ask, main!)).filter((mark) => mark.startsWith('Long wait: '))
      expect(waits[0]).toMatch(/^Long wait: chargeCard \(wedges\.js:24:18\) waits for POST http.* silent for 4\.4 s/)
      expect(await hottest(ask, main!)).toEqual([['(idle)', 100]])
    })
  })

  test('shows a recording: worker threads as tracks, the beats of the clocks, how long a thread was idle', async () => {
    const home = path.join(folder, 'home')
    mkdirSync(path.join(home, 'node_modules'), { recursive: true })
    const program = path.join(PROGRAMS, 'timeline-worker.cjs')
    const child = spawn(process.execPath, ['--require', path.join(PROJECT_ROOT, 'dist/index.js'), program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], HOME: home, CONDUCTOR_STALL_DIR: path.join(home, 'bundles') },
    })
    try {
      await once(child.stdout, 'data')
      const file = path.join(folder, 'recorded.firefox.json')
      const { code, stderr } = await runCli(['record', String(child.pid), '-d', '4', '-f', 'firefox', '-o', file])
      expect(code, stderr).toBe(0)
      await withFirefoxProfiler(file, async (ask) => {
        const tracks = await tracksOf(ask)
        const main = tracks.find(({ name }) => name === 'main thread')!
        const clock = tracks.find(({ name }) => name === 'clock slow-poller')!
        // The agent's own threads are workers too.
        const workers = tracks.filter(({ name }) => name.startsWith('worker thread '))
        const busiest = await Promise.all(workers.map(async (each) => (await hottest(ask, each))[0]?.[0] ?? ''))
        expect(busiest.some((name) => name.startsWith('burn'))).toBe(true)
        expect((await hottest(ask, main))[0]?.[0]).toBe('(idle)')
        expect(await marksOf(ask, main)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^Long wait: idle for /)]),
        )
        const marks = await marksOf(ask, clock)
        expect(marks).toEqual(
          expect.arrayContaining([expect.stringMatching(/^Beat: slow-poller beat \(\d+ beats? so far\)/)]),
        )
        expect(
          marks.filter((mark) => /^Beat: slow-poller beat .*since the one before/.test(mark)).length,
        ).toBeGreaterThan(0)
      })
    } finally {
      child.kill('SIGKILL')
    }
  })
})

describe.skipIf(!hasChromium())('in Chromium', () => {
  test('DevTools’ own model reads a cpuprofile: functions, time, and which lines ran', async () => {
    const stacks = JSON.parse(readFileSync(await exported(COMPUTING, 'cpuprofile'), 'utf8')) as object
    const v8 = JSON.parse(readFileSync(await exported(COMPUTING, 'cpuprofile', '--of', 'profile'), 'utf8')) as object
    await withPage(SPEEDSCOPE, async ({ client, evaluate, port }) => {
      const loaded = client.Page.loadEventFired()
      await client.Page.navigate({ url: `http://127.0.0.1:${port}/json/version` })
      await loaded
      const read = (profile: object): Promise<unknown> =>
        evaluate(`import('/devtools/models/cpu_profile/cpu_profile.js').then(({ CPUProfileDataModel }) => {
          const model = new CPUProfileDataModel.CPUProfileDataModel(${JSON.stringify(profile)})
          const seen = []
          const walk = (node) => {
            seen.push([node.functionName, node.url, node.lineNumber, node.self, node.positionTicks])
            for (const child of node.children) walk(child)
          }
          walk(model.profileHead)
          return { seen, lengthMs: model.profileEndTime - model.profileStartTime, samples: model.samples.length }
        })`)
      const model = (await read(stacks)) as { seen: [string, string, number, number, unknown][]; samples: number }
      expect(model.seen.map(([name]) => name)).toEqual(['(root)', 'poll', 'execute', 'computing', 'priceOf'])
      const [name, url, line, self, ticks] = model.seen.at(-1)!
      expect([name, url, line, ticks]).toEqual(['priceOf', 'file:///srv/app/wedges.js', 9, [{ line: 10, ticks: 5 }]])
      expect(self).toBeGreaterThan(0)
      const own = (await read(v8)) as typeof model
      expect(own.seen.map(([each]) => each)).toContain('computing')
    })
  })

  test('speedscope’s own release imports cpuprofile, its own format, collapsed stacks and pprof', async () => {
    const page = readFileSync(await exported(COMPUTING, 'speedscope'), 'utf8')
    const own = /<script id="profile" type="text\/plain">([^<]+)</.exec(page)?.[1] ?? ''
    // Its own format has a name inside, which is what the window is called then.
    const files: [name: string, base64: string][] = [['/usr/bin/node', own]]
    for (const format of ['cpuprofile', 'collapsed', 'pprof']) {
      const bytes = readFileSync(await exported(COMPUTING, format))
      files.push([`incident.${format === 'pprof' ? 'pb.gz' : format}`, bytes.toString('base64')])
    }
    // It offers to load a file once it was told of a local one.
    await withPage(`${SPEEDSCOPE}#view=sandwich&localProfilePath=none`, async ({ evaluate }) => {
      for (const [name, base64] of files) {
        await evaluate(`window.speedscope.loadFileFromBase64(${JSON.stringify(name)}, ${JSON.stringify(base64)})`)
        const table = await tableOf({ evaluate }, name)
        // The first row of the table is the one with the most time of its own.
        expect(table.split('Symbol Name')[1]?.trim(), name).toMatch(/^\S+ \(100%\)\s+\S+ \(100%\)\s+priceOf/)
        for (const call of CALLS) expect(table, name).toContain(call)
      }
    })
  })
})

const CALLS = ['priceOf', 'computing', 'execute', 'poll']

async function tableOf({ evaluate }: Pick<Page, 'evaluate'>, name: string): Promise<string> {
  for (const deadline = Date.now() + 60_000; ;) {
    const text = String(
      await evaluate('document.title.startsWith(' + JSON.stringify(name) + ') ? document.body.innerText : ""'),
    )
    // Rows come a moment after the head.
    if (CALLS.every((call) => text.includes(call)) || Date.now() > deadline) return text
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('pprof’s own decoder reads what an incident exports, its V8 profile too', async () => {
  for (const [of, hot] of [
    ['stacks', 'priceOf'],
    ['profile', 'computing'],
  ] as const) {
    const {
      function: functions,
      sample,
      stringTable,
    } = Profile.decode(gunzipSync(readFileSync(await exported(COMPUTING, 'pprof', '--of', of))))
    const names = functions.map((each) => stringTable.strings[Number(each.name)])
    expect(names).toContain(hot)
    expect(sample.length).toBeGreaterThan(4)
  }
})

test('an incident that only waits has no profile, and says what there is', async () => {
  const { code, stderr, stdout } = await runCli(['export', CHARGE, '-f', 'pprof', '-o', '-'])
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('ERR_STALL_NOTHING_RUNNING')
  expect(stderr).toContain('-f firefox')
})

test('what is whole of a damaged bundle is exported', async () => {
  const damaged = path.join(folder, path.basename(COMPUTING))
  cpSync(COMPUTING, damaged, { recursive: true })
  rmSync(path.join(damaged, 'evidence.json'))
  const file = await exported(damaged, 'collapsed')
  expect(readFileSync(file, 'utf8')).toContain('computing@/srv/app/wedges.js')
})
