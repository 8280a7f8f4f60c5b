/**
 * Whether a function at an `await` has got there by an error, and will try again: by its text alone. That is so in a
 * `catch` of a loop, and in a loop behind a `try` that leaves it where nothing fails. Knows no scopes; a text that it does
 * not understand tells nothing.
 */
import { type Block, closingOf, openBlocks, withoutBlocks, withoutTexts } from './blocks.js'

/**
 * `again`: after an error, and it goes on with what failed. `loop`: in a loop, on its usual way. `once`: after an error, and
 * nothing shows that it begins anew. Null: on its usual way, whoever awaits it may know more.
 */
export type AfterError = 'again' | 'loop' | 'once' | null

/** A loop whose body is the one statement that waits. */
const BARE_LOOP = /\b(?:for(?:\s+await)?|while)\s*\([^{}]*\)\s*[\w$.=\s,(]*$/
/** The last statement of a `try` whose end leaves the loop. */
const LEAVES = /(?:^|[;\n}])\s*(?:return\b[^;]*|break\b\s*[\w$]*\s*);?\s*$/

/**
 * @param at offset of the `await`
 * @param name of the function, by which it may call itself
 */
export function afterError(text: string, at: number, name: string | null): AfterError {
  const code = withoutTexts(text)
  const open = openBlocks(code, at)
  if (BARE_LOOP.test(code.slice(Math.max(open.at(-1)?.start ?? 0, at - 300), at))) return 'loop'
  // The first is the function itself.
  for (let i = open.length - 1; i > 0; i--) {
    const block = open[i]
    if (block === undefined || block.kind === 'function') return null
    if (block.kind === 'catch') return isInLoop(open.slice(1, i)) || callsItself(code, at, name) ? 'again' : 'once'
    if (block.kind === 'loop') return isPastLeavingTry(code.slice(block.start, at)) ? 'again' : 'loop'
  }
  return null
}

function isInLoop(blocks: readonly Block[]): boolean {
  const from = blocks.findLastIndex(({ kind }) => kind === 'function')
  return blocks.slice(from + 1).some(({ kind }) => kind === 'loop')
}

function callsItself(code: string, at: number, name: string | null): boolean {
  const own = /[\w$]+$/.exec(name ?? '')?.[0]
  if (own === undefined) return false
  return new RegExp(`(?<![\\w$])${own.replaceAll('$', '\\$')}\\s*\\(`).test(code.slice(at))
}

/** In a loop's body as far as the `await`: what is behind such a `try` is reached by an error alone. */
function isPastLeavingTry(body: string): boolean {
  const tried = body.lastIndexOf('try')
  if (tried < 0 || openBlocks(body, tried).length > 0) return false
  const start = body.indexOf('{', tried) + 1
  const end = start === 0 ? -1 : closingOf(body, start)
  if (end < 0 || !/^\s*catch\b/.test(body.slice(end + 1))) return false
  return LEAVES.test(withoutBlocks(body.slice(start, end)))
}
