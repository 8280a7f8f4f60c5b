/**
 * How a function can leave with a turn of a lock that it took: by its text alone, from the `await` that took it to the call
 * that gives it back. Knows no scopes; a text that it does not understand tells nothing.
 */

import { withoutInnerFunctions, withoutTexts } from './blocks.js'

export interface WayOut {
  readonly word: 'return' | 'throw' | 'continue' | 'error'
  /** Of the `return` or `throw`, or of the `await` whose error leaves: offset in the text. */
  readonly at: number
}

const GIVES_BACK = /\.\s*#?(?:release|unlock|signal|leave|free|giveBack)\w*\s*\(/i

/**
 * @param taken offset of the `await` that takes the turn
 * @param givesBack the call that gives it back: of a lock, when unset
 * @returns null where each way out gives it back, or that can't be told
 */
export function wayOutWithoutGiving(text: string, taken: number, givesBack = GIVES_BACK): WayOut | null {
  const code = withoutTexts(text)
  const rest = code.slice(taken)
  if (/\bfinally\b/.test(rest)) return null
  const given = givenAt(code, taken, givesBack)
  if (given < 0) return null
  const between = withoutInnerFunctions(rest.slice(0, given))
  for (const found of between.matchAll(/\b(return|throw|continue)\b/g)) {
    // `return lock.release()` gives it back itself.
    if (!/[;\n}]/.test(between.slice(found.index))) continue
    const [word] = found
    // Of a loop that began after the turn was taken: it stays in the function.
    if (word === 'continue' && /\b(?:for|while|do)\b/.test(between.slice(0, found.index))) continue
    return { word: word === 'throw' || word === 'continue' ? word : 'return', at: taken + found.index }
  }
  // The await of the very call that gives it back has begun to do so: `await body.dump()`.
  const next = between
    .slice(1)
    .replace(/\bawait\s+[\w$.#?]*$/, '')
    .search(/\bawait\b/)
  const caught = rest.search(/\bcatch\b/)
  if (caught >= 0 && givesBack.test(rest.slice(caught))) return null
  return next < 0 ? null : { word: 'error', at: taken + 1 + next }
}

/** Offset after `taken` at which the turn is given back: by a method of that name, or by calling what the await gave. */
function givenAt(code: string, taken: number, givesBack: RegExp): number {
  const rest = code.slice(taken)
  const byMethod = rest.search(givesBack)
  const byCall = namesOf(code, taken).map((name) => rest.search(new RegExp(`(?<![\\w$.])${escaped(name)}\\s*\\(`)))
  const found = [byMethod, ...byCall].filter((at) => at >= 0)
  return found.length === 0 ? -1 : Math.min(...found)
}

/** What the `await` gave: one name, or several in brackets, as of a semaphore that gives a value and what gives it back. */
function namesOf(code: string, taken: number): string[] {
  const variables = /(?:const|let|var)\s+([\w$]+|[[{][\w$\s,:]*[\]}])\s*=\s*$/.exec(code.slice(0, taken))?.[1] ?? ''
  return [...variables.matchAll(/[\w$]+/g)].map(([name]) => name)
}

/**
 * Whether the function returns what the `await` at `taken` gives, or one of the names that it binds: then it is the caller
 * who gives it back.
 */
export function passesOnWhatItIsGiven(text: string, taken: number): boolean {
  const code = withoutTexts(text)
  if (/\breturn\s*\(?\s*$/.test(code.slice(0, taken))) return true
  const rest = withoutInnerFunctions(code.slice(taken))
  return namesOf(code, taken).some((name) => new RegExp(`\\breturn\\s+${escaped(name)}\\s*(?:[;\\n}]|$)`).test(rest))
}

function escaped(name: string): string {
  return name.replaceAll('$', '\\$')
}
