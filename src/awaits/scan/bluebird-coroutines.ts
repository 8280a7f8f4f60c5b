/**
 * Generators that bluebird steps (`Promise.coroutine`): by its own promises, which no native one leads to. Its PromiseSpawn has the
 * generator, the promise that it yielded and the one that its end settles (bluebird 3, js/release/generators.js). So the chain
 * can be told, and the place; what the promise at its bottom waits for is not followed.
 */
import type { SuspendedFunction } from '../../model/await-grouping.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { Suspended } from './suspended.js'

const STEPPER = 'PromiseSpawn'
/** Whose objects the scan is to collect. */
export const COROUTINE_CLASSES: readonly string[] = [STEPPER]

/** @param found what is said of each of the `list`; its awaiters count from `offset` */
export function withCoroutines(
  objects: Objects,
  others: readonly Tagged[],
  list: readonly Suspended[],
  found: readonly SuspendedFunction[],
  offset: number,
): readonly SuspendedFunction[] {
  const indices = new Map(
    list.flatMap((one, i) => (one.kind === 'generator' && one.awaits === 0 ? [[one.generator, i]] : [])),
  )
  if (indices.size === 0) return found
  const steps = others.flatMap((object) => {
    if (!objects.heap.is(object, 'JS_OBJECT') || objects.className(object) !== STEPPER) return []
    const index = indices.get(objects.getObject(object, ['_generator']))
    const yielded = objects.getObject(object, ['_yieldedPromise'])
    return index === undefined || yielded === 0
      ? []
      : [{ index, yielded, result: objects.getObject(object, ['_promise']) }]
  })
  const results = new Set(steps.map(({ result }) => result))
  const waiting = new Map<Tagged, number[]>()
  for (const { index, yielded } of steps) {
    const known = waiting.get(yielded)
    if (known === undefined) waiting.set(yielded, [index + offset])
    else known.push(index + offset)
  }
  const told = [...found]
  for (const { index, yielded, result } of steps) {
    const one = found[index]
    if (one === undefined) continue
    const { idle: _, ...rest } = one
    const listed = results.has(yielded)
    told[index] = {
      ...rest,
      awaiters: [...rest.awaiters, ...(waiting.get(result) ?? [])],
      awaitsListed: listed,
      waitsFor: listed ? null : { kind: 'unknown', label: 'a promise of bluebird' },
    }
  }
  return told
}
