/**
 * Where the code that takes a lock can leave without giving it back. Nobody who left is suspended any more, so this is read
 * from the text of those who wait for the same lock: as a rule one function takes it, and it is what left before.
 */
import type { WaitOf } from '../../model/wait.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { passesOnWhatItIsGiven, wayOutWithoutGiving } from '../../source/lost-turns.js'
import type { Suspended } from '../scan/suspended.js'
import type { Finding } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'
import { ownTextOf } from './own-text.js'

type Left = NonNullable<WaitOf<'lock'>['left']>

/** Callers of a function of a package's that passes on what gives the turn back. */
const MAX_CALLERS = 3
/** A method of that name may give back something else there. */
const BY_CALL_ONLY = /(?!)/

/** @param ownCode the function that waits is the lock's own: then it is its caller that takes the lock */
export function leftWith({ locks }: JudgeContext, finding: Finding, ownCode: boolean): Left | null {
  const waiter = locks.chains.firstAwaiting(finding.promise)
  if (waiter === undefined) return null
  const first = ownCode ? callerOf(waiter) : waiter
  const own = first === undefined ? null : wayOutOf(first)
  if (own !== null) return own
  // What it is given it may give to its caller, as async-mutex does: `const release = await mutex.acquire()`.
  let at = first
  for (let i = 0; i < MAX_CALLERS && at !== undefined && passesOn(at); i++) {
    at = callerOf(at)
    const way = at === undefined ? null : wayOutOf(at, BY_CALL_ONLY)
    if (way !== null) return way
  }
  return null

  function callerOf({ results }: Suspended): Suspended | undefined {
    return results.map((promise) => locks.chains.firstAwaiting(promise)).find((one) => one !== undefined)
  }
}

/** What it awaits is bound to names of which it returns one, or returned at once. */
function passesOn(one: Suspended): boolean {
  const own = ownTextOf(one)
  return own !== null && passesOnWhatItIsGiven(own.text, own.at)
}

function wayOutOf(waiter: Suspended, givesBack?: RegExp): Left | null {
  const own = ownTextOf(waiter)
  const way = own === null ? null : wayOutWithoutGiving(own.text, own.at, givesBack)
  const at = own === null || way === null ? null : own.script.lineColumn(own.start + way.at)
  if (own === null || way === null || at === null) return null
  const { name } = waiter.function
  return { word: way.word, function: name, file: scriptPath(own.script.name), line: at.line, column: at.column }
}
