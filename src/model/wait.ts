/**
 * What an await waits for: one type a kind, each with just the fields that its kind has. A field of another kind reads as
 * absent (`wait.peer` of a lock is undefined) and can't be written. In evidence it is the same plain object as ever.
 */
import type { SourcePosition } from './frame.js'

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

/** What may be said of any wait. */
export interface AnyWait {
  /** One phrase: `GET http://10.0.0.5/api/tasks/poll, sent, no answer`. For readers alone: no code may look into it. */
  readonly summary: string
  /** Class of the object that owns the resolver (`Mutex`, `Semaphore`, `LineClient`). */
  readonly owner?: string
  /** Property path from a root or resource to the resolver: `module{costMeter} > Mutex.waiters`. */
  readonly heldThrough?: string
  /** The same path in its parts. */
  readonly parts?: readonly PathPart[]
  /** The function that waits is the queue's own code (`Mutex.acquire`): whoever called it is who waits for the lock. */
  readonly ownCode?: true
  /** Suspended functions that can reach the resolver: who holds a lock. */
  readonly holders?: readonly WaitHolder[]
  /** A timer that can only end the wait by failing it, or of which it is not known that it settles it. */
  readonly guard?: { readonly afterMs?: number; readonly dueInMs?: number }
  /** Where the promise was made, when that can be told. */
  readonly madeAt?: SourcePosition
  /** The search for it did not come to its end: `unknown` only means that it was not found in time. */
  readonly cutShort?: boolean
  /** What was found of it was another one a moment later: it went on, as a rule. */
  readonly changed?: true
  /** What can't be vouched for, one sentence. */
  readonly doubt?: string
}

/** A listener for an event of the object that is waited for. */
interface Listening {
  readonly event?: string
  /** That object is over: an emitter that is closed never emits. */
  readonly over?: string
}

/** A descriptor, and once the kernel's sockets are joined, the connection behind it. */
interface OnConnection {
  readonly fd?: number
  readonly peer?: string
  readonly local?: string
  /** TCP state of the joined socket. */
  readonly state?: string
  readonly sendQueueBytes?: number
  readonly receiveQueueBytes?: number
  readonly retransmits?: number
  readonly unacknowledged?: boolean
  /** How long nothing came on it. */
  readonly sinceMs?: number
  /** The stream between the connection and the wait that takes no data. */
  readonly unread?: UnreadStream
}

/** Work of libuv's thread pool. */
interface InPool {
  /** Queued behind others (true), or running in a pool thread (false). */
  readonly queued?: boolean
  /** The pool thread that runs it. */
  readonly tid?: number
  /** The system call that the pool thread is in; `running` when it computes. */
  readonly syscall?: string
}

interface Request {
  readonly method?: string
  /** Without query and credentials. */
  readonly url?: string
  readonly sent?: boolean
}

export interface SocketWait extends AnyWait, OnConnection, Listening {
  readonly kind: 'socket'
  readonly host?: string
  /** A server's side of a connection, or a server that listens: what comes there is no reply. */
  readonly incoming?: boolean
  /** The queue that it stands in, in front of the connection. */
  readonly queuedIn?: QueueFacts
  /** A command that by itself waits at the server for something to come (`brpop`). */
  readonly blocking?: string
}

export interface RequestWait extends AnyWait, OnConnection, Listening, Request {
  readonly kind: 'http-request' | 'http2-stream'
  /** The answer has begun. */
  readonly answered?: boolean
}

export interface TimerWait extends AnyWait, Listening {
  readonly kind: 'timer'
  readonly dueInMs?: number
  /** Since it was set. */
  readonly sinceMs?: number
}

export interface FileWait extends AnyWait, Listening, InPool {
  readonly kind: 'file'
  readonly path?: string
  readonly fd?: number
}

export interface LookupWait extends AnyWait, Listening, InPool {
  readonly kind: 'dns'
  readonly host?: string
}

/** crypto, zlib, other work of libuv's pool. */
export interface PoolRequestWait extends AnyWait, Listening, InPool {
  readonly kind: 'pool-request'
}

export interface ChildWait extends AnyWait, Listening {
  readonly kind: 'child'
  readonly pid?: number
}

export interface ThreadWait extends AnyWait, Listening {
  readonly kind: 'worker' | 'message-port'
  readonly threadId?: number
}

/** `emitter`: events.once and the like: a live emitter, an event that did not come. */
export interface EmitterWait extends AnyWait, OnConnection, Listening {
  readonly kind: 'stream' | 'emitter'
  readonly path?: string
}

export interface SignalWait extends AnyWait, Listening {
  readonly kind: 'abort-signal'
}

/** A resolver held in a user's queue. */
export interface LockWait extends AnyWait {
  readonly kind: 'lock'
  /** A cycle of holders: each waits for the next, the last for the first. */
  readonly deadlock?: readonly string[]
  /** The same as places; the last one waits for what the first holds. */
  readonly links?: readonly WaitHolder[]
  /** The cycle is one queue, used inside itself. */
  readonly reentrant?: boolean
}

/** A turn in the queue of a pool whose members are lent. */
export interface PoolWait extends AnyWait, Request {
  readonly kind: 'pool'
  readonly pool?: PoolFacts
}

/** A command kept until there is a connection. */
export interface BufferWait extends AnyWait, Listening {
  readonly kind: 'buffer'
  /** What the connection's owner says of it: `reconnecting`. */
  readonly connection?: string
  readonly peer?: string
  readonly queuedIn?: QueueFacts
}

/** The evaluation of a module that waits for itself. */
export interface ModuleWait extends AnyWait {
  readonly kind: 'module'
  readonly links?: readonly WaitHolder[]
}

/** Another suspended function, which is listed itself. */
export interface FunctionWait extends AnyWait {
  readonly kind: 'await'
}

/** No live root reaches a settler. */
export interface NothingWait extends AnyWait {
  readonly kind: 'nothing'
}

/** Also an object of Node's that we have no name for, with its descriptor. */
export interface UnknownWait extends AnyWait, OnConnection, Listening {
  readonly kind: 'unknown'
}

export type AWait =
  | SocketWait
  | RequestWait
  | TimerWait
  | FileWait
  | LookupWait
  | PoolRequestWait
  | ChildWait
  | ThreadWait
  | EmitterWait
  | SignalWait
  | LockWait
  | PoolWait
  | BufferWait
  | ModuleWait
  | FunctionWait
  | NothingWait
  | UnknownWait

type Field<W> = W extends unknown ? keyof W : never
/** Of each kind: its own fields, and those of the others as absent. */
type WithoutForeign<W> = W extends unknown ? W & { readonly [F in Exclude<Field<AWait>, keyof W>]?: undefined } : never

/** What the innermost promise of a chain waits for. */
export type WaitsFor = WithoutForeign<AWait>
export type WaitKind = WaitsFor['kind']
type OfKind<W, K> = W extends { readonly kind: infer Own } ? (K extends Own ? W : never) : never
/** One kind of wait, or some: `WaitOf<'socket'>`. */
export type WaitOf<K extends WaitKind> = OfKind<WaitsFor, K>

/** Objects of Node's: what the kernel, a timer or another thread can wake. */
export type ResourceWait = Exclude<WaitsFor, WaitOf<'lock' | 'pool' | 'buffer' | 'module' | 'await' | 'nothing'>>

/** Kinds that may wait on a connection of their own. */
export type ConnectedWait = WaitOf<'socket' | 'http-request' | 'stream' | 'unknown'>
/** Kinds that libuv's thread pool works for. */
export type PooledWait = WaitOf<'file' | 'dns' | 'pool-request'>

const CONNECTED: ReadonlySet<WaitKind> = new Set<WaitKind>([
  'socket',
  'http-request',
  'http2-stream',
  'stream',
  'emitter',
  'unknown',
])
const POOLED: ReadonlySet<WaitKind> = new Set<WaitKind>(['file', 'dns', 'pool-request'])

export function isConnected(wait: WaitsFor): wait is ConnectedWait {
  return CONNECTED.has(wait.kind)
}

export function isPooled(wait: WaitsFor): wait is PooledWait {
  return POOLED.has(wait.kind)
}
