/** What was read of waits, put into words: the one place where an await's sentences are made. */
import type { AwaitRoot, AwaitTree } from '../../model/await.js'
import type { PoolFacts, Unproved, WaitFacts, WaitsFor } from '../../model/wait.js'
import { linkText, pathText, requestText, summaryOf } from './wait-summary.js'

const DOUBTS: { readonly [U in Unproved]: string } = {
  'holders-not-followed': 'not every holder was followed',
  'search-not-proved': 'the search could not be proved on a known promise of this process',
  'second-search-missing': 'garbage was collected, or time was up, before a second search could confirm it',
  'stray-word': 'a word on a stack or in native memory still names one of the objects',
  'end-likely': 'that the end of this very function is what would take it out of the queue is likely, not proved',
  'holders-only-mention': 'the holders named mention the variable; whether they took the lock is not known',
  'nearest-in-snapshot':
    'nearest resource in the heap snapshot; which of its closures settles the promise was not checked',
  'earlier-look': 'found in an earlier look only',
  collected:
    'an earlier look saw it; the garbage collector has taken it since, as it takes only what nothing can settle',
}

export function doubted(unproved: Unproved): { readonly unproved: Unproved; readonly doubt: string } {
  return { unproved, doubt: DOUBTS[unproved] }
}

const NO_CONNECTION = 'none is lent and none is idle: it is still being made, or nobody makes it'

/** Also of a wait that has its words already, when its facts are known better. */
export function sayWait(facts: WaitFacts): WaitsFor {
  const { parts, unproved } = facts
  return {
    ...facts,
    summary: summaryOf(facts),
    ...(parts === undefined ? {} : { heldThrough: pathText(parts) }),
    ...(unproved === undefined ? {} : doubted(unproved)),
    ...(facts.kind === 'lock' && facts.links !== undefined ? { deadlock: facts.links.map(linkText) } : {}),
    ...(facts.kind === 'buffer' && facts.until === 'first-connection' ? { connection: NO_CONNECTION } : {}),
    ...(facts.kind === 'pool' && facts.pool !== undefined ? { pool: sayPool(facts.pool) } : {}),
  } as WaitsFor
}

function sayPool(pool: PoolFacts): PoolFacts {
  const members = pool.members.map((member) =>
    member.request === undefined ? member : { ...member, what: requestText(member.request) },
  )
  return { ...pool, members }
}

export function sayWaits(tree: AwaitTree<WaitFacts>): AwaitTree {
  const say = (facts: WaitFacts | null): WaitsFor | null => (facts === null ? null : sayWait(facts))
  const root = ({ awaiting, waitsFor, ...rest }: AwaitRoot<WaitFacts>): AwaitRoot => ({
    ...rest,
    awaiting: awaiting.map(root),
    ...(waitsFor === undefined ? {} : { waitsFor: say(waitsFor) }),
  })
  const { awaits, roots, tasks, unreadAnswers, ...rest } = tree
  return {
    ...rest,
    awaits: awaits.map((node) => ({ ...node, waitsFor: say(node.waitsFor) })),
    roots: roots.map(root),
    ...(tasks === undefined ? {} : { tasks: tasks.map((task) => ({ ...task, waitsFor: say(task.waitsFor) })) }),
    ...(unreadAnswers === undefined
      ? {}
      : {
          unreadAnswers: unreadAnswers.map((each) => ({
            ...each,
            example: each.request === undefined ? null : requestText(each.request),
          })),
        }),
  }
}
