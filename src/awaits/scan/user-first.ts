/**
 * Which of several awaiters is told as the way out. A promise that a package keeps (`this.connecting`) is awaited by the
 * package's own housekeeping as well: the awaiter that leads to the application's code says whose work stands still.
 */
import { originOf } from '../../source/origin.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import type { Suspended } from './suspended.js'

/** Each list with those first that lead to code of the user's, else as it was. */
export function userFirst(
  list: readonly Suspended[],
  awaiters: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  if (awaiters.every((above) => above.length < 2)) return awaiters
  const reaches = new Int8Array(list.length)
  const origins = new Map<string | null, boolean>()
  const isUser = (i: number): boolean => {
    const name = list[i]?.function.script?.name ?? null
    const known = origins.get(name) ?? originOf(scriptPath(name)) === 'user'
    origins.set(name, known)
    return known
  }
  // From the user's functions down: whoever they await, directly or not, leads to them.
  const awaited = new Map<number, number[]>()
  for (const [i, above] of awaiters.entries()) {
    for (const j of above) {
      const below = awaited.get(j)
      if (below === undefined) awaited.set(j, [i])
      else below.push(i)
    }
  }
  const queue = list.flatMap((_, i) => (isUser(i) ? [i] : []))
  for (const i of queue) reaches[i] = 1
  for (let head = 0; head < queue.length; head++) {
    for (const i of awaited.get(queue[head] ?? -1) ?? []) {
      if (reaches[i] === 1) continue
      reaches[i] = 1
      queue.push(i)
    }
  }
  return awaiters.map((above) =>
    above.length < 2 ? above : above.toSorted((a, b) => (reaches[b] ?? 0) - (reaches[a] ?? 0)),
  )
}
