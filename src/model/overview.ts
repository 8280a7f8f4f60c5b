/** What a process does, whatever the verdict: the short part of a dump. */
import type { AwaitNode } from './await.js'
import type { UnansweredRequest } from './open-work.js'
import type { ThreadStack } from './thread.js'
import type { VerdictPlace } from './verdict.js'

export interface ThreadOverview {
  readonly stack: ThreadStack
  /** Share of the time between the looks that it had a CPU; null unknown. */
  readonly cpuShare: number | null
  /** Turns of its event loop between the looks; null unknown. */
  readonly turns: number | null
  /** Where it burns a CPU, when it does. */
  readonly hottest: VerdictPlace | null
}

/** Functions that wait for the same thing at the same place of the user's. */
export interface PendingAwait {
  /** The oldest of them. */
  readonly node: AwaitNode
  readonly place: VerdictPlace | null
  readonly count: number
  readonly ageMs: number
}

export interface ProcessOverview {
  readonly main: ThreadOverview | null
  readonly workers: readonly ThreadOverview[]
  /** The oldest first. */
  readonly pending: readonly PendingAwait[]
  /** Accepted requests of whose answer not even the head was written, the oldest first. */
  readonly requests: readonly UnansweredRequest[]
}
