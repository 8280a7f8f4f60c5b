/**
 * Whether a function that stands at an `await` may have taken a turn of a lock before: by its text alone. Who can reach a
 * lock is not yet who holds it: a function that names it only further on stands in a queue before it gets there.
 */

/** Words by which a text gives back what it took. */
export const GIVES_BACK = /release|unlock|leave|free|give|exit|signal|\.shift\(/i
const GIVES = /^[\w.?#\s[\]]{0,24}?(?:release|unlock|leave|free|give|exit|drop|signal)/i
const GIVING = /(?:\.\s*#?|(?<![\w$.]))(?:release|unlock|leave|free|giveBack|done|exit)\w*\s*\(/gi

export type TurnTaken = 'named' | 'here' | 'unknown' | 'no'

const MAX_EXPRESSION = 20_000

/**
 * @param at offset of the `await` or `yield` at which the function stands
 * @param names of variables and properties on the way from the function to the lock
 * @returns `named` before it waits, or further on to give the turn back; `here` in what it waits for alone, as one does
 *   that takes its turn there; `no` where all are named further on otherwise
 */
export function turnTaken(text: string, at: number, names: readonly string[]): TurnTaken {
  const end = endOfExpression(text, at)
  const found = names.flatMap((name) => {
    const word = new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g')
    return [...text.matchAll(word)].map(({ index }) => ({ from: index, to: index + name.length }))
  })
  if (found.length === 0) return 'unknown'
  if (found.some(({ from }) => from < at)) return 'named'
  const later = found.filter(({ from }) => from >= end)
  const [first] = later.toSorted((a, b) => a.from - b.from)
  if (first !== undefined && GIVES.test(text.slice(first.to, first.to + 60))) return 'named'
  return later.length < found.length ? 'here' : 'no'
}

/** Of what the `await` waits for: a limiter that runs a task is named there, and the task holds a turn of it. */
function endOfExpression(text: string, at: number): number {
  let depth = 0
  const last = Math.min(text.length, at + MAX_EXPRESSION)
  for (let i = at; i < last; i++) {
    const char = text[i] ?? ''
    if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char)) {
      depth--
      if (depth < 0) return i
    } else if (depth === 0 && (char === ';' || char === ',' || (char === '\n' && !/^\s*[.?]/.test(text.slice(i + 1)))))
      return i
  }
  return last
}

/**
 * Whether a turn that was taken at one `await` is given back on the way to a later one. A branch that gives it back and
 * leaves is another way.
 */
export function givesBackBetween(text: string, taken: number, at: number): boolean {
  const between = text.slice(endOfExpression(text, taken), at)
  for (const { index, 0: call } of between.matchAll(GIVING)) {
    const rest = between.slice(index + call.length)
    const block = /^[^{}]*/.exec(rest)?.[0] ?? ''
    if (!/\b(?:return|throw|continue|break)\b/.test(block) || block.length === rest.length) return true
  }
  return false
}

const LOOP = /\b(?:for|while)\s*\(|\.\s*(?:forEach|map)\s*\(/
/** Takes the next one out of a list. */
export const TAKES_ONE = /\.\s*(?:shift|pop|splice|dequeue)\s*\(/

/** Whether a function's text goes over a list by its name and calls what is in it, rather than take one out as a queue does. */
export function callsEach(text: string, list: string): boolean {
  const named = new RegExp(`(?<![\\w$])${list.replaceAll('$', '\\$')}(?![\\w$])`)
  return LOOP.test(text) && named.test(text) && !TAKES_ONE.test(text)
}

/**
 * Whether a method runs, under a turn that it took for it, what it was handed: it awaits a call of its own parameter, in a
 * `try` whose `finally` changes something of `this`, and may have waited for the turn at an earlier `await`.
 */
export function runsUnderTurn(text: string, at: number): boolean {
  const called = /^await\s+([\w$]+)\s*\(/.exec(text.slice(at))?.[1]
  const parameters = /^[^(]*\(([^)]*)\)/.exec(text)?.[1] ?? ''
  if (called === undefined || !parameters.split(',').some((each) => each.trim().split(/[\s=:]/)[0] === called))
    return false
  const before = text.slice(0, at)
  const after = /\}\s*finally\s*\{([^]*)/.exec(text.slice(at))?.[1] ?? ''
  return /\bawait\b/.test(before) && /\btry\s*\{/.test(before) && /\bthis\b/.test(after)
}
