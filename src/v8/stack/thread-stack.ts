/**
 * The JavaScript stack of one isolate's thread, as one consistent look.
 *
 * - No JavaScript on the stack: said so, nothing walked.
 * - Below JavaScript in C++ (blocked in a system call, or running native code): from the innermost exit frame, exact.
 * - In JavaScript itself with a known stack pointer (stopped by a signal, or in a page fault): from the first frame
 *   above it.
 * - In JavaScript, running: registers can't be seen. `running.ts` says what is probable.
 *
 * A walk counts only when it ends at the outermost entry frame, and when neither the isolate's words nor the frames
 * themselves changed meanwhile: else it was torn, the cache is flushed and it is tried again.
 */
import type { Address } from '../../model/address.js'
import type { Frame } from '../../model/frame.js'
import { Functions } from '../objects/functions.js'
import { Generators } from '../objects/generators.js'
import { PromiseLinks } from '../objects/promises.js'
import { V8Heap } from '../heap/heap.js'
import { readMoment } from '../heap/isolates.js'
import { RegExpStacks } from '../figures/regexp-stack.js'
import { Collections, worse } from '../figures/collections.js'
import type { Collected } from '../figures/collections.js'
import type { IsolateMoment } from '../heap/isolates.js'
import { asyncParents } from './async-parents.js'
import { CodeObjects } from './code-objects.js'
import { exactFrom, exactWalk, stillThere } from './exact-walk.js'
import { FrameLocals } from './frame-locals.js'
import { FrameReader } from './frames.js'
import type { MachineFrame } from './frames.js'
import type { FrameSpan } from './merge-native.js'
import { frameOf } from './frame-of.js'
import { Places } from './places.js'
import type { PlaceOptions } from './places.js'
import { regExpOf } from './regexp-frame.js'
import { probableWalk } from './running.js'
import type { EarlierLook } from './running.js'
import { none, PLACES_ALONE } from './stack-reading.js'
import type { Registers, StackQuery, StackReading, ThreadOutside } from './stack-reading.js'
import { StackBuffers } from '../../platform/memory/stack-buffers.js'
import { copyStack } from '../../platform/memory/stack-window.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

const EXACTLY: PlaceOptions = { exact: true }
const INNERMOST: PlaceOptions = { innermost: true }
const OR_NEAREST: PlaceOptions = { orNearest: true }
const NEVER_RAN = (): null => null

/** One attempt at one isolate. */
interface Attempt {
  readonly number: number
  readonly isolate: Address
  readonly moment: IsolateMoment
  readonly outside: ThreadOutside
  readonly query: StackQuery
}

/** Attempts before a stack counts as torn. Each costs well under a millisecond. */
const ATTEMPTS = 24
/** Of a series: a look that takes longer costs the turns after it. What can't be read by then is torn. */
const LONGEST_OF_SERIES_MS = 8
/** After how many attempts everything is read anew: mappings may have changed. */
const FLUSH_EVERY = 8
/** Longest time for which a series of looks keeps what it has read of functions and code. */
const KEPT_MS = 1000
/**
 * Between two attempts of a series, half as long to half as long again. What overtook the one is over by then: tried
 * again at once, calls of native code would be found more often than they are.
 */
const RETRY_MS = 0.6
const pauseCell = new Int32Array(new SharedArrayBuffer(4))

export class StackReader {
  readonly heap: V8Heap
  readonly functions: Functions
  readonly #generators: Generators
  readonly #links: PromiseLinks
  readonly #frames: FrameReader
  readonly #codes: CodeObjects
  readonly #places: Places
  readonly #regexps: RegExpStacks
  /** Of a series: the last look at each isolate while it ran. Null: one look is all. */
  #earlier: Map<Address, EarlierLook> | null = null
  readonly #collections = new Collections()
  readonly #buffers = new StackBuffers()
  readonly #canSuspend: (frame: MachineFrame) => boolean
  #flushedMs = 0

  constructor(heap: V8Heap) {
    this.heap = heap
    this.functions = new Functions(heap)
    this.#generators = new Generators(heap, this.functions)
    this.#links = new PromiseLinks(heap, this.functions)
    this.#frames = new FrameReader(heap)
    this.#codes = new CodeObjects(heap)
    this.#places = new Places(heap, this.functions, this.#codes)
    this.#regexps = new RegExpStacks(heap.memory)
    this.#canSuspend = (frame) => {
      const info = this.#places.infoOf(frame)
      return info === null || this.functions.canSuspend(info)
    }
  }

  /** Forgets what was read: objects move, code is thrown away. */
  flush(): void {
    this.heap.flush()
    this.functions.flush()
    this.#codes.flush()
    this.#places.flush()
    this.#frames.flush()
  }

  /**
   * Makes ready for one more look of a series: what only a compacting collection moves (functions, scripts, code) is
   * kept as long as none has taken place in these isolates, and never longer than a second.
   */
  nextLook(isolates: readonly Address[]): void {
    this.#earlier ??= new Map()
    let collected: Collected = 'nothing'
    for (const isolate of isolates) collected = worse(collected, this.#collections.since(this.heap, isolate))
    const now = performance.now()
    if (collected === 'everything' || now - this.#flushedMs > KEPT_MS) {
      this.flush()
      this.#flushedMs = now
    } else this.#forget(collected)
  }

  /** One more attempt at the same look. */
  #again(isolate: Address, number: number): void {
    if (this.#earlier !== null) Atomics.wait(pauseCell, 0, 0, RETRY_MS * (0.5 + Math.random()))
    const collected = this.#earlier === null ? 'everything' : this.#collections.since(this.heap, isolate)
    if (collected === 'everything' || number % FLUSH_EVERY === 0) this.flush()
    else this.#forget(collected)
  }

  #forget(collected: Collected): void {
    this.heap.memory.forget()
    if (collected === 'nothing') return
    this.#frames.forgetObjects()
    this.#places.forgetObjects()
  }

  read(isolate: Address, outside: ThreadOutside, query: StackQuery = PLACES_ALONE): StackReading {
    let last: IsolateMoment | null = null
    let number = 0
    const endMs = this.#earlier === null ? Infinity : performance.now() + LONGEST_OF_SERIES_MS
    while (++number <= ATTEMPTS && performance.now() < endMs) {
      if (number > 1) this.#again(isolate, number)
      const moment = readMoment(this.heap, isolate)
      if (!moment) break
      last = moment
      const look = this.#attempt({ number, isolate, moment, outside, query })
      if (look) return look
    }
    return {
      kind: 'torn',
      frames: [],
      spans: [],
      vmState: last?.vmState ?? null,
      exitFrame: 0,
      attempts: number - 1,
      note: 'the stack changed faster than it could be read; take another look, or --stop for an exact one',
    }
  }

  /** The stack out of a copy that was taken while the thread stood still; null when it holds no complete walk. */
  readCopy(
    window: StackWindow,
    moment: IsolateMoment,
    registers: Registers,
    query: StackQuery = PLACES_ALONE,
  ): StackReading | null {
    if (moment.entryFrame === 0) return none(moment, 1)
    const walk = exactWalk(this.#frames, this.#places, { window, moment, registers })
    return walk ? this.#look(window, walk.frames, { moment, number: 1, query }, walk.exact) : null
  }

  #attempt(attempt: Attempt): StackReading | null {
    const { isolate, moment } = attempt
    if (moment.vmState === 'GC') this.#collections.noteCollecting(isolate)
    if (moment.entryFrame === 0) {
      const again = readMoment(this.heap, isolate)
      return again?.entryFrame === 0 ? none(moment, attempt.number) : null
    }
    // Below JavaScript they say nothing more.
    const where = moment.exitFrame === 0 ? attempt.outside.registers() : null
    const from = exactFrom(moment, where)
    if (from === 0) return this.#running(attempt)
    const window = copyStack(this.heap.memory, from)
    if (!window) return null
    const walk = exactWalk(this.#frames, this.#places, { window, moment, registers: where })
    if (!walk) return null
    const look = this.#look(window, walk.frames, attempt, walk.exact)
    return stillThere(this.heap, { isolate, moment, window, frames: walk.frames }) ? look : null
  }

  #look(
    window: StackWindow,
    machine: readonly MachineFrame[],
    { moment, number, query }: Pick<Attempt, 'moment' | 'number' | 'query'>,
    exact: boolean,
  ): StackReading {
    const frames: Frame[] = []
    const spans: FrameSpan[] = []
    let innermost = true
    for (const [index, frame] of machine.entries()) {
      const options = exact ? (index === 0 ? EXACTLY : undefined) : innermost ? INNERMOST : undefined
      const described = this.#places.describe(window, frame, options, machine[index - 1])
      // The interpreter writes its offset down only when it calls: the line of a frame that computes may be behind.
      const lines = this.#withValues(query, window, frame, exact && innermost ? firstProbable(described) : described)
      if (lines.length > 0) innermost = false
      frames.push(...lines)
      spans.push({ fp: frame.fp, lines: lines.length })
    }
    const parents = asyncParents(this.heap, this.#generators, this.#links, window, machine, this.#canSuspend)
    query.onWalk?.(window, machine)
    return {
      kind: exact ? 'probable' : 'exact',
      frames: [...frames, ...parents.frames],
      spans,
      vmState: moment.vmState,
      exitFrame: moment.exitFrame,
      attempts: number,
      note: exact
        ? 'stopped in JavaScript itself: the line of the top frame is where it last called something'
        : parents.branched
          ? 'several functions await the same promise: one of them is shown'
          : null,
    }
  }

  #withValues(query: StackQuery, window: StackWindow, frame: MachineFrame, lines: readonly Frame[]): readonly Frame[] {
    return query.variables === true ? new FrameLocals(this.heap, this.functions).addTo(window, frame, lines) : lines
  }

  #running(attempt: Attempt): StackReading | null {
    const { heap } = this
    const { isolate, moment, outside, query } = attempt
    const ranNs = outside.ranNs ?? NEVER_RAN
    const stackHint = outside.stackHint ?? moment.entryFrame
    const earlier = this.#earlier?.get(isolate) ?? null
    const judge = this.#places
    const buffers = this.#earlier ? this.#buffers : null
    const walk = probableWalk({
      heap,
      reader: this.#frames,
      isolate,
      moment,
      stackHint,
      judge,
      ranNs,
      earlier,
      buffers,
    })
    if (!walk) return null
    const { entryFrame, searched } = walk
    if (this.#earlier) {
      this.#buffers.giveBack(earlier?.searched.window ?? null)
      this.#earlier.set(isolate, { entryFrame, searched, ranNs: walk.ranNs })
    }
    if (walk.regexp !== null && this.#regexps.isMatching(isolate)) {
      return this.#matching(walk.window, walk.regexp, attempt)
    }
    const frames: Frame[] = []
    const spans: FrameSpan[] = []
    for (const frame of walk.frames) {
      const described = this.#places.describe(walk.window, frame, frames.length === 0 ? OR_NEAREST : undefined)
      const lines = this.#withValues(query, walk.window, frame, described)
      // A builtin on top may long have returned, and nothing tells: the innermost function of a script comes first.
      const skipped = frames.length === 0 && lines.every((line) => line.file === null)
      spans.push({ fp: frame.fp, lines: skipped ? 0 : lines.length })
      if (skipped) continue
      const certain = frames.length > 0 && walk.certain.has(frame.fp)
      // Without its pc nobody knows in which tier the top frame runs.
      const tier = frames.length === 0 ? { tier: null } : {}
      frames.push(...(certain ? lines : lines.map((line) => ({ ...line, ...tier, probable: true }))))
    }
    const parents = asyncParents(this.heap, this.#generators, this.#links, walk.window, walk.frames, this.#canSuspend)
    query.onWalk?.(walk.window, walk.frames)
    return {
      kind: 'probable',
      frames: [...frames, ...parents.frames],
      spans,
      vmState: moment.vmState,
      exitFrame: 0,
      attempts: attempt.number,
      note: 'running JavaScript, read without a stop: frames marked as probable may have returned already',
    }
  }

  /** The code of a regular expression runs, so the stack ends with it: every frame above is live. */
  #matching(window: StackWindow, machine: readonly MachineFrame[], attempt: Attempt): StackReading {
    const look = this.#look(window, machine, attempt, false)
    const [top, ...callers] = look.spans
    const pattern = regExpOf(this.heap, window, machine)
    const frame = { ...frameOf(null, null, 'builtin'), function: pattern === null ? 'RegExp:' : `RegExp: ${pattern}` }
    return {
      ...look,
      frames: [frame, ...look.frames],
      spans: top === undefined ? [] : [{ ...top, lines: top.lines + 1 }, ...callers],
    }
  }
}

function firstProbable([first, ...others]: readonly Frame[]): readonly Frame[] {
  return first ? [{ ...first, probable: true }, ...others] : []
}
