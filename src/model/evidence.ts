/** Everything known of one stall, joined: the only input of the rules. */
import type { ServerView } from './server-view.js'
import type { AwaitTree, CodePlace, WaitsFor } from './await.js'
import type { ConnectionWatch } from './connection-watch.js'
import type { Frame } from './frame.js'
import type { ClockReading } from './heartbeat.js'
import type { HeapState } from './heap.js'
import type { KernelState } from './kernel.js'
import type { PoolState, Starvation } from './loop.js'
import type { ProcessIdentity } from './process-identity.js'
import type { Retained } from './retained.js'
import type { ProfileSummary, StackSamples } from './samples.js'
import type { Stall } from './stall.js'
import type { StallErrorCode } from './stall-error.js'
import type { ThreadStack } from './thread.js'
import type { Work } from './work.js'

/** One round of captures. Null: not had; `missing` says why. */
export interface Look {
  /** Monotonic ms of the reader. */
  readonly takenAtMs: number
  readonly kernel: KernelState | null
  readonly threads: readonly ThreadStack[] | null
  readonly awaits: AwaitTree | null
  readonly pool: PoolState | null
  readonly heap: HeapState | null
  readonly starvation: Starvation | null
  readonly clocks: readonly ClockReading[] | null
  /** A debugger holds the main thread, or is merely attached. */
  readonly debugger: 'paused' | 'attached' | 'none' | null
}

export interface Missing {
  /** Artifact or part of one: `cpu-profile`, `stacks`, `kernel.syscall`. */
  readonly what: string
  readonly why: StallErrorCode
  readonly message: string
}

/** What capturing cost the target. */
export interface CaptureCost {
  readonly pausedMs: number
  readonly cpuMs: number
  readonly wallMs: number
  /** Growth of the target's own memory by in-process capture; 0 from outside. */
  readonly memoryBytes: number
  /** The stall was over right after we attached: our looking may have ended it. */
  readonly endedOnAttach: boolean
  /** Connections of our own that were opened to servers of the worker's; absent: none. */
  readonly connectionsOpened?: number
}

/** A task in flight that the agent watches by its own promise. */
export interface TaskInFlight {
  readonly clock: string
  readonly taskId: string
  readonly ageMs: number
  readonly responseTimeoutMs: number | null
  /** The number of its record in the clocks' memory. */
  readonly index?: number
  /** The worker's execute function. */
  readonly execute: CodePlace | null
  /**
   * Its suspended functions, innermost first: of the last look, or, once they were collected, of the last look that
   * still showed code of the user's. Absent: none showed any.
   */
  readonly parked?: readonly Frame[]
  /** What the innermost of them waits for. */
  readonly waitsFor?: WaitsFor
  /**
   * In so many looks, up to the last one, its promise was pending and none of its functions was left that anything
   * could resume. Absent: not known.
   */
  readonly collectedInLooks?: number
  /** Its function has come to its end, and its slot was not given back: a message that nobody acknowledged. */
  readonly returned?: true
  /** It went on between the last two looks: another place, or a timer that was set since. Absent: not seen to. */
  readonly moved?: true
  /** The task as the server sent it. */
  readonly work?: Work
}

/** How a poller's loop ended, as seen from inside. */
export interface EndedPoller {
  readonly clock: string
  readonly cause: 'exception' | 'nothing-alive'
  readonly errorName: string | null
  readonly errorMessage: string | null
  readonly errorStack: string | null
}

/** Where a fresh connection would tell whether it is the server or the worker's kept connection that is silent. */
export interface ConnectionToTry {
  /** `10.0.0.5:8080`, as in the sockets. */
  readonly peer: string
  /** Of the request that is not answered; without query and credentials. */
  readonly url: string
}

/** A connection of our own to a server that the worker talks to, made while it was stalled. */
export interface FreshConnection {
  /** `10.0.0.5:8080`, as in the sockets. */
  readonly peer: string
  /** Any answer of the server counts, an error status too; not a gateway's word that the server is away (502, 503, 504). */
  readonly answered: boolean
  readonly tookMs: number
  /** What was asked: `OPTIONS https://conductor.example/api/tasks/poll/batch/orders`. */
  readonly asked?: string
  /** How far it came. */
  readonly reached?: 'nothing' | 'connected' | 'secured' | 'answered'
  /** Of the answer, when it was HTTP. */
  readonly status?: number
  /** Of the operating system or TLS, when it failed. */
  readonly error?: string
}

export interface Evidence {
  readonly process: ProcessIdentity
  readonly stall: Stall | null
  /** Oldest first; rules compare them. At least one. */
  readonly looks: readonly Look[]
  readonly samples: StackSamples | null
  readonly profile: ProfileSummary | null
  readonly tasks: readonly TaskInFlight[] | null
  readonly ended: readonly EndedPoller[] | null
  /** Null or absent: nobody tried. */
  readonly freshConnections?: readonly FreshConnection[] | null
  /** Of Conductor's server, about the task types of pollers that are silent. Null or absent: it was not asked. */
  readonly serverViews?: readonly ServerView[] | null
  /** Kept connections that were silent while data went out on them. Null or absent: there was none to watch. */
  readonly watchedConnections?: readonly ConnectionWatch[] | null
  /** What keeps the memory of the main thread's heap. Null or absent: it was not near its limit, or nobody looked. */
  readonly retained?: Retained | null
  /**
   * Loops without an end that the process began with, of which no function is left: where they await. Null or absent: there
   * is none, or its code could not be had.
   */
  readonly lostLoops?: readonly CodePlace[] | null
  readonly from: 'inside' | 'outside'
  readonly cost: CaptureCost
  readonly missing: readonly Missing[]
}
