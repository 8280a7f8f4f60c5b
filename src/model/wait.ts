/**
 * What an await waits for: one type a kind, each with just the fields that its kind has. A field of another kind reads as
 * absent (`wait.peer` of a lock is undefined) and can't be written.
 *
 * Whoever reads a process finds `WaitFacts`. report/wait-words.ts makes the sentences, and the two together are `WaitsFor`,
 * as the evidence has it.
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
  /** What stands in it was sent: the peer answers in turn. */
  readonly sent?: true
}

export interface PoolFacts extends QueueFacts {
  /** Members that are given out. */
  readonly lent: number | null
  readonly idle: number | null
  readonly size: number | null
  /**
   * What it lends where that is no connection: streams of an HTTP/2 session, as many as the peer allows; threads or processes
   * for tasks.
   */
  readonly lends?: 'streams' | 'workers'
  /** Lent members by what they do, and by who has them. */
  readonly members: readonly PoolMember[]
  /** Where members are taken, where one of them has nobody any more; absent when that was not looked for. */
  readonly takenIn?: readonly Taking[]
}

export interface PoolMember {
  /** `nothing`: it runs no command. `unread`: its answer is there and nobody reads it. */
  readonly doing: 'nothing' | 'unread' | 'busy' | 'unknown'
  /** The name of its command; of a request, report/wait-words.ts writes it. */
  readonly what?: string
  /** The HTTP request that it is busy with. */
  readonly request?: Request
  readonly fd?: number
  /** Of a pool's worker thread. */
  readonly tid?: number
  /** Absent: that could not be told. */
  readonly heldBy?: MemberHolder
  readonly count: number
}

/** Who has what a pool lent, as far as memory tells. */
export type MemberHolder =
  /** A suspended function that has it in a variable; `reply`: that awaits what the member is busy with. */
  | { readonly by: 'function'; readonly place: WaitHolder; readonly reply?: true }
  /** A variable or property that lives as long as the process. */
  | { readonly by: 'variable'; readonly parts: readonly PathPart[]; readonly declared: DeclaredPlace | null }
  /** A closure of the application that has it in its scope: of a timer, a listener, a promise. */
  | { readonly by: 'callback'; readonly place: WaitHolder; readonly of: string }
  /** Nothing alive but its pool: whoever took it has left without giving it back. */
  | { readonly by: 'nobody' }

/** A place of the application where members of a pool are taken. */
export interface Taking extends WaitHolder {
  /** How its code can leave without giving back what it took; absent: no such way was seen in its text. */
  readonly leaves?: WayOut
}

export interface WayOut {
  /** `error`: of what it awaits; `never`: no way gives it back. */
  readonly word: 'return' | 'throw' | 'continue' | 'error' | 'never'
  readonly file: string | null
  readonly line: number
  readonly column: number
  readonly source?: SourcePosition
}

/** Where a variable is declared. */
export interface DeclaredPlace {
  /** '' for another place in its scope. */
  readonly variable: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly source?: SourcePosition
}

export interface UnreadStream {
  /** Its class: `PassThrough`. */
  readonly stream: string
  /** Bytes, or objects, that lie in it. */
  readonly buffered: number | null
  /** They are objects. */
  readonly objects?: true
  /** It has a reader, which has paused it, and may go on with it. */
  readonly paused?: true
  /** Nobody ever read it, whether or not data lies in it: so it does not even emit its end. */
  readonly unstarted?: true
  /** Not on the way itself: so many answers to other requests of the same HTTP/2 session. */
  readonly others?: number
}

/**
 * What of this process's own holds a stream up: a write that has not called back, the last step before its end that has
 * not, or that nobody ends it.
 */
export type StreamHold = 'write' | 'final' | 'unended'

export interface WaitHolder {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly source?: SourcePosition
}

/** The sentences of a wait. For readers alone: no code may look into them. */
export interface WaitWords {
  /** One phrase: `GET http://10.0.0.5/api/tasks/poll, sent, no answer`. */
  readonly summary: string
  /** `parts` as one line: `module{costMeter} > Mutex.waiters`. */
  readonly heldThrough?: string
  /** What can't be vouched for, one sentence. */
  readonly doubt?: string
  /** A cycle of holders: each waits for the next, the last for the first. */
  readonly deadlock?: readonly string[]
}

/** Why a wait can't be vouched for. */
export type Unproved =
  | 'holders-not-followed'
  | 'search-not-proved'
  | 'second-search-missing'
  | 'stray-word'
  | 'end-likely'
  | 'holders-only-mention'
  | 'nearest-in-snapshot'
  | 'earlier-look'
  | 'collected'

/** What may be known of any wait. */
export interface AnyWait {
  /** Class of the object that owns the resolver (`Mutex`, `Semaphore`, `LineClient`). */
  readonly owner?: string
  /** The class of the object of Node's, where nothing more of it is known. */
  readonly label?: string
  /** What it is reached through, nearest to the object first: `LineClient.pending`, a suspended function. */
  readonly through?: readonly (string | WaitHolder)[]
  /** A closure of the object mentions the module's variable that holds the resolver: so it can settle it. */
  readonly byVariable?: true
  /** Way from a root or resource to the resolver, in its parts. */
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
  readonly unproved?: Unproved
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

/** A command that by itself waits at the server for something to come. */
interface BlockingRead {
  /** Its name: `brpop`. */
  readonly blocking?: string
  /** After so long the server answers it without anything having come; 0: never. Absent: not known. */
  readonly blockingMs?: number
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

export interface Request {
  readonly method?: string
  /** Without query and credentials. */
  readonly url?: string
  readonly sent?: boolean
  /** The answer has begun. */
  readonly answered?: boolean
  /** The wait is for the answer's body, which is not complete. */
  readonly body?: 'incomplete'
  /** Its header asks for `100 Continue`: whoever sends it holds back the body until then. */
  readonly expects?: 'continue'
}

export interface SocketWait extends AnyWait, OnConnection, Listening, BlockingRead {
  readonly kind: 'socket'
  readonly type?: 'datagram' | 'pipe' | 'tls' | 'listening' | 'web-socket'
  readonly host?: string
  /** Of a WebSocket, without its query: `ws://10.0.0.5:8080/feed`. */
  readonly address?: string
  readonly connecting?: true
  /** A server's side of a connection, or a server that listens: what comes there is no reply. */
  readonly incoming?: boolean
  /** Of a server that was closed and waits for its connections to end: how many there are, and their descriptors. */
  readonly open?: { readonly connections: number; readonly fds: readonly number[] }
  /** The queue that it stands in, in front of the connection. */
  readonly queuedIn?: QueueFacts
  /** It is an entry of a table of the application's own: its request may have been sent on an earlier connection. */
  readonly mayBeLost?: true
}

export interface RequestWait extends AnyWait, OnConnection, Listening, Request {
  readonly kind: 'http-request' | 'http2-stream'
  /** Of HTTP/2: a whole session, or one stream of it. */
  readonly part?: 'session' | 'server-session' | 'stream'
  readonly streamId?: number
  readonly authority?: string
  readonly path?: string
}

export interface TimerWait extends AnyWait, Listening {
  readonly kind: 'timer'
  /** Its whole length. */
  readonly afterMs?: number
  readonly repeats?: true
  readonly dueInMs?: number
  /** Since it was set. */
  readonly sinceMs?: number
  /** Something failed, and is to be tried again when the timer is due. */
  readonly again?: TryAgain
}

/** What is known of attempts that fail. */
export interface TryAgain {
  /** The function that caught the error; absent where a package's own count tells. */
  readonly at?: WaitHolder
  /** Of the last error: `ECONNREFUSED 127.0.0.1:1` as Node's own errors say it, else its class. */
  readonly error?: string
  /** So far, as a package counts them. */
  readonly attempts?: number
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
  /** The program. */
  readonly file?: string
  readonly pid?: number
  /** Which of its standard streams the wait hangs on, where it is one. */
  readonly stdio?: 'stdin' | 'stdout' | 'stderr' | 'other'
  /** How it ended, as Node has noted it: `exited with code 1`. Absent: it runs, or that is not known. */
  readonly ended?: string
  /** Of one that has ended: a stream of its output has not, so that something else still has it. */
  readonly outputOpen?: true
}

export interface ThreadWait extends AnyWait, Listening {
  readonly kind: 'worker' | 'message-port'
  readonly threadId?: number
  /** The thread that a Worker runs. */
  readonly tid?: number
  /** Of a pool's task, since it was given to that thread. */
  readonly sinceMs?: number
  /** Of a BroadcastChannel. */
  readonly name?: string
}

/** `emitter`: events.once and the like: a live emitter, an event that did not come. */
export interface EmitterWait extends AnyWait, OnConnection, Listening {
  readonly kind: 'stream' | 'emitter'
  readonly path?: string
  /**
   * The event tells of a task of the queue in a slot of whose worker (`owner`) the wait itself stands: how many slots that has
   * in this process, and how many are taken.
   */
  readonly slots?: { readonly owner: string; readonly slots: number; readonly taken: number }
  /** It is told to a list of functions that is no emitter of Node's: `observers`, an array by event. */
  readonly list?: true
  /** Not for an event, but for data. */
  readonly data?: true
  /** Channels or patterns that the client is subscribed to, of which the event is to tell. */
  readonly subscribedTo?: readonly string[]
  /** Its end is what makes the wait hopeless: it is told with the event. */
  readonly hopeless?: true
  /** What holds the stream up, where its own state says so. */
  readonly hold?: StreamHold
  /** Of one that nobody ends: the class of what is piped into it and was destroyed before its end. */
  readonly failedSource?: string
  /** Of one that nobody ends: it is the body of what is being written to this process's connection (`fd`). */
  readonly isBody?: true
}

export interface SignalWait extends AnyWait, Listening {
  readonly kind: 'abort-signal'
}

/** A function that gives a lock back when it is called: what it listens to, `Timeout` or an emitter's class, and for what. */
export interface LockCallback extends WaitHolder {
  readonly of: string
  readonly event?: string
}

/** A resolver held in a user's queue. */
export interface LockWait extends AnyWait {
  readonly kind: 'lock'
  /** By which a platform's own lock is asked for (`navigator.locks`). */
  readonly name?: string
  readonly mode?: 'exclusive' | 'shared'
  /** A deadlock's cycle of holders: each waits for the next, the last for what the first holds. */
  readonly links?: readonly WaitHolder[]
  /** The cycle is one queue, used inside itself. */
  readonly reentrant?: boolean
  /** The queue's owner says that it is paused: nobody takes anything out of it until it is started again. */
  readonly paused?: true
  /** The queue's owner has a budget that is used up: nobody takes anything out of it until it is filled again. */
  readonly spent?: true
  /** One of the queues of a table: the turns that are held may be of other keys. */
  readonly keyed?: true
  /** Callbacks of the application that are to give it back; of a lock that no suspended function was found to hold. */
  readonly callbacks?: readonly LockCallback[]
  /** Where the code that takes it can leave without giving it back; of a lock that nobody was found to hold. */
  readonly left?: WaitHolder & { readonly word: 'return' | 'throw' | 'continue' | 'error' }
}

/** A turn in the queue of a pool whose members are lent. */
export interface PoolWait extends AnyWait, Request {
  readonly kind: 'pool'
  readonly pool?: PoolFacts
}

/** A command kept until there is a connection. */
export interface BufferWait extends AnyWait, Listening, BlockingRead {
  readonly kind: 'buffer'
  /** What is waited for: the connection itself, a pool's first one, or that a kept command is sent. */
  readonly until?: 'connected' | 'first-connection' | 'sent'
  /** What the connection's owner says of it: `reconnecting`. */
  readonly connection?: string
  /** Nobody will connect it: its owner says that it is to be, and has no attempt under way and none planned. */
  readonly parked?: true
  /** It was sent on a connection that is gone, and is to be sent again with the next one. */
  readonly wasSent?: true
  /** Whether it was sent on a connection that is gone, or is kept until there is one, can't be told. */
  readonly mayBeSent?: true
  readonly peer?: string
  readonly queuedIn?: QueueFacts
}

/** The evaluation of a module that waits for itself. */
export interface ModuleWait extends AnyWait {
  readonly kind: 'module'
  /** Names of the modules from the one that is imported to the importer, each imported by the one before it. */
  readonly modules?: readonly string[]
  readonly links?: readonly WaitHolder[]
}

/** Another suspended function, which is listed itself. */
export interface FunctionWait extends AnyWait {
  readonly kind: 'await'
  /** The end of a function, of a module's evaluation, of what runs under a lock, or whatever a function does in time. */
  readonly until?: 'end' | 'module' | 'lock-released' | 'settled'
  /** Of that lock. */
  readonly name?: string
  readonly by?: WaitHolder | null
}

/** No live root reaches a settler; of `collected` the promise itself is gone; of a `circle`, the `holders` are functions that wait for each other's end, the last for its own. */
export interface NothingWait extends AnyWait {
  readonly kind: 'nothing'
  readonly why?:
    | 'no-settler'
    | 'unused-scopes'
    | 'own-callers'
    | 'not-in-snapshot'
    | 'listener-collected'
    | 'collected'
    | 'circle'
  /** That the listener was for. */
  readonly event?: string
}

/** Also an object of Node's that we have no name for, with its descriptor. */
export interface UnknownWait extends AnyWait, OnConnection, Listening {
  readonly kind: 'unknown'
  /** `held`: by `parts`. `entry`: of a table that nothing is seen to settle. */
  readonly why?:
    | 'no-settler'
    | 'not-near'
    | 'not-searched'
    | 'native-code'
    | 'timer-only'
    | 'moved'
    | 'held'
    | 'entry'
    | 'atomics'
    | 'fake-timer'
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

type WithWords<W> = W extends unknown ? W & WaitWords : never

/** What the innermost promise of a chain waits for, as it was read. */
export type WaitFacts = WithoutForeign<AWait>
/** The same with its sentences, as the evidence has it. */
export type WaitsFor = WithWords<WaitFacts>
export type WaitKind = WaitsFor['kind']
type OfKind<W, K> = W extends { readonly kind: infer Own } ? (K extends Own ? W : never) : never
/** One kind of wait, or some: `WaitOf<'socket'>`. */
export type WaitOf<K extends WaitKind> = OfKind<WaitFacts, K>

/** Objects of Node's: what the kernel, a timer or another thread can wake. */
export type ResourceWait = Exclude<WaitFacts, WaitOf<'lock' | 'pool' | 'buffer' | 'module' | 'await' | 'nothing'>>

/** Kinds that may wait on a connection of their own. */
type ConnectedKind = 'socket' | 'http-request' | 'http2-stream' | 'stream' | 'emitter' | 'unknown'
/** Kinds that libuv's thread pool works for. */
type PooledKind = 'file' | 'dns' | 'pool-request'

const CONNECTED: ReadonlySet<WaitKind> = new Set<ConnectedKind>([
  'socket',
  'http-request',
  'http2-stream',
  'stream',
  'emitter',
  'unknown',
])
const POOLED: ReadonlySet<WaitKind> = new Set<PooledKind>(['file', 'dns', 'pool-request'])

export function isConnected<W extends WaitFacts>(wait: W): wait is Extract<W, { readonly kind: ConnectedKind }> {
  return CONNECTED.has(wait.kind)
}

export function isPooled<W extends WaitFacts>(wait: W): wait is Extract<W, { readonly kind: PooledKind }> {
  return POOLED.has(wait.kind)
}
