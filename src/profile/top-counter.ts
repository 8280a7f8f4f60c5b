/** Counts samples into functions as they come, for `top`: since the last refresh and since the beginning. */
import type { Frame } from '../model/frame.js'
import type { StackSample } from '../model/samples.js'
import type { TopFunction, TopOrder, TopThread } from '../model/top.js'
import { functionKey } from './frame-name.js'

interface Counts {
  readonly frame: Frame
  own: number
  total: number
  probable: number
  recentOwn: number
  recentTotal: number
}

/** Most functions that are kept apart of one thread; the rest is not shown. */
const MAX_FUNCTIONS = 20_000
const IDLE = '(idle)'
const COLLECTING = '(garbage collector)'

class ThreadCounts {
  readonly functions = new Map<string, Counts>()
  recent = 0
  recentIdle = 0
  recentCollecting = 0

  add({ frames }: StackSample): void {
    this.recent++
    const [top] = frames
    if (top?.function === IDLE) this.recentIdle++
    if (top?.function === COLLECTING) this.recentCollecting++
    const seen = new Set<string>()
    for (const [index, frame] of frames.entries()) {
      // What awaits is not on the stack, and takes none of its time.
      if (frame.async || frame.function === IDLE) continue
      const key = functionKey(frame, frame.function)
      const counts = this.#of(key, frame)
      if (!counts) continue
      if (index === 0) {
        counts.own++
        counts.recentOwn++
      }
      if (seen.has(key)) continue
      seen.add(key)
      counts.total++
      counts.recentTotal++
      if (frame.probable === true) counts.probable++
    }
  }

  #of(key: string, frame: Frame): Counts | null {
    const known = this.functions.get(key)
    if (known) return known
    if (this.functions.size >= MAX_FUNCTIONS) return null
    const made = { frame, own: 0, total: 0, probable: 0, recentOwn: 0, recentTotal: 0 }
    this.functions.set(key, made)
    return made
  }

  refresh(): void {
    this.recent = 0
    this.recentIdle = 0
    this.recentCollecting = 0
    for (const counts of this.functions.values()) {
      counts.recentOwn = 0
      counts.recentTotal = 0
    }
  }
}

export class TopCounter {
  readonly #threads = new Map<number, ThreadCounts>()
  readonly #mainTid: number

  constructor(mainTid: number) {
    this.#mainTid = mainTid
  }

  add(tid: number, sample: StackSample): void {
    let counts = this.#threads.get(tid)
    if (!counts) this.#threads.set(tid, (counts = new ThreadCounts()))
    counts.add(sample)
  }

  /** Begins the next stretch that shares are told of. */
  refresh(): void {
    for (const counts of this.#threads.values()) counts.refresh()
  }

  /** Forgets everything. */
  reset(): void {
    this.#threads.clear()
  }

  threads(): TopThread[] {
    // One without a sample has ended.
    const seen = [...this.#threads].filter(([tid, { recent }]) => recent > 0 || tid === this.#mainTid)
    return seen.map(([tid, { recent, recentIdle, recentCollecting }]) => ({
      tid,
      role: tid === this.#mainTid ? ('main' as const) : ('worker' as const),
      idleShare: share(recentIdle, recent),
      collectingShare: share(recentCollecting, recent),
    }))
  }

  /**
   * @param tid of one thread; null: of all, added up
   * @param sampleMs what one sample stands for: turns that were missed make it longer
   * @returns the first `most` of them
   */
  functions(tid: number | null, order: TopOrder, sampleMs: number, most: number): TopFunction[] {
    const wanted = [...this.#threads].filter(([each]) => tid === null || each === tid).map(([, counts]) => counts)
    const recent = wanted.reduce((sum, counts) => sum + counts.recent, 0)
    const added = new Map<string, Counts>()
    for (const { functions } of wanted) {
      for (const [key, counts] of functions) added.set(key, addUp(added.get(key), counts))
    }
    return [...added.values()]
      .toSorted((a, b) => COMPARE[order](b) - COMPARE[order](a) || b.own - a.own || b.total - a.total)
      .slice(0, most)
      .map((counts) => ({
        function: counts.frame.function ?? `(anonymous, line ${counts.frame.line ?? 'unknown'})`,
        file: counts.frame.file,
        ownShare: share(counts.recentOwn, recent),
        totalShare: share(counts.recentTotal, recent),
        ownMs: Math.round(counts.own * sampleMs),
        totalMs: Math.round(counts.total * sampleMs),
        probableShare: share(counts.probable, counts.total),
      }))
  }
}

const COMPARE: Readonly<Record<TopOrder, (counts: Counts) => number>> = {
  own: (counts) => counts.recentOwn,
  total: (counts) => counts.recentTotal,
  'own-time': (counts) => counts.own,
  'total-time': (counts) => counts.total,
}

function addUp(sum: Counts | undefined, more: Counts): Counts {
  if (sum === undefined) return more
  return {
    frame: sum.frame,
    own: sum.own + more.own,
    total: sum.total + more.total,
    probable: sum.probable + more.probable,
    recentOwn: sum.recentOwn + more.recentOwn,
    recentTotal: sum.recentTotal + more.recentTotal,
  }
}

function share(part: number, all: number): number {
  return all === 0 ? 0 : part / all
}
