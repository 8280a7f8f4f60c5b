/**
 * Modules that stand at a top-level await whose promise is gone. Their graph keeps their code, so it outlives what it waits
 * for: a call that nothing can settle is garbage together with its promise, and no reaction leads back to the module.
 *
 * A scan that misses the promise proves nothing while the target runs: a module that went on after its promises were read
 * awaits a younger one. But each await leaves a reaction that leads to its function (through a closure and its context, which
 * the last V8 keeps with the function), and a loop that goes on always has some, alive or not collected yet. So the heap is
 * searched for them, and only a module that none leads to is left.
 */
import type { WaitFacts } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { ContainingObjects } from '../../v8/objects/containing-object.js'
import type { Objects } from '../../v8/objects/objects.js'
import { stillThere, type Suspended } from '../scan/suspended.js'
import type { AwaitScan } from '../scan/await-scan.js'
import type { FreshHeap } from '../scan/settled-scan.js'
import { scanHolders } from './reverse-scan.js'

export const LEFT_MODULE: WaitFacts = { kind: 'nothing', why: 'collected' }

const MAX_HOLDERS = 10_000

/** One that has not begun stands at its first suspension, and waits for what it imports. One that was seen to go on is at work. */
export function mayBeLeft({ kind, awaits, continuation, resumed }: Suspended): boolean {
  return kind === 'module' && awaits === 0 && continuation > 0 && resumed !== true
}

/** False where functions or promises may have been missed: what then seems gone was only not read. */
function wasReadWhole({ cost, suspended }: AwaitScan): boolean {
  return cost.complete && suspended.unread === 0
}

/** @param collections garbage collections when the scan began; one in between may have moved what the module awaits */
export function leftModules(
  objects: Objects,
  scan: AwaitScan,
  { fresh, collections, expired }: { fresh: FreshHeap; collections: number; expired: () => boolean },
): ReadonlySet<Suspended> {
  const seeming = scan.suspended.list.filter(mayBeLeft)
  if (seeming.length === 0 || !wasReadWhole(scan)) return new Set()
  const { pages, blocks } = fresh.open()
  const containing = new ContainingObjects(objects, pages, [])
  const awaited = new Set<Tagged>()
  const generators = new Set(seeming.map(({ generator }) => generator))
  /** Contexts and closures of awaits, with the module that they resume. */
  const resuming = new Map<Tagged, Tagged>()
  const cost = scanHolders(
    blocks,
    generators,
    (target, slot, want) => {
      const holder = containing.holderOf(slot)
      const module = resuming.get(target) ?? target
      if (holder === 'unclear') awaited.add(module)
      else if (holder === null || generators.has(holder.object)) return
      else if (
        objects.heap.isContextType(holder.type) ||
        (target !== module && objects.heap.isFunctionType(holder.type))
      ) {
        resuming.set(holder.object, module)
        want(holder.object)
      } else if (target !== module) awaited.add(module)
    },
    { limit: MAX_HOLDERS, expired, enough: () => false },
  )
  blocks.release()
  objects.heap.flush()
  if (!cost.complete || collections !== fresh.collections()) return new Set()
  return new Set(seeming.filter((one) => !awaited.has(one.generator) && stillThere(objects.heap, scan.links, one)))
}
