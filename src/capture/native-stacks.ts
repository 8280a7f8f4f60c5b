/**
 * What the machine adds to JavaScript stacks: the native function that was called, C++ frames where they are wanted,
 * and the threads that run no JavaScript, by what they were started for.
 */
import type { Address } from '../model/address.js'
import type { Frame } from '../model/frame.js'
import type { ThreadRole, ThreadStack } from '../model/thread.js'
import { CodeMap } from '../native/process/code-map.js'
import type { NativeProcess } from '../native/process/native-process.js'
import { blockedStack } from '../native/stack/blocked-stack.js'
import { type NativeFrame, toFrame } from '../native/stack/native-frame.js'
import { runningStack } from '../native/stack/running-stack.js'
import { threadPurposes } from '../native/thread/thread-roles.js'
import { tryReadProcText } from '../platform/procfs/read.js'
import { parseStat } from '../platform/procfs/stat.js'
import type { V8Heap } from '../v8/heap/heap.js'
import { readMoment } from '../v8/heap/isolates.js'
import { nativeCallee } from '../v8/figures/native-callee.js'
import { mergeNative } from '../v8/stack/merge-native.js'
import type { StackReading } from '../v8/stack/stack-reading.js'

export type NativeFrames = { readonly frames: readonly Frame[] } | { readonly why: string }

export class NativeStacks {
  readonly #native: NativeProcess
  readonly #heap: V8Heap
  readonly #code: CodeMap

  constructor(native: NativeProcess, heap: V8Heap) {
    this.#native = native
    this.#heap = heap
    this.#code = new CodeMap(native)
  }

  /** `CryptoJob::Run`, an addon's path; nothing when JavaScript called no native function, or it has no name. */
  callee(look: StackReading): Pick<ThreadStack, 'nativeCallee'> {
    const callee = look.kind === 'torn' ? null : nativeCallee(this.#heap, this.#code, look.exitFrame)
    return callee === null ? {} : { nativeCallee: callee }
  }

  /** With the C++ frames in their places, or why they are not there. Those of a running thread are marked as probable. */
  withNative(tid: number, isolate: Address, look: StackReading): NativeFrames {
    if (look.kind === 'torn') return { why: 'the stack was torn' }
    const blocked = blockedStack(this.#native, this.#code, tid, look.exitFrame)
    if ('frames' in blocked) {
      const pc = toFrame({ place: this.#code.placeOf(blocked.pc) })
      return this.#merged([pc], blocked.frames, look)
    }
    if (!blocked.running) return { why: blocked.unknown }
    const running = runningStack(
      this.#native,
      this.#code,
      tid,
      look.exitFrame,
      () => readMoment(this.#heap, isolate)?.exitFrame ?? null,
    )
    if ('unknown' in running) return { why: running.unknown }
    const inside = running.probable.filter((frame) => !frame.isJavaScript)
    return this.#merged(
      inside.map((frame) => ({ ...toFrame(frame), probable: true })),
      running.frames,
      look,
    )
  }

  #merged(inside: readonly Frame[], chain: readonly NativeFrame[], look: StackReading): NativeFrames {
    const merged = mergeNative(chain, look.frames, look.spans)
    if (merged === null) return { why: 'the machine stack and the JavaScript stack do not fit together' }
    return { frames: [...inside, ...merged] }
  }

  /** What each thread was started for, by tid. */
  roles(): ReadonlyMap<number, ThreadRole> {
    return new Map(threadPurposes(this.#native, this.#code).map(({ tid, role }) => [tid, role]))
  }

  /** Threads other than `known`, without frames. */
  otherThreads(known: ReadonlySet<number>): ThreadStack[] {
    return threadPurposes(this.#native, this.#code).flatMap(({ tid, role, library }) => {
      if (known.has(tid) || role === 'unknown' || role === 'worker' || role === 'main') return []
      const text = tryReadProcText(`${this.#native.root}/task/${tid}/stat`, 4096)
      if (text === null) return []
      const { state } = parseStat(text)
      return [
        {
          tid,
          name: '',
          role,
          ...(library === undefined ? {} : { library }),
          state: state === 'R' ? 'running' : state === 'D' ? 'disk' : /[Tt]/.test(state) ? 'stopped' : 'sleeping',
          engine: 'memory',
          frames: [],
        } satisfies ThreadStack,
      ]
    })
  }

  /** After the target's mappings may have changed. */
  refresh(): void {
    this.#code.refresh()
  }

  dispose(): void {
    this.#code.dispose()
  }
}
