/** What a family of Node's objects says of itself. A new resource is a file with one of these, and a line in families.ts. */
import type { ResourceWait, WaitOf } from '../model/wait.js'
import type { NodeObject } from './node-object.js'

export interface Circumstances {
  /** ms since the isolate's environment started; null when that can't be told. */
  readonly uptimeMs: number | null
  /** The way to what waits leads through the answer's body. */
  readonly answering?: boolean
}

/**
 * An async function of Node's own that awaits a promise which C++ alone settles, and gives C++ a function of its scope:
 * nothing in the heap says more of such a wait than the variables of that scope.
 */
export interface NativeCall {
  /** `node:internal/locks`. */
  readonly script: string
  readonly function: string
  /** The function in a variable of its own that C++ is given. */
  readonly callback: string
}

export interface Family {
  /** JavaScript classes of Node's own that the kernel, a timer or another thread wakes: a search ends at one. */
  readonly classes?: readonly string[]
  /** Classes that are met on the way to one of `classes` and say what was asked. */
  readonly requests?: readonly string[]
  /** Other classes on the way that say more than the resource behind them. */
  readonly waypoints?: readonly string[]
  /** C++ classes, and the JavaScript names of their objects. */
  readonly natives?: readonly string[]
  /** Further C++ classes by the look of their name. */
  readonly nativeLike?: RegExp
  /** As a rule these only bound a wait. */
  readonly guards?: readonly string[]
  /** Null for an object that turns out to be none. */
  describe(object: NodeObject, at: Circumstances): ResourceWait | null
  /** Without it a native object is named by its class, with its descriptor. */
  describeNative?(object: NodeObject): ResourceWait | null
  readonly nativeKind?: ResourceWait['kind']
  readonly call?: NativeCall
  /** `scope` reads variables; its C++ side is there as long as C++ holds the callback. */
  describeCall?(scope: NodeObject): WaitOf<'lock' | 'await'> | null
}
