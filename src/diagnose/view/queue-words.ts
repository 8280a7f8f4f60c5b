/** How sentences speak of a queue of resolvers: by the variable and the property it is kept in, not by its path. */
import type { WaitHolder, WaitsFor } from '../../model/await.js'

/** `clock` and `block` are none. Of a class or variable without such a name one can't tell what its queue is for. */
const LOCK_NAME = /mutex|semaphor|(?<![bc])lock|latch|permit|limiter/i

/** Whether the names around it say that it is a lock, and not just an array of resolvers. */
export function isLockByName(waits: WaitsFor): boolean {
  return LOCK_NAME.test(`${waits.heldThrough ?? ''} ${waits.owner ?? ''}`)
}

/** `the lock costMeter (Mutex.waiters)`, from `module{costMeter} > Mutex.waiters > Array[0]`. */
export function queueName(waits: WaitsFor): string {
  const noun = isLockByName(waits) ? 'lock' : 'queue'
  const [, variable, first] = /^module\{([^}]+)\}(?: > ([^ >]+))?/.exec(waits.heldThrough ?? '') ?? []
  if (variable !== undefined) {
    const property = first !== undefined && /^[\w$]+\.[\w$#]+$/.test(first) ? ` (${first})` : ''
    return `the ${noun} ${variable}${property}`
  }
  return waits.owner === undefined ? 'a queue of resolvers' : `a ${noun} (${waits.owner})`
}

/** `audit (w2.mjs:6)` */
export function holderText(holder: WaitHolder): string {
  const file = holder.file?.slice(holder.file.lastIndexOf('/') + 1)
  return `${holder.function ?? 'an anonymous function'}${file === undefined ? '' : ` (${file}:${holder.line ?? '?'})`}`
}
