/** The blocks of a text without strings and comments, by its braces. Knows no scopes. */

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
