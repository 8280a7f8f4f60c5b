/**
 * `stacks`: the JavaScript stack of the main thread and of every worker thread, read from memory. No pause, no code
 * run in the target, no signal. Synchronous: it keeps the deadline itself.
 */
import type { Address } from '../model/address.js'
import type { LoopState } from '../model/loop.js'
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { threadState, type ThreadStack, type ThreadState } from '../model/thread.js'
import type { Work } from '../model/work.js'
import { findLoops, mainLoop } from '../native/loop/find-loops.js'
import { findEnvironment, readEnvironment } from '../native/loop/environment.js'
import { readHandles } from '../native/loop/loop-handles.js'
import { readLoop } from '../native/loop/read-loop.js'
import { workOfStack } from '../awaits/work/work-of-stack.js'
import type { NativeProcess } from '../native/process/native-process.js'
import { tryReadProcText } from '../platform/procfs/read.js'
import { parseStat } from '../platform/procfs/stat.js'
import { readRawSyscall } from '../platform/procfs/syscall.js'
import type { RawSyscall } from '../platform/procfs/syscall.js'
import { syscallName } from '../platform/procfs/syscall-names.js'
import { ownThreadId } from '../platform/procfs/own-thread.js'
import { readMoment } from '../v8/heap/isolates.js'
import type { Isolate } from '../v8/heap/isolates.js'
import { copyStack } from '../platform/memory/stack-window.js'
import type { Frame } from '../model/frame.js'
import type { Redactor } from '../redact/redactor.js'
import type { StackQuery, StackReading } from '../v8/stack/stack-reading.js'
import type { StackReader } from '../v8/stack/thread-stack.js'
import type { Capturer } from './capturer.js'
import type { CaptureOptions } from './session.js'
import { memoryCapability, unmatchedNote } from './memory-target.js'
import type { IsolateOfThread } from './match-threads.js'
import { readThread } from './read-thread.js'
import type { MemoryTarget } from './memory-target.js'
import type { NativeStacks } from './native-stacks.js'
import { whileStopped } from './stopped-target.js'

export const stacksCapturer: Capturer<readonly ThreadStack[]> = {
  name: 'stacks',
  supports: (target: Target) => memoryCapability(target),
  capture(session, budget) {
    const { target, options } = session
    const { stacks, pausedMs } = readStacks(session.memory(), { ...options, target, deadlineMs: budget.deadlineMs })
    budget.notePause(pausedMs)
    return stacks
  },
}

export interface StacksRead {
  readonly stacks: readonly ThreadStack[]
  /** How long the target was stopped for it; 0 unless that was asked for and needed. */
  readonly pausedMs: number
}

/** Values of variables need a redactor: they leave this file redacted, or not at all. */
export interface StacksRequest extends Partial<CaptureOptions> {
  readonly target: Target
  readonly deadlineMs: number
}

/** The stacks of all threads that run an isolate, the main thread first. Threads past the deadline are left out. */
export function readStacks(target: MemoryTarget, request: StacksRequest): StacksRead {
  const reader = target.stackReader()
  const redactor = request.locals === true ? request.redactor : undefined
  const { matched, unmatched } = target.isolates()
  if (matched.length === 0) throw noIsolates(target, unmatched)
  const ours = agentThreads(request.target)
  const loops = readLoops(target, matched)
  const stacks: ThreadStack[] = []
  let pausedMs = 0
  const side = target.nativeStacks()
  for (const thread of matched) {
    if (ours.has(thread.tid)) continue
    if (stacks.length > 0 && performance.now() > request.deadlineMs) break
    const read = threadStack(target, reader, thread, loops.get(thread.tid), request)
    const seen = { ...read.stack, ...side?.callee(read.look) }
    const stack =
      redactor === undefined ? seen : { ...seen, frames: seen.frames.map((frame) => redacted(frame, redactor)) }
    stacks.push(
      request.native === true
        ? withNative(side, stack, thread.isolate.address, { ...read.look, frames: stack.frames })
        : stack,
    )
    pausedMs += read.pausedMs
  }
  const known = new Set([...ours, ...stacks.map((stack) => stack.tid)])
  if (side !== null && performance.now() < request.deadlineMs) stacks.push(...side.otherThreads(known))
  const [first, ...rest] = stacks
  if (unmatched === 0 || !first) return { stacks, pausedMs }
  const note = unmatchedNote(target, unmatched)
  return { stacks: [{ ...first, note: first.note === undefined ? note : `${first.note}; ${note}` }, ...rest], pausedMs }
}

function redacted(frame: Frame, redactor: Redactor): Frame {
  if (frame.locals === undefined) return frame
  return { ...frame, locals: frame.locals.map(({ name, value }) => ({ name, value: redactor.named(name, value) })) }
}

function noIsolates(target: MemoryTarget, unmatched: number): StallError {
  return unmatched > 0
    ? new StallError('ERR_STALL_CAPTURE_FAILED', `${unmatched} isolates, none of which could be given a thread`)
    : new StallError('ERR_STALL_MEMORY_UNREADABLE', `${target.root} has no isolate (yet, or any more)`, {
        help: 'a process that starts or ends has none: look again',
      })
}

/** The agent's own threads: they are no evidence. */
function agentThreads(target: Target): ReadonlySet<number> {
  const own = target.inside ? ownThreadId() : null
  return new Set([...(target.agentTids ?? []), ...(own === null ? [] : [own])])
}

function withNative(side: NativeStacks | null, stack: ThreadStack, isolate: Address, look: StackReading): ThreadStack {
  const answer = side?.withNative(stack.tid, isolate, look) ?? { why: "the binary's symbols can't be used" }
  if ('frames' in answer) return { ...stack, frames: answer.frames, withNative: true }
  const note = `without C++ frames: ${answer.why}`
  return { ...stack, note: stack.note === undefined ? note : `${stack.note}; ${note}` }
}

function threadStack(
  target: MemoryTarget,
  reader: StackReader,
  { tid, isolate }: IsolateOfThread,
  loop: LoopState | undefined,
  request: StacksRequest,
): { readonly stack: ThreadStack; readonly look: StackReading; readonly pausedMs: number } {
  const { redactor } = request
  let work: Work | null = null
  const query: StackQuery = {
    variables: redactor !== undefined && request.locals === true,
    // Task ids, class names and keys are the application's: redacted, or not read at all.
    ...(redactor === undefined
      ? {}
      : {
          onWalk: (window, frames) => {
            const walk = { isolate: isolate.address, window, frames }
            const found = workOfStack(target.heap, reader.functions, walk, request.locals === true)
            work = redactor.value(found) as Work | null
          },
        }),
  }
  let look = readThread(reader, target.root, { tid, isolate }, query)
  let pausedMs = 0
  // A thread that sleeps, or is below JavaScript in C++, is exact without a stop.
  if (request.stop === true && !request.target.inside && (look.kind === 'probable' || look.kind === 'torn')) {
    const stopped = readStopped(target, reader, request.target.pid, { tid, isolate }, query)
    look = stopped.look ?? look
    pausedMs = stopped.pausedMs
  }
  const raw = readRawSyscall(target.root, tid)
  const stack: ThreadStack = {
    tid,
    name: '',
    role: tid === target.mainTid ? 'main' : 'worker',
    state: stateOf(target.root, tid, look, raw, loop),
    engine: 'memory',
    frames: look.frames,
    ...(loop ? { loop } : {}),
    ...(look.vmState === null ? {} : { vmState: look.vmState }),
    ...(look.note === null ? {} : { note: look.note }),
    ...(work === null ? {} : { work }),
  }
  return { stack, look, pausedMs }
}

/** Objects that the copied stack points at can move once the target goes on: then it is copied again. */
const STOPS = 3

function readStopped(
  target: MemoryTarget,
  reader: StackReader,
  pid: number,
  { tid, isolate }: IsolateOfThread,
  query: StackQuery,
): { readonly look: StackReading | null; readonly pausedMs: number } {
  let pausedMs = 0
  for (let attempt = 0; attempt < STOPS; attempt++) {
    reader.flush()
    // Mappings are read before, so that nothing but the copy itself happens during the stop.
    target.memory.mappings()
    const stopped = whileStopped(pid, tid, (registers) => ({
      registers,
      moment: readMoment(target.heap, isolate.address),
      window: registers.kind === 'blocked' ? copyStack(target.memory, registers.sp) : null,
    }))
    if (stopped === null) break
    pausedMs += stopped.pausedMs
    const { moment, window, registers } = stopped.value
    const look = moment && window ? reader.readCopy(window, moment, registers, query) : null
    if (look) return { look, pausedMs }
  }
  return { look: null, pausedMs }
}

function stateOf(
  root: string,
  tid: number,
  look: StackReading,
  raw: RawSyscall | null,
  loop: LoopState | undefined,
): ThreadState {
  const text = tryReadProcText(`${root}/task/${tid}/stat`, 4096)
  const state = threadState(text === null ? '' : parseStat(text).state)
  if (state !== 'sleeping' || look.kind !== 'none') return state
  const inPoll = raw?.kind === 'blocked' && syscallName(raw.number).startsWith('epoll_')
  return loop?.polling === true || inPoll ? 'idle' : 'sleeping'
}

/** Most handles of a loop that a look reads: what keeps a process alive is told by a few. */
const MAX_HANDLES = 256

/** By tid. Workers' loops lie on their own stacks: they are searched only when there are workers. */
function readLoops(target: MemoryTarget, threads: readonly IsolateOfThread[]): ReadonlyMap<number, LoopState> {
  const states = new Map<number, LoopState>()
  const native = target.native()
  if (!native) return states
  const main = threads.length > 1 ? null : mainLoop(native)
  const addresses =
    threads.length > 1 ? findLoops(native) : new Map(main === null ? [] : [[target.mainTid, main] as const])
  for (const [tid, address] of addresses) {
    const state = readLoop(native, address, tid)
    const isolate = threads.find((thread) => thread.tid === tid)?.isolate
    if (state) states.set(tid, tid === target.mainTid ? { ...state, ...insideOf(native, address, isolate) } : state)
  }
  return states
}

/** What the main loop waits on, and how many things its JavaScript has begun. */
function insideOf(native: NativeProcess, loop: Address, isolate: Isolate | undefined): Partial<LoopState> {
  const environment = isolate === undefined ? null : findEnvironment(native, loop, isolate.address)
  return {
    handles: readHandles(native, loop, MAX_HANDLES)
      .filter((handle) => handle.active && handle.wrapper !== null)
      .map(({ address: _address, wrapperAddress: _wrapper, ...handle }) => handle),
    ...(environment === null ? {} : { asyncIds: readEnvironment(native, environment).asyncIds }),
  }
}
