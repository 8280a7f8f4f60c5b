/** Small evidence for tests of the rules: a quiet Node process, to which each test adds what it is about. */
import type { AwaitNode, PathPart, WaitsFor } from '../../src/model/await.js'
import type { Evidence, Look } from '../../src/model/evidence.js'
import type { Frame } from '../../src/model/frame.js'
import type { ClockReading } from '../../src/model/heartbeat.js'
import type { KernelState } from '../../src/model/kernel.js'
import type { LoopState } from '../../src/model/loop.js'
import type { SocketState } from '../../src/model/socket.js'
import type { KernelThread, ThreadStack } from '../../src/model/thread.js'

export const WORKER = '/srv/worker/src/worker.js'

export function frame(name: string | null, line: number | null = null, file: string | null = WORKER): Frame {
  return {
    function: name,
    file,
    line,
    column: line === null ? null : 5,
    tier: 'interpreted',
    async: false,
    native: false,
  }
}

export function nativeFrame(name: string): Frame {
  return { function: name, file: null, line: null, column: null, tier: 'native', async: false, native: true }
}

export function loopState(over: Partial<LoopState> = {}): LoopState {
  return {
    polling: false,
    turns: 100,
    stuckMs: null,
    pollingMs: null,
    nextTimerMs: null,
    timers: 0,
    activeHandles: 1,
    activeRequests: 0,
    ...over,
  }
}

export const EPOLL = { name: 'epoll_pwait', number: 281, args: ['fd 13'], fd: 13, target: 'anon_inode:[eventpoll]' }

export function mainStack(over: Partial<ThreadStack> = {}): ThreadStack {
  return { tid: 10, name: 'node', role: 'main', state: 'running', engine: 'memory', frames: [], ...over }
}

export function idleMain(over: Partial<ThreadStack> = {}): ThreadStack {
  return mainStack({ state: 'idle', syscall: EPOLL, loop: loopState({ polling: true }), ...over })
}

export function kernelThread(over: Partial<KernelThread> = {}): KernelThread {
  return {
    tid: 10,
    name: 'node',
    kernelState: 'S',
    wchan: null,
    syscall: null,
    role: 'main',
    ...over,
    counters: {
      userMs: 0,
      systemMs: 0,
      onCpuMs: null,
      runQueueWaitMs: null,
      majorFaults: 0,
      voluntarySwitches: null,
      involuntarySwitches: null,
      ...over.counters,
    },
  }
}

export function kernelLook(over: Partial<KernelState> = {}): KernelState {
  return {
    takenAtMs: 0,
    processState: 'S',
    tracerPid: 0,
    threads: [],
    children: [],
    sockets: [],
    files: [],
    cgroup: null,
    loadAverage: [0, 0, 0],
    residentBytes: 50_000_000,
    swappedBytes: 0,
    majorFaults: 0,
    nameservers: null,
    ...over,
  }
}

export function socket(over: Partial<SocketState> = {}): SocketState {
  return {
    fd: 21,
    family: 'tcp',
    local: '10.0.0.2:50000',
    peer: '10.0.0.5:8080',
    state: 'ESTABLISHED',
    sendQueueBytes: 0,
    receiveQueueBytes: 0,
    retransmits: 0,
    unacknowledged: false,
    lastReceivedMs: null,
    lastSentMs: null,
    lastAcknowledgedMs: null,
    inode: 4711,
    ...over,
  }
}

export function look(over: Partial<Look> = {}): Look {
  return {
    takenAtMs: 0,
    kernel: null,
    threads: null,
    awaits: null,
    pool: null,
    heap: null,
    starvation: null,
    clocks: null,
    debugger: null,
    ...over,
  }
}

export function clock(over: Partial<ClockReading> = {}): ClockReading {
  return {
    name: 'poll:invoice',
    kind: 'poll-loop',
    ageMs: 100,
    beats: 50,
    paused: false,
    expectedWaitMs: 0,
    inFlightMs: null,
    lastSuccessMs: 100,
    failuresInRow: 0,
    slotsInUse: null,
    slots: null,
    oldestTaskMs: null,
    responseTimeoutMs: null,
    usualIntervalMs: 200,
    ended: false,
    ...over,
  }
}

export function awaitNode(
  name: string,
  line: number,
  waitsFor: WaitsFor | null,
  over: Partial<AwaitNode> = {},
): AwaitNode {
  return {
    function: name,
    file: WORKER,
    line,
    column: 3,
    kind: 'async function',
    count: 1,
    awaitedBy: [],
    waitsFor,
    ...over,
  }
}

/** The path `module{variable} > Class.property > Array[0]` in its parts. */
export function pathOf(variable: string, property?: string): PathPart[] {
  const [name = '', slot = ''] = property?.split('.') ?? []
  return [
    { name: 'module', slot: `{${variable}}`, role: 'module' },
    ...(property === undefined ? [] : [{ name, slot: `.${slot}`, role: 'object' as const }]),
    { name: 'Array', slot: '[0]', role: 'collection' },
  ]
}

/** Looks `gapMs` apart, each with its own time and kernel time filled in. */
export function evidence(looks: readonly Partial<Look>[], over: Partial<Evidence> = {}, gapMs = 2_000): Evidence {
  return {
    process: {
      pid: 10,
      startTime: '2026-01-01T00:00:00.000Z',
      startTicks: 1,
      node: 'v20.20.2',
      v8: null,
      arch: 'x64',
      platform: 'linux',
      executable: '/usr/bin/node',
      argv: ['node', 'worker.js'],
      cwd: '/srv/worker',
      agent: false,
      service: null,
      version: null,
      commit: null,
      hostname: 'host',
    },
    stall: null,
    looks: looks.map((each, index) => {
      const takenAtMs = index * gapMs
      const kernel = each.kernel ? { ...each.kernel, takenAtMs } : null
      return look({ ...each, takenAtMs, kernel })
    }),
    samples: null,
    profile: null,
    tasks: null,
    ended: null,
    from: 'outside',
    cost: { pausedMs: 0, cpuMs: 0, wallMs: 0, memoryBytes: 0, endedOnAttach: false },
    missing: [],
    ...over,
  }
}

/** A stall as the watch thread reports it. */
export function silence(ageMs = 60_000): NonNullable<Evidence['stall']> {
  return {
    trigger: 'loop-silence',
    level: 'warn',
    clock: 'poll:invoice',
    ageMs,
    thresholdMs: 45_000,
    noticedAt: 1_767_225_600_000,
    clocks: [clock({ ageMs })],
  }
}
