/**
 * Where the code that takes a lock can leave without giving it back. Nobody who left is suspended any more, so this is read
 * from the text of those who wait for the same lock: as a rule one function takes it, and it is what left before.
 */
import type { WaitOf } from '../../model/wait.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { wayOutWithoutGiving } from '../../source/lost-turns.js'
import type { Suspended } from '../scan/suspended.js'
import type { Finding } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'
import { ownTextOf } from './own-text.js'

type Left = NonNullable<WaitOf<'lock'>['left']>

/** @param ownCode the function that waits is the lock's own: then it is its caller that takes the lock */
export function leftWith({ suspended, locks }: JudgeContext, finding: Finding, ownCode: boolean): Left | null {
  const waiter = locks.chains.firstAwaiting(finding.promise)
  if (waiter === undefined) return null
  if (!ownCode) return wayOutOf(waiter)
  const caller = suspended.list.find((one) => waiter.results.includes(one.awaits))
  return caller === undefined ? null : wayOutOf(caller)
}

function wayOutOf(waiter: Suspended): Left | null {
  const own = ownTextOf(waiter)
  const way = own === null ? null : wayOutWithoutGiving(own.text, own.at)
  const at = own === null || way === null ? null : own.script.lineColumn(own.start + way.at)
  if (own === null || way === null || at === null) return null
  const { name } = waiter.function
  return { word: way.word, function: name, file: scriptPath(own.script.name), line: at.line, column: at.column }
}
