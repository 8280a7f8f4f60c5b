/**
 * What is asked of a process a few times a second while it is sampled: whether threads have come or gone, and whether
 * somebody has stopped it.
 */
import { threadState } from '../model/thread.js'
import { tryReadProcText } from '../platform/procfs/read.js'
import { parseStat } from '../platform/procfs/stat.js'
import { listThreads } from '../platform/procfs/threads.js'

const EVERY_MS = 250
/** A thread that starts has no isolate for a moment: it is looked for this often after threads have changed. */
const LOOKS_AFTER_CHANGE = 8

export class ProcessWatch {
  /** Since the first question, ms, to a quarter of a second. */
  stoppedMs = 0
  /** As of the last question: a signal has stopped it, or a debugger. */
  isStopped = false
  tids: ReadonlySet<number>
  readonly #root: string
  #askedAtMs = 0
  #looksLeft = 0

  constructor(root: string) {
    this.#root = root
    this.tids = new Set(listThreads(root))
  }

  /** @returns whether it is time to see which threads run JavaScript now */
  ask(atMs: number): boolean {
    const passedMs = atMs - this.#askedAtMs
    if (passedMs < EVERY_MS) return false
    this.#askedAtMs = atMs
    this.isStopped = isStopped(this.#root)
    if (this.isStopped) this.stoppedMs += passedMs
    const tids = new Set(listThreads(this.#root))
    const changed = tids.size !== this.tids.size || [...tids].some((tid) => !this.tids.has(tid))
    this.tids = tids
    if (changed) this.#looksLeft = LOOKS_AFTER_CHANGE
    return changed || this.#looksLeft-- > 0
  }
}

function isStopped(root: string): boolean {
  const text = tryReadProcText(`${root}/stat`, 4096)
  return text !== null && text !== '' && threadState(parseStat(text).state) === 'stopped'
}
