/**
 * Loops without an end that a program starts as it is loaded, by its text alone: `main()` at the top of a script whose
 * `main` is `for (;;) { ... await ... }`. What may leave such a loop but an error, or may not have begun it, is left out.
 */
import { closingOf, openBlocks, outermostBlocks, withoutBlocks, withoutInnerFunctions, withoutTexts } from './blocks.js'

export interface EndlessLoop {
  /** Null for a function without a name. */
  readonly function: string | null
  /** Offset of the first `await` in the loop: it comes by there each time. */
  readonly at: number
}

const HEAD = /\b(for|while)\s*\(/g
const LEAVES = /\b(?:break|return|yield)\b/

export function endlessLoops(text: string): EndlessLoop[] {
  const code = withoutTexts(text)
  return [...code.matchAll(HEAD)].flatMap(({ 0: head, 1: word, index }) => {
    const from = index + head.length
    const to = closingParenthesis(code, from)
    if (to < 0 || !isEndless(word ?? '', code.slice(from, to))) return []
    const body = bodyFrom(code, to + 1)
    if (body === null) return []
    const own = withoutInnerFunctions(body.text)
    const at = own.search(/\bawait\b/)
    if (at < 0 || LEAVES.test(own)) return []
    const started = startedBy(code, index)
    return started === null ? [] : [{ function: started.name, at: body.start + at }]
  })
}

/** `for (;;)`, `for (let n = 1; ; n++)`, `while (true)`. */
function isEndless(word: string, condition: string): boolean {
  if (word === 'while') return /^\s*(?:true|1|!0)\s*$/.test(condition)
  const parts = condition.split(';')
  return parts.length === 3 && parts[1]?.trim() === ''
}

function bodyFrom(code: string, from: number): { readonly text: string; readonly start: number } | null {
  const start = from + (/^\s*/.exec(code.slice(from))?.[0].length ?? 0)
  if (code[start] === '{') {
    const end = closingOf(code, start + 1)
    return end < 0 ? null : { text: code.slice(start + 1, end), start: start + 1 }
  }
  const end = code.slice(start).search(/[;\n]/)
  return end < 0 ? null : { text: code.slice(start, start + end), start }
}

/** The async function around a loop, where the script calls it whatever happens; null where it may not have been. */
function startedBy(code: string, loop: number): { readonly name: string | null } | null {
  const open = openBlocks(code, loop)
  // A method lies in the block of its class or object.
  const own = open[0]?.kind === 'other' && open[1]?.kind === 'function' ? open[1] : open[0]
  if (own?.kind !== 'function' || !open.slice(open.indexOf(own) + 1).every(({ kind }) => kind === 'try')) return null
  const before = headOf(code, own.start)
  if (own !== open[0]) {
    const method = METHOD.exec(before)?.[1]
    return method !== undefined && isStarted(code, method, CALLED_ON) ? { name: method } : null
  }
  const end = closingOf(code, own.start)
  if (end < 0) return null
  for (const form of IN_PLACE) {
    const found = form.exec(before)
    if (found !== null) return /^\s*\)\s*\(/.test(code.slice(end + 1)) ? { name: found[1] || null } : null
  }
  const name = NAMED.map((form) => form.exec(before)?.[1]).find((each) => each !== undefined)
  return name !== undefined && isStarted(code, name, CALLED) ? { name } : null
}

/** What stands before the brace of a block. */
const headOf = (code: string, start: number): string => code.slice(Math.max(0, start - 400), start - 1)

/** `(async () => {`, `(async function main() {`: called behind its end. */
const IN_PLACE = [
  /\(\s*async\s*(?:\([^(){}]*\)|[\w$]+)\s*=>\s*$/,
  /\(\s*async\s+function\s*([\w$]*)\s*\([^(){}]*\)\s*$/,
]
const TYPE = String.raw`(?:\s*:[^={}]*)?`
const METHOD = new RegExp(String.raw`(?:^|[;\n},{])\s*(?:static\s+)?async\s+(#?[\w$]+)\s*\([^(){}]*\)${TYPE}\s*$`)
const NAMED = [
  new RegExp(
    String.raw`(?:^|[;\n}])\s*(?:export\s+(?:default\s+)?)?async\s+function\s+([\w$]+)\s*\([^(){}]*\)${TYPE}\s*$`,
  ),
  new RegExp(
    String.raw`(?:^|[;\n}])\s*(?:export\s+)?(?:const|let|var)\s+([\w$]+)${TYPE}\s*=\s*async\s*(?:\([^(){}]*\)${TYPE}|[\w$]+)\s*=>\s*$`,
  ),
  new RegExp(
    String.raw`(?:^|[;\n}])\s*(?:export\s+)?(?:const|let|var)\s+([\w$]+)${TYPE}\s*=\s*async\s+function\s*[\w$]*\s*\([^(){}]*\)${TYPE}\s*$`,
  ),
]

/** Before the name: a statement of its own, or one of several that are begun together. */
const BEGINS = String.raw`(?:^|[;\n}[(,=])\s*(?:void\s+|await\s+|return\s+)?`
const CALLED = BEGINS
const CALLED_ON = String.raw`${BEGINS}(?:new\s+[\w$.]+\s*\([^()]*\)|[\w$.]+)\s*\??\.\s*`
/** A call under it is made in some processes only. */
const CONDITION = /(?:\bif\s*\([^\n]*\)|\belse|&&|\|\||[?:])\s*$/
const MAIN_SCRIPT = /\bif\s*\(\s*require\.main\s*===?\s*module\s*\)\s*/g
/** The functions at the top of a script that are looked into for what they start. */
const MAX_STARTERS = 20

/** Called at the top of the script, or at the outermost level of a function that is. */
function isStarted(code: string, name: string, called: string): boolean {
  // This script is the one that was started.
  const top = withoutBlocks(code).replaceAll(MAIN_SCRIPT, ';')
  const functions = functionsAtTop(code)
  const texts = [top]
  const known = new Set<string>()
  for (let i = 0; i < texts.length && i < MAX_STARTERS; i++) {
    const text = texts[i] ?? ''
    if (isCalledIn(text, name, called)) return true
    for (const { name: other, body } of functions) {
      if (known.has(other) || !isCalledIn(text, other, CALLED)) continue
      known.add(other)
      texts.push(withoutBlocks(withoutInnerFunctions(body)))
    }
  }
  return false
}

function isCalledIn(text: string, name: string, called: string): boolean {
  const escaped = name.replaceAll('$', String.raw`\$`)
  return [...text.matchAll(new RegExp(String.raw`${called}${escaped}\s*\(`, 'g'))].some(
    ({ index }) => !CONDITION.test(text.slice(Math.max(0, index - 200), index).trimEnd()),
  )
}

function functionsAtTop(code: string): { readonly name: string; readonly body: string }[] {
  return outermostBlocks(code).flatMap(({ start, end }) => {
    const before = headOf(code, start)
    const name = [...NAMED, PLAIN].map((form) => form.exec(before)?.[1]).find((each) => each !== undefined)
    return name === undefined ? [] : [{ name, body: code.slice(start, end) }]
  })
}

const PLAIN = /(?:^|[;\n}])\s*(?:export\s+)?function\s+([\w$]+)\s*\([^(){}]*\)\s*$/

/** Offset of the parenthesis that ends the one begun before `start`; -1 without one. */
function closingParenthesis(code: string, start: number): number {
  let depth = 1
  for (const { 0: char, index } of code.slice(start).matchAll(/[()]/g)) {
    depth += char === '(' ? 1 : -1
    if (depth === 0) return start + index
  }
  return -1
}
