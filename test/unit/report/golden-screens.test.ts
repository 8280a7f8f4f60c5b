/** What people see of `dump`, `dump -v`, `ps`, `watch` and `doctor`, whole, at 80 and at 120 columns. */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/diagnose/diagnose.js'
import { overviewOf } from '../../../src/diagnose/overview.js'
import { joinEvidence } from '../../../src/evidence/join.js'
import type { AwaitNode, AwaitTree } from '../../../src/model/await.js'
import type { Evidence, Look } from '../../../src/model/evidence.js'
import type { KernelState } from '../../../src/model/kernel.js'
import type { LiveMoment } from '../../../src/model/live-view.js'
import type { ProcessList } from '../../../src/model/process-list.js'
import { renderChecks } from '../../../src/report/checks-text.js'
import { renderDump, renderHeader } from '../../../src/report/dump-text.js'
import { renderScreen } from '../../../src/report/live-text.js'
import { renderProcesses } from '../../../src/report/process-list.js'
import { painter } from '../../../src/report/terminal.js'
import {
  awaitNode,
  clock,
  evidence,
  frame,
  idleMain,
  kernelLook,
  kernelThread,
  loopState,
  mainStack,
  socket,
} from '../../support/evidence.js'
import { expectGolden, goldenNames } from '../../support/golden.js'

const captured = <E>(value: E) => ({ status: 'captured' as const, evidence: value, tookMs: 1, pausedMs: 0 })

interface Scene {
  readonly awaits?: Partial<AwaitTree>
  readonly kernel?: Partial<KernelState>
  readonly threads?: (look: number) => Look['threads']
  readonly cpuMs?: number
}

function scene({ awaits = {}, kernel = {}, threads, cpuMs = 4 }: Scene): Evidence {
  const tree: AwaitTree = {
    engine: 'memory',
    awaits: [],
    roots: [],
    suspended: awaits.awaits?.length ?? 0,
    pausedMs: 0,
    notes: [],
    ...awaits,
  }
  const round = (index: number) => {
    const counters = { ...kernelThread().counters, onCpuMs: index * cpuMs }
    const look = kernelLook({ threads: [kernelThread({ counters })], takenAtMs: index * 500, ...kernel })
    return {
      takenAtMs: index * 500,
      kernel: captured(look),
      stacks: captured(threads?.(index) ?? [idleMain()]),
      awaits: captured(tree),
      clocks: null,
    }
  }
  return joinEvidence({
    process: evidence([{}]).process,
    stall: null,
    from: 'outside',
    looks: [round(0), round(1)],
    cost: { cpuMs: 412, wallMs: 903 },
    missing: [{ what: 'cpu-profile', why: 'ERR_STALL_NOT_ENABLED', message: 'not asked for: --profile SECONDS' }],
  })
}

const poll = [frame('execute', 30), frame('pollForever', 44)].map((each) => ({ ...each, async: true }))

function stuck(): AwaitNode[] {
  const url = 'http://10.0.0.5:8080/charges/7a1c0f3e-1f0e-4a6b-9d49-0b4f0d6f1c11'
  const request = {
    kind: 'http-request' as const,
    summary: `POST ${url}, sent, no answer`,
    method: 'POST',
    url,
    fd: 21,
  }
  return [
    awaitNode('chargeCard', 18, { ...request, sinceMs: 94_300, sent: true }, { awaitedBy: poll }),
    awaitNode('refresh', 71, {
      kind: 'timer',
      summary: 'timer of 30 s, due in 12 s',
      sinceMs: 18_000,
      dueInMs: 12_000,
    }),
  ]
}

const LISTEN = socket({ fd: 18, local: '0.0.0.0:3000', peer: null, state: 'LISTEN' })
const CLIENT = socket({ fd: 22, local: '10.0.0.2:3000', peer: '10.0.0.9:51234', lastReceivedMs: 21_400 })

const SCENES: Readonly<Record<string, () => Evidence>> = {
  stuck: () => scene({ awaits: { awaits: stuck() }, kernel: { sockets: [socket({ lastReceivedMs: 94_300 })] } }),
  idle: () =>
    scene({
      awaits: {
        requests: [{ method: 'GET', path: '/reports/monthly', begun: false, fd: 22 }],
        timers: [
          {
            repeats: true,
            afterMs: 60_000,
            dueInMs: 12_000,
            count: 1,
            referenced: true,
            callback: { function: 'sweep', file: '/srv/worker/src/cache.js', line: 32, column: 5 },
          },
        ],
      },
      kernel: { sockets: [LISTEN, CLIENT] },
      threads: () => [
        idleMain({
          loop: loopState({
            polling: true,
            handles: [
              { type: 'tcp', wrapper: 'TCPWrap', active: true, referenced: true, fd: 18 },
              { type: 'tcp', wrapper: 'TCPWrap', active: true, referenced: true, fd: 22 },
            ],
          }),
        }),
      ],
    }),
  burning: () =>
    scene({
      cpuMs: 480,
      threads: (look) => [
        mainStack({
          frames: [frame('sumUp', 8), frame('makeReport', 21), frame('listOnTimeout', 581, 'node:internal/timers')],
          loop: loopState({ turns: 100 + look * 40 }),
        }),
        mainStack({ tid: 14, name: 'worker', role: 'worker', state: 'idle', loop: loopState({ polling: true }) }),
      ],
    }),
}

const SOURCE = [
  { line: 17, text: 'async function chargeCard(order) {', here: false },
  {
    line: 18,
    text: "  const answer = await fetch(`${process.env.BANK}/charges/${order.id}`, { method: 'POST', body: JSON.stringify(order) })",
    here: true,
  },
  { line: 19, text: '  return answer.json()', here: false },
]

function dump(of: Evidence, width: number, verbose: boolean): string {
  const options = { width, verbose, overview: overviewOf(of), sourceOf: () => SOURCE }
  return renderHeader(of.process, { width }) + renderDump(of, diagnose(of), options)
}

function watched(columns: number): string {
  const at = { ...frame('chargeCard', 18), async: true }
  const moment: LiveMoment = {
    at: '2026-01-02T03:04:05.678Z',
    pid: 10,
    loop: { lagMs: 2, turnsPerSecond: 43, polling: true, activeHandles: 3, timers: 1 },
    main: idleMain(),
    pool: { size: 4, idle: 1, queued: 2 },
    waits: [
      { root: { ...frame('pollForever', 44), async: true }, at, count: 3, waitsFor: stuck()[0]?.waitsFor ?? null },
    ],
    waitsAgeMs: 2_300,
    clocks: [clock({ name: 'invoices', ageMs: 61_200, beats: 3_411, inFlightMs: 61_000, slots: 10, slotsInUse: 10 })],
    agentState: 'watching',
    lastIncident: null,
    notes: [],
  }
  const title = '10  v20.20.2  node worker.js'
  const lines = renderScreen(moment, { paint: painter(false), columns, rows: 40, cwd: '/srv/worker', title })
  return lines.map((line) => `${line}\n`).join('')
}

const PROCESSES: ProcessList = {
  processes: [
    {
      pid: 4711,
      parentPid: 1,
      node: 'v20.20.2',
      agent: true,
      state: 'idle',
      wchan: 'do_epoll_wait',
      loop: loopState({ polling: true }),
      command: ['node', '--require', 'conductor-stall-agent', 'worker.js', '--token', '[redacted:key-name]'],
      singleExecutable: false,
    },
    {
      pid: 4790,
      parentPid: 1,
      node: 'v22.23.3',
      agent: false,
      state: 'running',
      wchan: null,
      loop: loopState({ stuckMs: 61_200 }),
      command: [
        'node',
        '/srv/shop/node_modules/.bin/very-long-name-of-a-service',
        '--config',
        '/etc/shop/production.json',
        '--verbose',
      ],
      singleExecutable: false,
    },
    {
      pid: 4800,
      parentPid: 1,
      node: 'v24.21.0',
      agent: false,
      state: 'idle',
      wchan: 'do_epoll_wait',
      loop: null,
      command: ['npm', 'start'],
      singleExecutable: false,
      startedPid: 4810,
    },
  ],
  hidden: 2,
  wayPast: 'run it with sudo; in a container it needs CAP_SYS_PTRACE',
}

const CHECKS = [
  { subject: 'platform', verdict: 'ok' as const, text: 'linux x64, Node v20.20.2' },
  {
    subject: 'ptrace scope',
    verdict: 'warn' as const,
    text: 'only own children may be read (ptrace_scope 1, the default of Ubuntu)',
    advice:
      'sudo conductor-diag ..., or sudo sysctl kernel.yama.ptrace_scope=0, or start the worker with conductor-diag run; in a container: --cap-add SYS_PTRACE',
  },
  { subject: 'capabilities', verdict: 'no' as const, text: 'user 1000: processes of the same user' },
]

const screens = new Map<string, string>()
for (const columns of [80, 120]) {
  for (const [name, make] of Object.entries(SCENES)) {
    screens.set(`dump-${name}-${columns}`, dump(make(), columns, false))
    screens.set(`dump-verbose-${name}-${columns}`, dump(make(), columns, true))
  }
  screens.set(`watch-${columns}`, watched(columns))
  screens.set(`ps-${columns}`, renderProcesses(PROCESSES, columns))
  screens.set(`doctor-${columns}`, renderChecks(CHECKS, columns))
}

describe('the screen', () => {
  test.each([...screens])('%s is as its file has it', (name, text) => {
    expectGolden(name, text)
  })

  test.each([...screens])('%s fits its columns but for words that are longer', (name, text) => {
    const columns = Number(/\d+$/.exec(name)?.[0])
    const wide = text.split('\n').filter((line) => line.length > columns && line.trim().split(/ +/).length > 2)
    expect(wide).toEqual([])
  })

  test('has no file that nothing shows any more', () => {
    const files = ['dump-', 'watch-', 'ps-', 'doctor-'].flatMap((prefix) => goldenNames(prefix))
    expect(files.toSorted()).toEqual([...screens.keys()].toSorted())
  })
})
