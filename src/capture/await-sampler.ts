/**
 * Samples of what suspended functions wait for. The heap is searched as rarely as its cost demands; at every turn the
 * functions that are known are read again, a few words each, and those that still wait are given the time since the last
 * turn. One that moved on is told by its new place; what it waits for there is known from others, or after the next
 * search. One that a collection has moved is followed through the address that it leaves behind, as long as that is there.
 */
import type { AwaitCache } from '../awaits/scan/settled-scan.js'
import type { Suspended } from '../awaits/scan/suspended.js'
import type { SuspendedFunction } from '../model/await-grouping.js'
import type { Frame } from '../model/frame.js'
import type { RecordingEnd } from '../model/samples.js'
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { WaitProfile, WaitStack } from '../model/wait-profile.js'
import type { WaitFacts } from '../model/wait.js'
import type { Redactor } from '../redact/redactor.js'
import { summaryOf } from '../report/wait/wait-summary.js'
import type { Tagged } from '../v8/heap/heap.js'
import type { Isolate } from '../v8/heap/isolates.js'
import { Functions } from '../v8/objects/functions.js'
import { placeOfLabel, StateMachines } from '../v8/objects/state-machines.js'
import { readAwaits } from './read-awaits.js'
import { endOfRecording } from './end-of-recording.js'
import { openMemoryTarget, type MemoryTarget } from './memory-target.js'
import { ProcessWatch } from './process-watch.js'

/** Searching may take this share of the time: with the turns it stays within a tenth of a core. */
const SEARCH_SHARE = 0.04
const SHORTEST_MS = 1000
const SEARCH_AT_MOST_MS = 8000
const MAX_CHAIN = 100
/** Stacks that are told apart; what is beyond is added to one of its own. */
const MAX_STACKS = 20_000
/** JSGeneratorObject::kGeneratorClosed (src/objects/js-generator.h, the same in 11.3 to 14.6). */
const CLOSED = -1
const LOWEST_ADDRESS = 65_536

interface Known {
  generator: Tagged
  readonly map: Tagged
  readonly shared: Tagged
  /** Without a generator: what tells where it stands is the label of its states. */
  readonly isMachine: boolean
  readonly shown: SuspendedFunction
  continuation: number
  position: number
  /** Where it stands now. */
  frame: Frame
  /** What it waits for there; null for another function, which is listed itself. */
  waits: string | null
  waiting: boolean
  ended: boolean
}

interface Total {
  readonly frames: readonly Frame[]
  /** Of the function that waits. */
  readonly place: string
  waitedMs: number
}

export class AwaitSampler {
  end: RecordingEnd | null = null
  readonly #target: Target
  readonly #redactor: Redactor
  readonly #opened: MemoryTarget
  readonly #isolate: Isolate
  readonly #watch: ProcessWatch
  readonly #cache: AwaitCache = new Map()
  readonly #totals = new Map<string, Total>()
  /** What is waited for at a place of a function, as searches have found. */
  readonly #waitsAt = new Map<string, string | null>()
  #known: readonly Known[] = []
  /** Of the functions that wait for something else than a function: where their time is counted. */
  #counted: readonly Total[] | null = null
  #searchDueMs = 0
  #lastMs = 0
  #turns = 0
  #scans = 0
  #most = 0

  /** @throws StallError as `openMemoryTarget`; ERR_STALL_MEMORY_UNREADABLE when its main thread runs no isolate */
  constructor(target: Target, redactor: Redactor) {
    this.#target = target
    this.#redactor = redactor
    this.#opened = openMemoryTarget(target)
    const main = this.#opened.isolates().matched.find(({ tid }) => tid === this.#opened.mainTid)
    if (!main) {
      this.#opened.dispose()
      throw new StallError('ERR_STALL_MEMORY_UNREADABLE', `the main thread of ${target.pid} runs no isolate`)
    }
    this.#isolate = main.isolate
    this.#watch = new ProcessWatch(this.#opened.root)
  }

  /** The first search, which is no turn: while it takes, turns would be missed. */
  warmUp(): void {
    this.#search()
  }

  /** Takes one turn; false when that can't be done any more. */
  take(atMs: number): boolean {
    this.end = endOfRecording(this.#opened, this.#isolate, this.#target.startTicks)
    if (this.end !== null) return false
    this.#watch.ask(atMs)
    if (performance.now() >= this.#searchDueMs) this.#search()
    else this.#readAgain()
    // A turn that came late stands for the time since the last one.
    const passedMs = this.#turns === 0 ? 0 : atMs - this.#lastMs
    this.#lastMs = atMs
    this.#turns++
    this.#counted ??= this.#stacks()
    for (const total of this.#counted) total.waitedMs += passedMs
    return true
  }

  profile(missed: number): WaitProfile {
    const stacks = [...this.#learnt().values()]
      .filter(({ waitedMs }) => waitedMs > 0)
      .toSorted((a, b) => b.waitedMs - a.waitedMs)
      .map(({ frames, waitedMs }): WaitStack => ({ frames, waitedMs }))
    const { end } = this
    const counts = { turns: this.#turns, missed, scans: this.#scans, functions: this.#most }
    const { stoppedMs } = this.#watch
    return { stacks, ...counts, ...(end === null ? {} : { end }), ...(stoppedMs === 0 ? {} : { stoppedMs }) }
  }

  /** With what a later search has found of a place where functions had been seen before. */
  #learnt(): ReadonlyMap<string, Total> {
    const totals = new Map<string, Total>()
    for (const total of this.#totals.values()) {
      const [head, ...chain] = total.frames
      const known = head?.function === UNKNOWN ? this.#waitsAt.get(total.place) : undefined
      const frames = known === undefined || known === null ? total.frames : [pseudo(known), ...chain]
      const same = totals.get(keyOf(frames))
      if (same) same.waitedMs += total.waitedMs
      else totals.set(keyOf(frames), { ...total, frames })
    }
    return totals
  }

  dispose(): void {
    this.#opened.dispose()
  }

  #search(): void {
    const startedMs = performance.now()
    const before = process.cpuUsage()
    const known: Known[] = []
    this.#opened.refresh()
    readAwaits(this.#opened, {
      target: this.#target,
      deadlineMs: startedMs + SEARCH_AT_MOST_MS,
      locals: false,
      redactor: this.#redactor,
      cache: this.#cache,
      onFunctions: (list, shown) => {
        for (const [index, one] of list.entries()) {
          const as = shown[index]
          if (as) known.push(this.#knownOf(one, as))
        }
      },
    })
    this.#known = known
    this.#counted = null
    this.#scans++
    this.#most = Math.max(this.#most, known.length)
    const { user, system } = process.cpuUsage(before)
    this.#searchDueMs = performance.now() + Math.max(SHORTEST_MS, (user + system) / 1000 / SEARCH_SHARE)
  }

  #knownOf(one: Suspended, shown: SuspendedFunction): Known {
    const found = shown.waitsFor === null ? null : String(this.#redactor.value(lasting(shown.waitsFor)))
    // A search that was cut short on a busy machine knows less than the one before it.
    const earlier = shown.waitsFor?.cutShort === true ? this.#waitsAt.get(placeKey(shown, one.continuation)) : undefined
    const waits = earlier ?? found
    // What rests between two values, or is garbage, waits for nothing.
    const waiting = shown.idle !== true && shown.doubtful !== true && one.awaits !== 0
    if (waiting) this.#waitsAt.set(placeKey(shown, one.continuation), shown.awaitsListed ? null : waits)
    return {
      generator: one.generator,
      map: this.#opened.heap.field(one.generator, 0),
      shared: one.function.address,
      isMachine: one.machine !== undefined,
      shown,
      continuation: one.continuation,
      position: one.position,
      frame: frameOf(shown, shown.line, shown.column),
      waits: shown.awaitsListed ? null : (waits ?? UNKNOWN),
      waiting,
      ended: false,
    }
  }

  #readAgain(): void {
    const { heap } = this.#opened
    heap.flush()
    const { continuation, inputOrPosition } = heap.layout.generator
    const functions = new Functions(heap)
    const machines = new StateMachines(heap, functions)
    for (const one of this.#known) {
      if (one.ended || !this.#follow(one, machines)) continue
      const label = one.isMachine ? (machines.of(one.generator)?.label ?? CLOSED) : null
      const at = label ?? heap.smi(one.generator, continuation)
      const position = label ?? heap.smi(one.generator, inputOrPosition) ?? -1
      const waiting = at !== null && at >= 0 && one.shown.idle !== true && one.shown.doubtful !== true
      if (waiting && (at !== one.continuation || position !== one.position)) {
        one.continuation = at
        one.position = position
        this.#place(one, functions)
        this.#counted = null
      }
      if (at === CLOSED) one.ended = true
      if (waiting !== one.waiting) this.#counted = null
      one.waiting = waiting && position >= 0
    }
  }

  /** Whether it is where it was, or where a collection has moved it to: its first word is then its new address. */
  #follow(one: Known, machines: StateMachines): boolean {
    const { heap } = this.#opened
    const word = heap.field(one.generator, 0)
    if (word === one.map) return true
    // MapWord::FromForwardingAddress (src/objects/objects-inl.h): the address without its tag, in builds like these.
    const moved = word % 8 === 0 && word > LOWEST_ADDRESS ? word + 1 : 0
    const isAlike = moved !== 0 && heap.field(moved, 0) === one.map
    const closure = !isAlike
      ? 0
      : one.isMachine
        ? (machines.of(moved)?.body ?? 0)
        : heap.field(moved, heap.layout.generator.function)
    const isThere = isAlike && heap.functionShared(closure) === one.shared
    if (isThere) one.generator = moved
    else {
      // Gone, or moved where it can't be followed: the next search finds what is there.
      one.ended = true
      one.waiting = false
      this.#counted = null
    }
    return isThere
  }

  #place(one: Known, functions: Functions): void {
    const info = functions.info(one.shared)
    const place = info
      ? one.isMachine
        ? placeOfLabel(functions, info, one.position)
        : functions.lineOfBytecode(info, info.bytecode, functions.bytecodeOffset(one.position, info.bytecode))
      : null
    one.frame = frameOf(one.shown, place?.line ?? null, place?.column ?? null)
    const waits = this.#waitsAt.get(placeKey(one.shown, one.continuation))
    one.waits = waits === undefined ? UNKNOWN : waits
  }

  #stacks(): Total[] {
    const counted: Total[] = []
    for (const one of this.#known) {
      if (!one.waiting || one.ended || one.waits === null) continue
      counted.push(this.#totalOf(one, one.waits))
    }
    return counted
  }

  #totalOf(one: Known, waits: string): Total {
    const frames = [pseudo(waits), ...this.#chain(one)]
    const key = keyOf(frames)
    const known = this.#totals.get(key) ?? (this.#totals.size >= MAX_STACKS ? this.#rest() : undefined)
    if (known) return known
    const made = { frames, place: placeKey(one.shown, one.continuation), waitedMs: 0 }
    this.#totals.set(key, made)
    return made
  }

  #rest(): Total {
    const rest = this.#totals.get('') ?? { frames: [pseudo(MORE)], place: '', waitedMs: 0 }
    this.#totals.set('', rest)
    return rest
  }

  /** The function and those that await it, first awaiter first, as the last search has found them. */
  #chain(from: Known): Frame[] {
    const frames: Frame[] = []
    const seen = new Set<Known>()
    for (let at: Known | undefined = from; at && !seen.has(at) && frames.length < MAX_CHAIN;) {
      seen.add(at)
      frames.push(at.frame)
      const next: number | undefined = at.shown.awaiters[0]
      at = next === undefined ? undefined : this.#known[next]
    }
    return frames
  }
}

const MORE = '(more chains than are told apart)'
const UNKNOWN = '(what it waits for is not known yet)'

function keyOf(frames: readonly Frame[]): string {
  return frames.map((frame) => `${frame.function ?? ''}|${frame.file ?? ''}|${frame.line ?? ''}`).join('<')
}

/** Without what is another at every look: how long a timer has still to run. */
function lasting(wait: WaitFacts): string {
  if (wait.kind !== 'timer') return summaryOf(wait)
  const { dueInMs: _due, ...rest } = wait
  return summaryOf(rest)
}

/** V8 numbers the places at which a function can be suspended. */
function placeKey(shown: SuspendedFunction, continuation: number): string {
  return `${shown.function ?? ''}|${shown.file ?? ''}|${continuation}`
}

function frameOf(shown: SuspendedFunction, line: number | null, column: number | null): Frame {
  return { function: shown.function, file: shown.file, line, column, tier: null, async: true, native: false }
}

function pseudo(name: string): Frame {
  return { function: name, file: null, line: null, column: null, tier: null, async: false, native: false }
}
