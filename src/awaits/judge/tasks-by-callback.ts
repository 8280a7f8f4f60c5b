/**
 * Who holds a turn of a lock whose code runs its tasks by callbacks, as compiled code below ES2015 does (async-mutex) and
 * whatever says `task().then(...)`: a suspended function whose end calls a function that has the lock in its scopes. No
 * suspended function of the lock's own leads from one to the other.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Suspended } from '../scan/suspended.js'
import type { Finding } from '../search/wait-search.js'
import type { HeapPathPart } from './heap-path-part.js'
import type { JudgeContext } from './judge-context.js'

/** `fulfilled` of a compiled async function, what makes its promise, and the function itself. */
const MAX_SCOPES = 4
const MAX_SLOTS = 32
const MAX_PROMISES = 8
const MAX_FUNCTIONS = 2_000

/** @param parts the way from where the search ended to the promise */
export function tasksByCallback(context: JudgeContext, finding: Finding, parts: readonly HeapPathPart[]): Tagged[] {
  const owner = ownerIn(parts)
  if (owner === 0) return []
  const { suspended, locks } = context
  const queue = locks.queueOf(finding)
  const isInQueue = ({ generator }: Suspended): boolean => {
    const bottom = locks.chains.bottomOf(generator)
    const waits = locks.findingOf(bottom)
    return bottom === finding.promise || (waits !== null && locks.queueOf(waits) === queue)
  }
  return suspended.list
    .slice(0, MAX_FUNCTIONS)
    .filter((one) => one.awaits !== 0 && one.kind === 'async function' && !isInQueue(one))
    .filter((one) => callbacksOf(context, one).some((callback) => hasInScopes(context, callback, owner)))
    .map(({ generator }) => generator)
}

/** What the queue is a property of, directly or through plain objects: not what merely has such a lock. */
function ownerIn(parts: readonly HeapPathPart[]): Tagged {
  const at = parts.findIndex(({ role }) => role === 'collection')
  const above = parts.slice(0, Math.max(at, 0)).findLast(({ role, name }) => role === 'object' && name !== 'Object')
  return above?.object ?? 0
}

/** What is called at its end, at once or by promises between. */
function callbacksOf({ links }: JudgeContext, { results }: Suspended): Tagged[] {
  const promises = new Set(results)
  const found: Tagged[] = []
  for (const promise of promises) {
    if (promises.size > MAX_PROMISES) break
    found.push(...links.callbacksOf(promise))
    for (const settled of links.targets(promise).promises) promises.add(settled)
  }
  return found
}

function hasInScopes({ objects, scopes }: JudgeContext, callback: Tagged, owner: Tagged): boolean {
  const { heap } = objects
  const { length, previousIndex } = heap.layout.context
  let scope = heap.functionContext(callback)
  for (let depth = 0; depth < MAX_SCOPES && heap.isContext(scope); depth++) {
    const type = heap.typeOf(scope)
    // All of a module's code has what its variables hold.
    if (scopes.isNativeContextType(type) || scopes.isModuleScope(scope, type)) return false
    const slots = Math.min(heap.smi(scope, length) ?? 0, MAX_SLOTS)
    for (let slot = previousIndex + 1; slot < slots; slot++) if (heap.contextSlot(scope, slot) === owner) return true
    scope = heap.contextSlot(scope, previousIndex)
  }
  return false
}
