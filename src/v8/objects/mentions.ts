/**
 * Whether a function's text refers to a variable of an outer scope. A word is no mention where it names a property
 * (`a.t`, `{ t: 1 }`), where it is a whole string, or where the function's own parameter of that name hides the variable:
 * in minified code every letter stands everywhere. Everything in doubt is a mention, since what is ruled out here is
 * said to be out of reach.
 */

const WORD = /[\w$]/

/** The name of a variable, anywhere in the text of a function. */
export function mentionsVariable(text: string, variable: string): boolean {
  if (/\beval\s*\(/.test(text)) return true
  if (parametersOf(text)?.includes(variable) === true) return false
  for (const at of wordsAt(text, variable)) if (!isOther(text, at, variable)) return true
  return false
}

/** The name as a word, be it a variable's or a property's. */
export function mentionsWord(text: string, word: string): boolean {
  return /\beval\s*\(/.test(text) || wordsAt(text, word).next().done !== true
}

/** Whether the text calls it: `resolve()`, not `remove(resolve)`. */
export function callsVariable(text: string, variable: string): boolean {
  for (const at of wordsAt(text, variable)) {
    if (/^\s*(?:\?\.\s*)?\(/.test(text.slice(at + variable.length, at + variable.length + 20))) return true
  }
  return false
}

/** Whether the text runs code of it or hands it on: `box.put(1)`, `flush(box)`, not `box.length`. */
export function worksWith(text: string, variable: string): boolean {
  for (const at of wordsAt(text, variable)) {
    const rest = text.slice(at + variable.length, at + variable.length + 80)
    if (/^(?:\s*\??\.\s*#?[\w$]+|\s*(?:\?\.)?\[[^\]]*\])*\s*(?:\?\.\s*)?\(/.test(rest)) return true
    if (/[(,]\s*$/.test(text.slice(Math.max(0, at - 20), at)) && /^\s*[,)]/.test(rest)) return true
  }
  return false
}

/** Whether the text hands a new error to what it calls: `reject(new Error('too late'))`, `callback(new TimeoutError())`. */
export function handsOnError(text: string): boolean {
  return /[\w$\])]\s*(?:\?\.\s*)?\(\s*new\s+[\w$.]*(?:Error|Exception|Timeout)\b/.test(text.slice(0, 4_000))
}

/** Simple parameters of the function that the text is; null where its head is not understood. */
export function parametersOf(text: string): string[] | null {
  const single = /^\s*(?:async\s+)?([\w$]+)\s*=>/.exec(text)
  if (single?.[1] !== undefined) return [single[1]]
  const open = /^\s*(?:async\s+)?(?:function\s*\*?\s*)?(?:(?:get|set|static|\*)\s*)*[#\w$]*\s*\(/.exec(text)
  if (open === null) return null
  const list = /^[^()[\]{}=]*\)/.exec(text.slice(open[0].length))
  if (list === null) return null
  return list[0]
    .slice(0, -1)
    .split(',')
    .map((name) => name.replace('...', '').trim())
    .filter((name) => name !== '')
}

function* wordsAt(text: string, word: string): Generator<number> {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!WORD.test(text[at - 1] ?? ' ') && !WORD.test(text[at + word.length] ?? ' ')) yield at
  }
}

/** A property, a key or a string. */
function isOther(text: string, at: number, word: string): boolean {
  const before = text.slice(Math.max(0, at - 40), at).trimEnd()
  const after = text.slice(at + word.length, at + word.length + 40).trimStart()
  if (before.endsWith('.') && !before.endsWith('...')) return true
  if (after.startsWith(':') && /[{,]$/.test(before)) return true
  const quote = text[at - 1] ?? ''
  return /["']/.test(quote) && text[at + word.length] === quote
}
