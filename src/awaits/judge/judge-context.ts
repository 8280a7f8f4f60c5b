/** What the judgement of one leaf looks into: the heap's readers, the searches' results, and the locks among them. */
import type { PoolFacts, WaitFacts, WaitHolder } from '../../model/await.js'
import type { SuspendedFunctions } from '../scan/suspended.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { PromiseLinks } from '../../v8/objects/promises.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { DescribeContext } from '../resources/describe-resource.js'
import type { ChildStream } from '../resources/child-streams.js'
import type { PoolReading } from '../resources/pools.js'
import type { ModuleUse } from '../search/forward.js'
import type { Locks } from './locks.js'
import type { Paths } from './paths.js'
import type { TimerPaths } from './timer-paths.js'

export interface JudgeContext {
  readonly objects: Objects
  readonly scopes: CodeScopes
  readonly paths: Paths
  readonly timers: TimerPaths
  readonly locks: Locks
  readonly suspended: SuspendedFunctions
  readonly links: PromiseLinks
  readonly describe: DescribeContext
  /** What Node's own calls wait for that C++ answers; null for any other promise. */
  readonly callWait: (promise: Tagged) => WaitFacts | null
  readonly moduleUses: readonly ModuleUse[]
  /** Where a suspended function stands; empty when it is none. */
  readonly place: (generator: Tagged) => WaitHolder[]
  /** The resource a closure belongs to, by the forward search; 0 without one. */
  resourceOf(closure: Tagged): Tagged
  /** Descriptors of the open connections that a server has accepted. */
  readonly acceptedBy: (server: Tagged) => number[]
  /** The child process that a pipe is a standard stream of; null for any other. */
  readonly childOf: (pipe: Tagged) => ChildStream | null
  /** Objects that C++ holds by a strong handle. */
  readonly strong: ReadonlySet<Tagged>
  readonly stray: ReadonlySet<Tagged>
  /** What is read of each pool that is waited for, for the search of who has its members. */
  readonly lent: Map<PoolFacts, PoolReading>
  /** Whether the searches proved on this very process that they find what is there. */
  readonly controlled: boolean
}
