/**
 * `awaiting/lock`: resolvers are held in a queue of the user's. A cycle between holders is a deadlock; a holder that is
 * itself parked elsewhere is the cause, and gets its own verdict before this one.
 */
import type { WaitHolder } from '../../model/await.js'
import { strong, weak, type Candidate, type Sign } from '../candidate.js'
import { capByLooks, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../leaf.js'
import type { View } from '../view.js'

export function awaitingLock(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  const leaves = leavesOf(view)
  const elsewhere = leaves.some((leaf) => leaf.cause !== 'lock' && leaf.cause !== 'unknown')
  return leaves
    .filter((leaf) => leaf.cause === 'lock')
    .map((leaf) => {
      const deadlock = leaf.waits.deadlock ?? []
      const cyclic = deadlock.length > 0
      return leafCandidate(view, leaf, {
        cause: 'lock',
        waitsFor: cyclic ? `a lock in a deadlock: ${deadlock.join(' -> ')}` : `${lockName(leaf)}${holdersText(leaf)}`,
        signs: signsOf(leaf, cyclic),
        cap: cyclic ? 'high' : capByLooks(view, leaf),
        weight: cyclic ? 55 : elsewhere ? 5 : 35,
        refutedBy: cyclic ? 'One of them moving in a later look.' : 'A queue that shrinks between two looks.',
        nextStep: cyclic
          ? 'Take both locks in one order everywhere, or take them with a time-out.'
          : 'Find the path that takes this lock and does not release it (an early return or throw without finally).',
      })
    })
}

/** `the lock ledger (Mutex.waiters)`, from `module{ledger} > Mutex.waiters > Array[0]`. */
function lockName({ waits }: Leaf): string {
  const [, variable, property] = /^module\{([^}]+)\} > ([^ >]+)/.exec(waits.heldThrough ?? '') ?? []
  if (variable !== undefined && property !== undefined) return `the lock ${variable} (${property})`
  return waits.owner === undefined ? 'its turn in a queue' : `a lock (${waits.owner})`
}

function holdersText({ waits }: Leaf): string {
  const names = (waits.holders ?? []).slice(0, 3).map(holderText)
  if (names.length === 0) return ', which nobody suspended holds: it was not released'
  // The engine says when it knows only that a holder can reach the lock, not that it took it.
  return `, ${waits.doubt === undefined ? '' : 'probably '}held by ${names.join(', ')}`
}

function holderText(holder: WaitHolder): string {
  const file = holder.file?.slice(holder.file.lastIndexOf('/') + 1)
  return `${holder.function ?? 'an anonymous function'}${file === undefined ? '' : ` (${file}:${holder.line ?? '?'})`}`
}

function signsOf(leaf: Leaf, cyclic: boolean): Sign[] {
  const signs: Sign[] = []
  if (leaf.waits.heldThrough !== undefined) signs.push(strong(`its resolver is in ${leaf.waits.heldThrough}`))
  else if (leaf.waits.owner !== undefined) signs.push(weak(`its resolver belongs to a ${leaf.waits.owner}`))
  if (cyclic) signs.push(strong('the holders wait for each other'))
  return signs
}
