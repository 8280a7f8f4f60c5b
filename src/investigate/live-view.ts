/**
 * A running look at one process for `watch`: its loop sampled all the time (9 us a sample), its main stack at every
 * moment, its awaits as often as their cost allows, its clocks through the agent where it has one. Everything is
 * optional; what can't be had is said in the moment. Nothing is paused, and nothing is left behind in the target.
 */
import { readAwaits } from '../capture/read-awaits.js'
import { openMemoryTarget, type MemoryTarget } from '../capture/memory-target.js'
import { readStacks } from '../capture/stacks-capturer.js'
import type { AwaitNode } from '../model/await.js'
import type { Frame } from '../model/frame.js'
import type { LiveLoop, LiveMoment, LiveWait } from '../model/live-view.js'
import type { LoopState } from '../model/loop.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { threadState, type ThreadStack } from '../model/thread.js'
import type { Address } from '../model/address.js'
import { mainLoop } from '../native/loop/find-loops.js'
import { readLoop } from '../native/loop/read-loop.js'
import { readPool } from '../native/pool/read-pool.js'
import { connectToAgent, type ControlClient } from '../platform/control/client.js'
import type { ControlStatus } from '../platform/control/protocol.js'
import { readStat } from '../platform/procfs/stat.js'
import { readThread } from '../platform/procfs/threads.js'
import type { Redactor } from '../redact/redactor.js'
import { originOf } from '../source/origin.js'

/** A scan of the heap may take this share of the time. */
const AWAITS_SHARE = 0.2
const AWAITS_AT_MOST_MS = 8000
const STACKS_AT_MOST_MS = 2000
const AGENT_TIMEOUT_MS = 500
/** After an agent did not answer: a stopped process has one, and never answers. */
const AGENT_RETRY_MS = 5000
const SAMPLE_EVERY_MS = 50
/**
 * A running thread whose stack was found in pieces stays in that state for as long as it waits for a CPU, or for as long
 * as it computes in one place: on Node 24 one reading in eight. Another one a moment later is another chance.
 */
const STACK_READINGS = 6
const STACK_AGAIN_MS = 7

export interface LiveView {
  /** Samples the loop for `ms`, then looks. Rejects with ERR_STALL_NO_SUCH_PROCESS when the process is gone. */
  next(ms: number, signal: AbortSignal): Promise<LiveMoment>
  dispose(): void
}

/** @throws StallError only when the process can't be looked at in any way. */
export function openLiveView(target: Target, redactor: Redactor): LiveView {
  return new View(target, redactor)
}

class View implements LiveView {
  readonly #target: Target
  readonly #root: string
  readonly #redactor: Redactor
  readonly #memory: MemoryTarget | null
  readonly #memoryProblem: string | null
  #loop: Address | null = null
  #samples: { readonly atMs: number; readonly loop: LoopState }[] = []
  #waits: { readonly waits: readonly LiveWait[]; readonly atMs: number } | null = null
  #waitsDueMs = 0
  #agent: ControlClient | null = null
  #agentDueMs = 0

  constructor(target: Target, redactor: Redactor) {
    this.#target = target
    this.#root = target.procRoot ?? `/proc/${target.pid}`
    this.#redactor = redactor
    let memory: MemoryTarget | null = null
    let problem: string | null = null
    try {
      memory = openMemoryTarget(target)
    } catch (thrown) {
      const error = toStallError(thrown)
      if (error.code === 'ERR_STALL_NO_SUCH_PROCESS') throw error
      problem = `memory: ${error.message} (${error.code})`
    }
    this.#memory = memory
    this.#memoryProblem = problem
  }

  async next(ms: number, signal: AbortSignal): Promise<LiveMoment> {
    await this.#sampleFor(ms, signal)
    this.#assertSame()
    const notes: string[] = this.#memoryProblem === null ? [] : [this.#memoryProblem]
    const status = await this.#askAgent(notes)
    this.#memory?.refresh()
    const main = await this.#mainStackSeen(notes, signal)
    return {
      at: new Date().toISOString(),
      pid: this.#target.pid,
      loop: this.#loopSince(),
      main,
      pool: this.#pool(),
      ...this.#awaits(notes),
      clocks: status?.clocks ?? null,
      agentState: status?.state ?? null,
      lastIncident: status?.lastIncident ?? null,
      notes,
    }
  }

  dispose(): void {
    this.#agent?.dispose()
    this.#memory?.dispose()
  }

  async #sampleFor(ms: number, signal: AbortSignal): Promise<void> {
    const untilMs = performance.now() + ms
    for (;;) {
      this.#sample()
      const leftMs = untilMs - performance.now()
      if (leftMs <= 0 || signal.aborted) return
      await sleep(Math.min(SAMPLE_EVERY_MS, leftMs), signal)
    }
  }

  #sample(): void {
    const native = this.#memory?.native()
    if (!native) return
    native.memory.flush()
    this.#loop ??= mainLoop(native)
    const loop = this.#loop === null ? null : readLoop(native, this.#loop, native.mainTid)
    if (loop) this.#samples.push({ atMs: performance.now(), loop })
  }

  /** The last sample stays, for the next rate. */
  #loopSince(): LiveLoop | null {
    const samples = this.#samples
    const first = samples[0]
    const last = samples.at(-1)
    if (!first || !last) return null
    this.#samples = [last]
    const seconds = (last.atMs - first.atMs) / 1000
    return {
      lagMs: Math.max(...samples.map(({ loop }) => lagOf(loop))),
      turnsPerSecond: seconds > 0 ? Math.round((last.loop.turns - first.loop.turns) / seconds) : null,
      polling: last.loop.polling,
      activeHandles: last.loop.activeHandles,
      timers: last.loop.timers,
    }
  }

  /** A pid comes back: its start time does not. */
  #assertSame(): void {
    const { startTicks, state } = readStat(this.#root)
    if (
      state === 'Z' ||
      state === 'X' ||
      (this.#target.startTicks !== null && startTicks !== this.#target.startTicks)
    ) {
      throw new StallError('ERR_STALL_NO_SUCH_PROCESS', `process ${this.#target.pid} has ended`)
    }
  }

  /** Reads again what was in pieces. */
  async #mainStackSeen(notes: string[], signal: AbortSignal): Promise<ThreadStack | null> {
    for (let reading = 1; ; reading++) {
      const failures: string[] = []
      const main = this.#mainStack(failures)
      const inPieces = main?.engine === 'memory' && main.state === 'running' && main.frames.length === 0
      if (!inPieces || reading === STACK_READINGS || signal.aborted) {
        notes.push(...failures)
        return main
      }
      await sleep(STACK_AGAIN_MS, signal)
      this.#memory?.refresh()
    }
  }

  #mainStack(notes: string[]): ThreadStack | null {
    const kernel = readThread(this.#root, this.#target.pid, this.#target.pid)
    const fromKernel = kernel && {
      tid: kernel.tid,
      name: kernel.name,
      role: 'main' as const,
      state: threadState(kernel.kernelState),
      engine: 'kernel' as const,
      frames: [],
      syscall: kernel.syscall,
      wchan: kernel.wchan,
    }
    if (!this.#memory) return fromKernel
    try {
      const request = { target: this.#target, deadlineMs: performance.now() + STACKS_AT_MOST_MS }
      const stack = readStacks(this.#memory, request).stacks.find((each) => each.role === 'main')
      return stack ? { ...stack, syscall: fromKernel?.syscall ?? null, wchan: fromKernel?.wchan ?? null } : fromKernel
    } catch (thrown) {
      notes.push(`stack: ${toStallError(thrown).message}`)
      return fromKernel
    }
  }

  #pool(): LiveMoment['pool'] {
    const native = this.#memory?.native()
    const answer = native ? readPool(native) : null
    if (answer === null || 'unknown' in answer) return null
    const { size, idle, queued } = answer.pool
    return { size, idle, queued: queued.length }
  }

  /** Anew when the last scan was long enough ago for its cost. */
  #awaits(notes: string[]): Pick<LiveMoment, 'waits' | 'waitsAgeMs'> {
    const startedMs = performance.now()
    if (this.#memory && startedMs >= this.#waitsDueMs) {
      try {
        const tree = readAwaits(this.#memory, {
          target: this.#target,
          deadlineMs: startedMs + AWAITS_AT_MOST_MS,
          locals: false,
          redactor: this.#redactor,
        })
        this.#waits = { waits: tree.awaits.flatMap((node) => liveWait(node) ?? []), atMs: performance.now() }
      } catch (thrown) {
        notes.push(`awaits: ${toStallError(thrown).message}`)
      }
      this.#waitsDueMs = performance.now() + (performance.now() - startedMs) / AWAITS_SHARE
    }
    if (this.#waits === null) return { waits: null, waitsAgeMs: null }
    return { waits: this.#waits.waits, waitsAgeMs: Math.round(performance.now() - this.#waits.atMs) }
  }

  async #askAgent(notes: string[]): Promise<ControlStatus | null> {
    if (performance.now() < this.#agentDueMs) return null
    try {
      this.#agent ??= await connectToAgent(this.#target.pid, AGENT_TIMEOUT_MS)
      if (this.#agent === null) {
        this.#agentDueMs = performance.now() + AGENT_RETRY_MS
        return null
      }
      return await this.#agent.readStatus(AGENT_TIMEOUT_MS)
    } catch (thrown) {
      this.#agent?.dispose()
      this.#agent = null
      this.#agentDueMs = performance.now() + AGENT_RETRY_MS
      notes.push(`agent: ${toStallError(thrown).message}`)
      return null
    }
  }
}

function lagOf(loop: LoopState): number {
  return Math.round(loop.polling ? Math.max(0, -(loop.nextTimerMs ?? 0)) : (loop.stuckMs ?? 0))
}

/** Null for what awaits another suspended function: that one is listed. */
function liveWait(node: AwaitNode): LiveWait | null {
  if (node.waitsFor?.kind === 'await') return null
  const own: Frame = { ...node, tier: null, async: true, native: false }
  const chain = [own, ...node.awaitedBy]
  const isOutside = (frame: Frame): boolean => originOf(frame.file) === 'user' || originOf(frame.file) === 'dependency'
  const at = chain.find((frame) => originOf(frame.file) === 'user') ?? chain.find(isOutside)
  const root = chain.findLast(isOutside)
  // Node's own waits are nobody's poll loop.
  if (!at || !root) return null
  return { root: place(root), at: place(at), count: node.count, waitsFor: node.waitsFor }
}

function place(frame: Frame): Frame {
  const { function: name, file, line, column, tier, async, native, source } = frame
  return { function: name, file, line, column, tier, async, native, ...(source === undefined ? {} : { source }) }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
