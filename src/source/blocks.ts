/** A text as far as its braces tell: without strings and comments, and by its blocks. Knows no scopes. */

type BlockKind = 'function' | 'loop' | 'catch' | 'try' | 'other'

export interface Block {
  readonly kind: BlockKind
  /** Offset behind its brace. */
  readonly start: number
}

/** What is before the brace of a loop without parentheses of its own, or of a `catch`. */
const HEADS: readonly (readonly [RegExp, BlockKind])[] = [
  [/\bcatch\s*(?:\([^()]*\)\s*)?$/, 'catch'],
  [/\btry\s*$/, 'try'],
  [/\bdo\s*$/, 'loop'],
  [/=>\s*$/, 'function'],
]
/** Before the parenthesis. */
const CONDITION = /\b(?:if|switch|with)\s*$/
const LOOP = /\b(?:for(?:\s+await)?|while)\s*$/

/** The blocks that are open at an offset, the outermost first. */
export function openBlocks(code: string, at: number): Block[] {
  const open: Block[] = []
  for (const { 0: brace, index } of code.slice(0, at).matchAll(/[{}]/g)) {
    if (brace === '{') open.push({ kind: kindOf(code.slice(Math.max(0, index - 400), index)), start: index + 1 })
    else open.pop()
  }
  return open
}

function kindOf(before: string): BlockKind {
  for (const [head, kind] of HEADS) if (head.test(before)) return kind
  const closed = /\)\s*$/.exec(before)
  if (closed === null) return 'other'
  let depth = 0
  for (let i = closed.index; i >= 0; i--) {
    if (before[i] === ')') depth++
    else if (before[i] === '(' && --depth === 0) {
      const head = before.slice(0, i)
      return LOOP.test(head) ? 'loop' : CONDITION.test(head) ? 'other' : 'function'
    }
  }
  return 'other'
}

/** Offset of the brace that ends the block begun before `start`; -1 without one. */
export function closingOf(code: string, start: number): number {
  let depth = 1
  for (const { 0: brace, index } of code.slice(start).matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1
    if (depth === 0) return start + index
  }
  return -1
}

/** With blanks for what is in inner braces. */
export function withoutBlocks(code: string): string {
  let depth = 0
  return code.replaceAll(/[{}]|[^{}]/g, (char) => {
    if (char === '{') depth++
    const kept = depth === 0
    if (char === '}') depth = Math.max(0, depth - 1)
    return kept ? char : ' '
  })
}

/** The blocks that are in no other one: offsets behind the brace that begins each, and of the one that ends it. */
export function outermostBlocks(code: string): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = []
  for (let at = code.indexOf('{'); at >= 0;) {
    const end = closingOf(code, at + 1)
    if (end < 0) break
    found.push({ start: at + 1, end })
    at = code.indexOf('{', end + 1)
  }
  return found
}

/** The same length, with blanks for comments and strings. */
export function withoutTexts(text: string): string {
  return text.replaceAll(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g,
    blank,
  )
}

/** What an inner function returns leaves that function only. */
export function withoutInnerFunctions(code: string): string {
  let rest = code
  for (let from = 0; ;) {
    const head = /=>\s*\{|\bfunction\b[^{]*\{/g
    head.lastIndex = from
    const found = head.exec(rest)
    if (found === null) return rest
    const open = found.index + found[0].length - 1
    const closed = closingOf(rest, open + 1)
    const end = closed < 0 ? rest.length : closed + 1
    rest = rest.slice(0, open) + blank(rest.slice(open, end)) + rest.slice(end)
    from = end
  }
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}
