/**
 * All workers of a pool of threads have a task that waits for a message, and another task stands in the pool's queue: a task
 * that asks the main thread for a task of its own pool waits for itself. Which message it is that a task waits for can't be
 * seen; but where nothing else is under way in the main thread, nobody is left to send one.
 */
import type { PoolFacts } from '../../model/await.js'
import { placeText } from '../view/blame.js'
import { strong, type Candidate } from '../view/candidate.js'
import { capByLooks, leafCandidate, type Leaf } from '../view/leaf.js'
import { isInWorker } from '../view/thread-work.js'
import type { View } from '../view/view.js'

export function fromOwnWorkers(view: View, leaves: readonly Leaf[]): Candidate[] | null {
  const waiting = leaves.find((leaf) => leaf.blame.origin === 'user' && isFull(leaf.waits.pool))
  const pool = waiting?.waits.pool
  if (waiting === undefined || pool === undefined) return null
  const tids = pool.members.flatMap(({ tid }) => tid ?? [])
  const asking = tids.map((tid) => leaves.filter(({ node }) => node.tid === tid))
  if (!asking.every((inside) => inside.length > 0 && inside.every(asks))) return null
  const [leaf] = asking.flat().toSorted((a, b) => (b.ageMs ?? 0) - (a.ageMs ?? 0))
  if (leaf === undefined) return null
  const name = pool.owner.split('.', 1)[0] ?? pool.owner
  const taken = tids.length === 1 ? 'the only worker' : `one of the ${tids.length} workers`
  const cap = capByLooks(view, leaf)
  return [
    leafCandidate(view, leaf, {
      cause: 'slots-exhausted',
      waitsFor: `a message from another thread while it has ${taken} of this process's ${name}: ${placeText(waiting.blame.where)} waits for a free worker of the same pool (${pool.owner}), and ${tids.length === 1 ? 'there is none before this task ends' : 'all the others wait for a message too'}`,
      signs: [
        strong(`${pool.lent} of ${pool.size} workers of ${name} have a task, and each task waits for a message`),
        strong('another task stands in the queue of the same pool'),
      ],
      ...(isAlone(view, leaves, pool, tids) ? { cap } : { cap: 'low', ranksAs: cap }),
      weight: 70,
      refutedBy: 'A message that is sent to the task by something else than the end of the task in the queue.',
      nextStep:
        'Do not let a task wait for another task of the same pool: give the inner ones a pool of their own, or let the first one return what is to be done next.',
    }),
  ]
}

function isFull(pool: PoolFacts | undefined): boolean {
  if (pool?.lends !== 'workers' || pool.size === null || pool.lent === null) return false
  return pool.idle === 0 && pool.lent >= pool.size && pool.members.every(({ tid }) => tid !== undefined)
}

function asks({ waits }: Leaf): boolean {
  return waits.kind === 'message-port' && waits.over === undefined
}

/** Whatever the main thread waits for is that pool. */
function isAlone(view: View, leaves: readonly Leaf[], pool: PoolFacts, tids: readonly number[]): boolean {
  return leaves
    .filter(({ node }) => !isInWorker(view, node))
    .every(
      ({ waits }) =>
        waits.pool?.owner === pool.owner ||
        (waits.kind === 'worker' && waits.tid !== undefined && tids.includes(waits.tid)),
    )
}
