/**
 * One target that is being looked at: what was asked for, and its memory, opened once. Everything that captures goes
 * through here: finding the layout and the symbols costs most of a look.
 */
import type { EarlierScans } from '../awaits/scan/settled-scan.js'
import type { Target } from '../model/target.js'
import type { Redactor } from '../redact/redactor.js'
import { type MemoryTarget, openMemoryTarget } from './memory-target.js'

/** How to capture. Made once, by the command line or out of the settings, and passed on by reference. */
export interface CaptureOptions {
  /** Takes secrets out of everything that came from the target, before it reaches any disk or screen. */
  readonly redactor: Redactor
  /** Read values of variables (redacted, bounded). */
  readonly locals: boolean
  /** C++ frames between the JavaScript ones. */
  readonly native?: boolean
  /** Stop the target for the moment in which its stack is copied, for an exact stack of running JavaScript. */
  readonly stop?: boolean
  /** Learn an unknown layout by starting the target's binary, even one that is not called node. */
  readonly calibrate?: boolean
}

export class CaptureSession {
  readonly target: Target
  readonly options: CaptureOptions
  /** What the look before has found, and a copy of the heap: from outside, and of a heap that is not too large. */
  readonly earlierScans: EarlierScans = new Map()
  #memory: MemoryTarget | null = null

  constructor(target: Target, options: CaptureOptions) {
    this.target = target
    this.options = options
  }

  /**
   * The target's memory as it is now: only what never changes (layout, symbols) is found once.
   * @throws StallError as `openMemoryTarget`
   */
  memory(): MemoryTarget {
    if (this.#memory === null) this.#memory = openMemoryTarget(this.target, this.options)
    else this.#memory.refresh()
    return this.#memory
  }

  dispose(): void {
    this.earlierScans.clear()
    this.#memory?.dispose()
    this.#memory = null
  }
}
