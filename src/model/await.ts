/** A suspended async function, who awaits it, and what it waits for. */
import type { Frame, LocalValue, SourcePosition } from './frame.js'
import type { Work } from './work.js'
import type { ActiveTimer, ClientSession, UnansweredRequest } from './open-work.js'

export type AwaitFunctionKind = 'async function' | 'async generator' | 'generator' | 'module'

export type WaitKind =
  | 'socket'
  | 'http-request'
  | 'http2-stream'
  | 'timer'
  | 'file'
  | 'dns'
  | 'child'
  | 'worker'
  | 'message-port'
  | 'stream'
  | 'abort-signal'
  | 'emitter' // events.once and the like: a live emitter, an event that did not come
  | 'lock' // a resolver held in a user's queue
  | 'pool' // a turn in the queue of a pool whose members are lent
  | 'buffer' // a command kept until there is a connection
  | 'module' // the evaluation of a module that waits for itself
  | 'pool-request' // crypto, zlib, other work of libuv's pool
  | 'await' // another suspended function, which is listed itself
  | 'nothing' // no live root reaches a settler
  | 'unknown'

/** One step of the way from what can settle a promise down to it, as a reader would write it. */
export interface PathPart {
  /** Class, function or scope. */
  readonly name: string
  /** `.waiters`, `{ledger}`, `[0]`; '' where the slot says nothing. */
  readonly slot: string
  readonly role:
    | 'module'
    | 'scope'
    | 'function'
    | 'suspended'
    | 'promise'
    | 'global'
    | 'collection'
    | 'object'
    | 'other'
}

/** A queue in which a wait stands, as far as its owner's own fields tell; null: unknown. */
export interface QueueFacts {
  /** Class (and property) that owns it. */
  readonly owner: string
  /** Entries ahead of this one. */
  readonly position: number | null
  readonly queued: number | null
  /** What stands first in it, or what its owner is busy with, by its own name (`blpop`). */
  readonly ahead?: string
}

export interface PoolFacts extends QueueFacts {
  /** Members that are given out. */
  readonly lent: number | null
  readonly idle: number | null
  readonly size: number | null
  /** Lent members by what they do. */
  readonly members: readonly PoolMember[]
}

export interface PoolMember {
  /** `nothing`: it runs no command. `unread`: its answer is there and nobody reads it. */
  readonly doing: 'nothing' | 'unread' | 'busy' | 'unknown'
  readonly what?: string
  readonly fd?: number
  readonly count: number
}

/** What the innermost promise of a chain waits for. Fields that don't apply are absent. */
export interface WaitsFor {
  readonly kind: WaitKind
  /** One phrase: `GET http://10.0.0.5/api/tasks/poll, sent, no answer`. */
  readonly summary: string
  readonly fd?: number
  readonly peer?: string
  readonly local?: string
  /** TCP state of the joined socket. */
  readonly state?: string
  readonly sendQueueBytes?: number
  readonly receiveQueueBytes?: number
  readonly retransmits?: number
  readonly unacknowledged?: boolean
  /** How long nothing came on its connection; of a timer: since it was set. */
  readonly sinceMs?: number
  readonly method?: string
  /** Without query and credentials. */
  readonly url?: string
  readonly sent?: boolean
  readonly dueInMs?: number
  readonly path?: string
  readonly host?: string
  readonly pid?: number
  readonly threadId?: number
  /** Thread it waits for: a worker's, or the pool thread that runs the request. */
  readonly tid?: number
  /** Queued behind others (true), or running in a pool thread (false). */
  readonly queued?: boolean
  /** The system call that the pool thread is in; `running` when it computes. */
  readonly syscall?: string
  readonly event?: string
  /** Class of the object that owns the resolver (`Mutex`, `Semaphore`, `LineClient`). */
  readonly owner?: string
  /** Property path from a root or resource to the resolver: `module{costMeter} > Mutex.waiters`. */
  readonly heldThrough?: string
  /** The same path in its parts. */
  readonly parts?: readonly PathPart[]
  /** The queue that it stands in, in front of a connection. */
  readonly queuedIn?: QueueFacts
  readonly pool?: PoolFacts
  /** Whether the connection's owner says that there is none: `reconnecting`. */
  readonly connection?: string
  /** A server's side of a connection, or a server that listens: what comes there is no reply. */
  readonly incoming?: boolean
  /** The answer has begun. */
  readonly answered?: boolean
  /** The stream between the connection and the wait that takes no data. */
  readonly unread?: UnreadStream
  /** The object waited for is over: an emitter that is closed never emits. */
  readonly over?: string
  /** A timer that can only end the wait by failing it, or of which it is not known that it settles it. */
  readonly guard?: { readonly afterMs?: number; readonly dueInMs?: number }
  /** Who holds a lock: the suspended functions that can reach the resolver. */
  readonly holders?: readonly WaitHolder[]
  /** A cycle of holders: each waits for the next, the last for the first. */
  readonly deadlock?: readonly string[]
  /** The same as places; the last one waits for what the first holds. */
  readonly links?: readonly WaitHolder[]
  /** The cycle is one queue, used inside itself. */
  readonly reentrant?: boolean
  /** Where the promise was made, when that can be told. */
  readonly madeAt?: SourcePosition
  /** The search for it did not come to its end: `unknown` only means that it was not found in time. */
  readonly cutShort?: boolean
  /** What can't be vouched for, one sentence. */
  readonly doubt?: string
}

export interface UnreadStream {
  /** Its class: `PassThrough`. */
  readonly stream: string
  /** Bytes, or objects, that lie in it. */
  readonly buffered: number | null
}

export interface WaitHolder {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly source?: SourcePosition
}

/** Suspended functions alike in place and chain, grouped. */
export interface AwaitNode {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly kind: AwaitFunctionKind
  readonly count: number
  /** Innermost awaiter first, up to the root. */
  readonly awaitedBy: readonly Frame[]
  /** Present for leaves; `{kind: 'await'}` for functions that await another suspended one. */
  readonly waitsFor: WaitsFor | null
  readonly source?: SourcePosition
  /** Which isolate: tid of its thread, when known. */
  readonly tid?: number
  /** How long it was seen in this very place, over the looks; null with one look. */
  readonly seenMs?: number | null
  /** How many looks it was present in. */
  readonly looks?: number
  readonly locals?: readonly LocalValue[]
  /** Whose work it is, as its AsyncLocalStorage stores say; of the group at most five different ones. */
  readonly work?: readonly Work[]
  /** True when no root was found to reach it: it may be garbage not yet collected. */
  readonly doubtful?: boolean
}

export interface AwaitTree {
  readonly engine: 'memory' | 'heap-snapshot'
  /** Leaf-up, grouped. */
  readonly awaits: readonly AwaitNode[]
  /** Root-down, grouped: the outermost awaiter first. */
  readonly roots: readonly AwaitRoot[]
  readonly suspended: number
  readonly pausedMs: number
  readonly notes: readonly string[]
  /** The deadline ended the reading: functions, or what they wait for, may be missing. */
  readonly cutShort?: boolean
  /** Tasks that the agent in the process keeps, as they were found in the heap; absent without any. */
  readonly tasks?: readonly TaskInHeap[]
  /** Garbage collections so far: between two looks with the same count nothing was collected, so what went moved on. */
  readonly collections?: number
  /** Accepted and not answered; absent where the heap was not read for them. */
  readonly requests?: readonly UnansweredRequest[]
  /** That run; absent where the heap was not read for them. */
  readonly timers?: readonly ActiveTimer[]
  /** Open ones; absent where the heap was not read for them. */
  readonly sessions?: readonly ClientSession[]
}

/** A task in flight as the heap has it: where its code is, and what is left of its execution. */
export interface TaskInHeap {
  readonly taskId: string
  /** The number of its record in the clocks' memory. */
  readonly index: number
  readonly execute: CodePlace | null
  /**
   * Its suspended functions, innermost first, outermost the one whose end settles the task's own promise. Empty: the
   * promise is pending and none is left. Null: can't be told (no promise, settled, or the heap was not read to its end).
   */
  readonly parked: readonly Frame[] | null
  /** What the innermost waits for; null when nothing is parked or it was not told. */
  readonly waitsFor: WaitsFor | null
  /** The task itself, where the agent kept it. */
  readonly work?: Work
}

/** Where a function stands in the source. */
export interface CodePlace {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly source?: SourcePosition
}

export interface AwaitRoot {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly count: number
  readonly awaiting: readonly AwaitRoot[]
  readonly waitsFor?: WaitsFor | null
  readonly source?: SourcePosition
}

/** `transfer app.js:12`, by its original place where that is known. */
export function linkText(place: WaitHolder): string {
  const file = place.source?.file ?? place.file
  const line = place.source?.line ?? place.line
  const name = file === null ? '' : ` ${file.slice(file.lastIndexOf('/') + 1)}`
  return `${place.function ?? '(anonymous)'}${name}${line === null ? '' : `:${line}`}`
}

/** What a wait in a deadlock says of itself: told anew when its places are known better. */
export function deadlockText(links: readonly WaitHolder[], reentrant: boolean): string {
  const texts = links.map(linkText)
  if (!reentrant) return `deadlock: ${texts.join(' -> ')} -> back to this wait`
  return `a queue that is used inside itself: ${texts.join(', ')} ${texts.length > 1 ? 'hold its turns and end' : 'holds a turn and ends'} only when this wait is over`
}
