/**
 * Async functions that a compiler has made of plain ones, for engines without generators: one function with a `switch` over
 * the state, called anew for each step (TypeScript and SWC: `switch (_a.label)`; regenerator: `switch (_context.prev =
 * _context.next)`, since Babel 7.27 `_context.n`). Each `await` ends its state with a `return`, and the state in which the
 * function is resumed is the next one in the text.
 */
import { withoutTexts } from './blocks.js'

/** From the parameters on: the state is the only one. */
const SWITCH =
  /^\(?\s*([\w$]+)\s*\)?\s*(?:=>\s*)?\{[\s\S]{0,1000}?\bswitch\s*\(\s*(?:\1\.(?:prev|p)\s*=\s*)?\1\.(?:label|next|n)\s*\)\s*\{/

/** Whether a text, from its parameters on, is such a function. */
export function isStateSwitch(text: string): boolean {
  return SWITCH.test(text)
}

/** Offset of the `return` by which the function has left to wait, where `label` is the state to go on in; -1 without one. */
export function leftForState(text: string, label: number): number {
  const code = withoutTexts(text)
  const head = SWITCH.exec(code)
  if (head === null) return -1
  const parts = /[{}]|\breturn\b|\bcase\s+(\d+)\s*:/g
  parts.lastIndex = head[0].length
  let depth = 1
  let left = -1
  for (let found = parts.exec(code); found !== null && depth > 0; found = parts.exec(code)) {
    const [part, state] = found
    if (part === '{') depth++
    else if (part === '}') depth--
    // What is deeper is an inner function's, or leaves one of its blocks.
    else if (depth > 1) continue
    else if (part === 'return') left = found.index
    else if (Number(state) === label) return left
    else left = -1
  }
  return -1
}

/** `return __generator(this, function `, `return _regenerator().w(function _callee$`: what steps the body. */
const STEPPED =
  /return\s+(?:[\w$.]*generator\w*\s*\(\s*(?:this|_this)\s*,\s*|[\w$.]+(?:\(\))?\.(?:wrap|w)\s*\(\s*)\(?\s*function\s*[\w$]*\s*$/i
/** The function around it, with its variables. */
const AROUND =
  /(?:(?:\/\*[^*]*\*\/\s*)?[\w$.]+(?:\(\))?\.(?:mark|m)\s*\(\s*)?(?:(?<=[,(]\s*)\(\s*)?function\s*[\w$]*\s*\((?:[^(){}]|\([^(){}]*\))*\)\s*\{\s*(?:(?:var\s+[^{};]*;|if\s*\([^{}]*\)\s*\{[^{}]*\})\s*)*$/

/** The text before the body as it would be before `function* (`; null where it is something else. */
export function beforeBody(head: string): string | null {
  const stepped = STEPPED.exec(head)
  if (stepped === null) return null
  const rest = head.slice(0, stepped.index)
  const around = AROUND.exec(rest)
  return around === null ? null : `${rest.slice(0, around.index)}function* `
}
