/** How sentences speak of a queue of resolvers: by the variable and the property it is kept in, not by its path. */
import type { WaitHolder, WaitsFor } from '../../model/await.js'

/** `clock` and `block` are none. Of a class or variable without such a name one can't tell what its queue is for. */
const LOCK_NAME = /mutex|semaphor|(?<![bc])lock|latch|permit|limiter/i

/** Whether the names around it say that it is a lock, and not just an array of resolvers. */
export function isLockByName(waits: WaitsFor): boolean {
  const names = (waits.parts ?? []).map((part) => part.name + part.slot)
  return LOCK_NAME.test(`${names.join(' ')} ${waits.owner ?? ''}`)
}

/** `the lock ledger (Mutex.waiters)`: by the variable it is kept in, and the property of the first object behind it. */
export function queueName(waits: WaitsFor): string {
  if (waits.kind === 'lock' && waits.name !== undefined)
    return `the lock ${waits.name}${waits.owner === undefined ? '' : ` (${waits.owner})`}`
  const noun = isLockByName(waits) ? 'lock' : 'queue'
  const [variable, first] = waits.parts ?? []
  if (variable?.role === 'module' && variable.slot !== '') {
    const property = first?.role === 'object' && first.slot.startsWith('.') ? ` (${first.name}${first.slot})` : ''
    return `the ${noun} ${variable.slot.slice(1, -1)}${property}`
  }
  return waits.owner === undefined ? 'a queue of resolvers' : `a ${noun} (${waits.owner})`
}

/** `audit (w2.mjs:6)` */
export function holderText(holder: WaitHolder): string {
  const name = holder.function ?? 'an anonymous function'
  return (holder.source?.file ?? holder.file) === null ? name : `${name} (${fileLine(holder)})`
}

/** `w2.mjs:6` */
export function fileLine({ source, file, line }: Pick<WaitHolder, 'source' | 'file' | 'line'>): string {
  const path = source?.file ?? file ?? '?'
  return `${path.slice(path.lastIndexOf('/') + 1)}:${source?.line ?? line ?? '?'}`
}
