/**
 * A target's memory, opened for the engines: reader, layout, heap, and on demand its native side. The capturers of
 * stacks, awaits, pool and heap all start here.
 */
import { closeSync, openSync } from 'node:fs'
import { mainThreadId } from '../platform/procfs/threads.js'
import { openLiveMemory } from '../platform/memory/live-memory.js'
import type { MemoryReader } from '../platform/memory/memory-reader.js'
import { type NodeBinary, openNodeBinary } from '../platform/runtime/node-binary.js'
import { plural } from '../model/amounts.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { openNativeProcess } from '../native/process/native-process.js'
import type { NativeProcess } from '../native/process/native-process.js'
import { isolatesByThread } from '../native/thread/thread-isolate.js'
import { V8Heap } from '../v8/heap/heap.js'
import { findIsolates } from '../v8/heap/isolates.js'
import type { Isolate } from '../v8/heap/isolates.js'
import { defaultCacheFolder } from '../v8/layouts/cache.js'
import { layoutUnknown } from '../v8/layouts/binary.js'
import { calibrateLayout, resolveLayout } from '../v8/calibration/resolve.js'
import type { ResolvedLayout } from '../v8/calibration/resolve.js'
import { StackReader } from '../v8/stack/thread-stack.js'
import type { Capability } from './capability.js'
import { type IsolateOfThread, type MatchedThreads, matchThreads } from './match-threads.js'
import { NativeStacks } from './native-stacks.js'

/** Inside the worker the cache counts in the pod. */
const CACHE_INSIDE = 2 << 20
const CACHE_OUTSIDE = 16 << 20

export interface MemoryTarget {
  readonly root: string
  readonly mainTid: number
  readonly memory: MemoryReader
  readonly layout: ResolvedLayout
  readonly heap: V8Heap
  /** Opened at the first call; null where the binary's symbols don't serve. */
  native(): NativeProcess | null
  /** Which thread runs which isolate; an isolate whose thread can't be told is left out and counted in `unmatched`. */
  isolates(): MatchedThreads
  /** Reads the stacks; the same for all looks, so that a repeat costs little. */
  stackReader(): StackReader
  /** Null where `native` is. */
  nativeStacks(): NativeStacks | null
  /** Forgets what was read and may have changed, so that the next look sees it. */
  refresh(): void
  dispose(): void
}

/** Whether the kernel lets us open the target's memory: what ptrace_scope and capabilities decide. Nothing is read. */
export function mayReadMemory(target: Target): boolean {
  if (target.procRoot === null) return false
  try {
    closeSync(openSync(`${target.procRoot}/mem`, 'r'))
    return true
  } catch {
    // EACCES for the most part; whichever it is, memory is no way in.
    return false
  }
}

/** Whether the memory engine can serve a target at all; asked before anything is opened. */
export function memoryCapability(target: Target): Capability {
  if (target.procRoot === null) return { no: 'reading another process needs /proc' }
  if (process.arch !== 'x64') return { no: `the memory engine was tried on x64 only, this is ${process.arch}` }
  return 'yes'
}

export interface MemoryTargetOptions {
  /** Start the target's binary for an unknown layout, even when it is not called node. Never inside the worker. */
  readonly calibrate?: boolean | 'never'
}

/**
 * Opens it anew; whoever looks more than once keeps it (capture/session.ts).
 * @throws StallError ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS, ERR_STALL_NOT_NODE, ERR_STALL_V8_LAYOUT_UNKNOWN
 */
export function openMemoryTarget(target: Target, options: MemoryTargetOptions = {}): MemoryTarget {
  const root = target.procRoot
  if (root === null) throw new StallError('ERR_STALL_UNSUPPORTED_PLATFORM', 'reading memory needs /proc')
  const memory = openLiveMemory(root, { cacheBytes: target.inside ? CACHE_INSIDE : CACHE_OUTSIDE })
  let binary: NodeBinary | null = null
  try {
    binary = openNodeBinary(root, memory.mappings())
    return makeTarget(root, memory, binary, findLayout(target, memory, { root, binary }, options.calibrate ?? false))
  } catch (thrown) {
    binary?.release()
    memory.dispose()
    throw thrown
  }
}

/** Tables, cache and symbols first; what they say must find the isolates, else the binary is asked by calibration. */
function findLayout(
  target: Target,
  memory: MemoryReader,
  { root, binary }: { readonly root: string; readonly binary: NodeBinary },
  calibrate: boolean | 'never',
): ResolvedLayout {
  const options = { cacheFolder: target.inside ? null : defaultCacheFolder() }
  let unknown: StallError
  try {
    const resolved = resolveLayout(binary, options)
    if (resolved.origin !== 'symbols' || findIsolates(new V8Heap(memory, resolved.layout)).length > 0) return resolved
    unknown = layoutUnknown(`${root}/exe`, 'no isolate is where its version keeps them', resolved.layout.v8)
  } catch (thrown) {
    unknown = toStallError(thrown)
    if (unknown.code !== 'ERR_STALL_V8_LAYOUT_UNKNOWN') throw thrown
  }
  if (target.inside || calibrate === 'never') throw unknown
  memory.flush()
  return calibrateLayout(root, { ...options, forced: calibrate })
}

function makeTarget(root: string, memory: MemoryReader, binary: NodeBinary, layout: ResolvedLayout): MemoryTarget {
  const heap = new V8Heap(memory, layout.layout)
  const mainTid = mainThreadId(root)
  let native: NativeProcess | null | undefined
  const openNative = (): NativeProcess | null => {
    if (native !== undefined) return native
    try {
      native = openNativeProcess(root, memory, binary)
    } catch {
      // The stacks don't need it: loops and the threads of several isolates then can't be told, and that is said.
      native = null
    }
    return native
  }
  let reader: StackReader | null = null
  let side: NativeStacks | null = null
  let seen: readonly IsolateOfThread[] = []
  const openSide = (): NativeStacks | null => {
    const process = openNative()
    return process === null ? null : (side ??= new NativeStacks(process, heap))
  }
  const match = (isolates: readonly Isolate[]): MatchedThreads => {
    const [only] = isolates
    // A process without worker threads: its one isolate is the main thread's.
    if (isolates.length === 1 && only) return { matched: [{ tid: mainTid, isolate: only }], unmatched: 0 }
    const process = openNative()
    if (process === null) return { matched: [], unmatched: isolates.length }
    return matchThreads(isolates, mainTid, isolatesByThread(process), openSide()?.roles() ?? new Map())
  }
  return {
    root,
    mainTid,
    memory,
    layout,
    heap,
    native: openNative,
    isolates() {
      const answer = match(findIsolates(heap))
      // The objects of a thread that is new may lie where those of an ended one did.
      if (answer.matched.some(({ tid, isolate }, index) => !isSame(seen[index], tid, isolate))) reader?.flush()
      seen = answer.matched
      return answer
    },
    stackReader: () => (reader ??= new StackReader(heap)),
    nativeStacks: openSide,
    refresh() {
      memory.flush()
      native?.refresh()
      side?.refresh()
      if (reader === null || seen.length === 0) heap.flush()
      else reader.nextLook(seen.map(({ isolate }) => isolate.address))
    },
    dispose() {
      side?.dispose()
      native?.dispose()
      binary.release()
      memory.dispose()
    },
  }
}

function isSame(known: IsolateOfThread | undefined, tid: number, isolate: Isolate): boolean {
  return known?.tid === tid && known.isolate.address === isolate.address
}

/** What is said of isolates whose thread can't be told. */
export function unmatchedNote(target: MemoryTarget, unmatched: number): string {
  const offset = target.native()?.facts.isolateTlsOffset ?? null
  return offset === null
    ? `${unmatched} more JavaScript threads could not be told apart: the binary is stripped`
    : `${plural(unmatched, 'isolate')} more, in which no thread is now: one that starts or has ended`
}
