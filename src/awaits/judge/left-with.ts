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

type Left = NonNullable<WaitOf<'lock'>['left']>

const MAX_TEXT = 100_000

/** @param ownCode the function that waits is the lock's own: then it is its caller that takes the lock */
export function leftWith({ suspended, locks }: JudgeContext, finding: Finding, ownCode: boolean): Left | null {
  const waiter = locks.chains.firstAwaiting(finding.promise)
  if (waiter === undefined) return null
  if (!ownCode) return wayOutOf(waiter)
  const caller = suspended.list.find((one) => waiter.results.includes(one.awaits))
  return caller === undefined ? null : wayOutOf(caller)
}

function wayOutOf({ function: fn, place }: Suspended): Left | null {
  const { script, start, end } = fn
  if (script === null || place === null || start < 0 || end <= start || end - start > MAX_TEXT) return null
  const text = script.source(start, end - start)
  if (text === null) return null
  // Of several awaits in the line, the one nearest to the column.
  const [taken] = [...text.matchAll(/\bawait\b/g)]
    .map(({ index }) => ({ index, at: script.lineColumn(start + index) }))
    .filter(({ at }) => at?.line === place.line)
    .toSorted((a, b) => Math.abs((a.at?.column ?? 0) - place.column) - Math.abs((b.at?.column ?? 0) - place.column))
  const way = taken === undefined ? null : wayOutWithoutGiving(text, taken.index)
  const at = way === null ? null : script.lineColumn(start + way.at)
  if (way === null || at === null) return null
  return { word: way.word, function: fn.name, file: scriptPath(script.name), line: at.line, column: at.column }
}
