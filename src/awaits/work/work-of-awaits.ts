/**
 * Whose work each suspended function does: by the stores that it will be resumed with, else by its first argument when
 * that is a task of Conductor's (an SDK before 3.0 has no context; a user's `execute` is called with the task), else by
 * the same of who awaits it.
 */
import type { Work } from '../../model/work.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { PromiseLinks } from '../../v8/objects/promises.js'
import type { Suspended } from '../scan/suspended.js'
import { storesOfContextFrame, storesOfResource } from '../stores/async-stores.js'
import { taskOf, workOfStores } from '../stores/identify-work.js'
import { registersOf } from '../../v8/objects/suspended-frame.js'

/** Beyond them functions alike are told by the others of their group. */
const MAX_READ = 4_000
const MAX_CHAIN = 100

/** Of one scan it is asked at every look at which the scan still holds. */
const known = new WeakMap<readonly Suspended[], WorkOptions & { readonly works: readonly (Work | null)[] }>()

export interface WorkOptions {
  /** Name the keys of stores that are not known. */
  readonly withForeign: boolean
}

/** @param awaiters by index of the list, whom a function's end resumes */
export function workOfAwaits(
  objects: Objects,
  links: PromiseLinks,
  list: readonly Suspended[],
  awaiters: readonly (readonly number[])[],
  options: WorkOptions,
): readonly (Work | null)[] {
  const before = known.get(list)
  if (before?.withForeign === options.withForeign) return before.works
  const reader = new WorkReader(objects, links, options)
  const own = list.map((one, i) => (i < MAX_READ ? reader.of(one) : null))
  const works = own.some((work) => work !== null) ? own.map((_, i) => alongChain(own, awaiters, i)) : own
  known.set(list, { withForeign: options.withForeign, works })
  return works
}

/** The nearest task and the nearest trace up the chain: a store of the application's may hide neither. */
function alongChain(
  own: readonly (Work | null)[],
  awaiters: readonly (readonly number[])[],
  start: number,
): Work | null {
  let work = own[start] ?? null
  const seen = new Set<number>()
  for (let i: number | undefined = start; i !== undefined && !seen.has(i) && seen.size < MAX_CHAIN;) {
    seen.add(i)
    const here: Work | null = own[i] ?? null
    if (here !== null) work = work === null ? here : { ...here, ...work }
    if (work?.task !== undefined && work.trace !== undefined) break
    i = awaiters[i]?.[0]
  }
  return work
}

class WorkReader {
  readonly #objects: Objects
  readonly #links: PromiseLinks
  readonly #options: WorkOptions
  readonly #byFrame = new Map<Tagged, Work | null>()

  constructor(objects: Objects, links: PromiseLinks, options: WorkOptions) {
    this.#objects = objects
    this.#links = links
    this.#options = options
  }

  of(one: Suspended): Work | null {
    const byStores = this.#ofStores(one)
    if (byStores?.task !== undefined) return byStores
    const task = this.#taskArgument(one)
    return task === null ? byStores : { task, ...byStores }
  }

  #ofStores(one: Suspended): Work | null {
    const { heap } = this.#objects
    const { reaction } = heap.layout
    const mine = this.#links.reactionOf(one.awaits, one.generator)
    const preserved = mine === 0 || reaction.preserved < 0 ? 0 : heap.field(mine, reaction.preserved)
    if (heap.is(preserved, 'JS_MAP')) return this.#ofFrame(preserved)
    const capability = mine === 0 ? 0 : heap.field(mine, reaction.capability)
    for (const resource of [capability, ...one.results]) {
      const stores = heap.is(resource, 'JS_PROMISE') ? storesOfResource(this.#objects, resource) : []
      if (stores.length > 0) return workOfStores(this.#objects, stores, this.#options.withForeign)
    }
    return null
  }

  /** Functions of one task share it. */
  #ofFrame(frame: Tagged): Work | null {
    let work = this.#byFrame.get(frame)
    if (work === undefined) {
      work = workOfStores(this.#objects, storesOfContextFrame(this.#objects, frame), this.#options.withForeign)
      this.#byFrame.set(frame, work)
    }
    return work
  }

  #taskArgument(one: Suspended): ReturnType<typeof taskOf> {
    const { heap } = this.#objects
    return taskOf(this.#objects, heap.element(registersOf(heap, one), 0))
  }
}
