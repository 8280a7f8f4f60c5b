/** One short name for incidents alike in kind, cause and place, so that ten of them make one ticket. */
import path from 'node:path'
import type { Frame } from '../model/frame.js'
import type { Verdict } from '../model/verdict.js'
import { createSha256 } from './sha256.js'

/**
 * 16 hex digits; null without a verdict. The place is file (relative to the working directory, as releases unpack into
 * folders of their own) and function. The line counts only where the function has no name: it moves with every edit.
 *
 * Of a lock the place is where the code of the lock itself parks, the same for every deadlock of a program: who called
 * it counts. Those that wait for each other are all in the list of verdicts, in no particular order.
 */
export function fingerprintOf(verdicts: readonly Verdict[], cwd: string | null): string | null {
  const [main] = verdicts
  if (main === undefined) return null
  const parts: unknown[] = [main.kind, main.cause, ...placeOf(main.where, cwd)]
  if (main.kind === 'awaiting' && main.cause === 'lock') {
    const callers = verdicts
      .filter((each) => each.cause === 'lock')
      .map((each) => placeOf(callerOf(each), cwd).join('\n'))
    parts.push([...new Set(callers)].sort())
  }
  return createSha256().update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

type Place = Pick<Frame, 'function' | 'file' | 'line' | 'source'>

function placeOf(where: Place | null, cwd: string | null): [file: string, place: string] {
  if (where === null) return ['', '']
  const file = stablePath(where.source?.file ?? where.file ?? '', cwd)
  return [file, where.function ?? `line ${where.source?.line ?? where.line}`]
}

/** The first awaiting function that is not in the lock's own file; in a program of one file, the next one. */
function callerOf({ where, chain }: Verdict): Place | null {
  const callers = chain.filter((frame) => frame.file !== where?.file || frame.line !== where?.line)
  return callers.find((frame) => frame.file !== where?.file) ?? callers[0] ?? null
}

function stablePath(file: string, cwd: string | null): string {
  if (cwd === null || !path.isAbsolute(file)) return file
  const relative = path.relative(cwd, file)
  return relative.startsWith('..') ? file : relative
}
