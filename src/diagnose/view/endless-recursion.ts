/** A function that awaits itself, without an end: told by the depth of its chain, which no collection of garbage hides. */
import { fileLine } from './queue-words.js'
import type { View } from './view.js'

/** Functions on one chain of awaits, of which alike ones come again and again. */
const DEEP = 150

export const END_RECURSION = 'Find what should end that recursion: each step waits for one more of the same.'

/** `2404 functions wait for each other, load (a.js:4) inside load again and again, 80 more than in the first look`. */
export function endlessText({ first, last }: View): string | null {
  const grown = (last.awaits?.suspended ?? 0) - (first.awaits?.suspended ?? 0)
  if (first === last || grown <= 0) return null
  for (const node of last.awaits?.awaits ?? []) {
    if (node.awaitedBy.length < DEEP) continue
    const alike = node.awaitedBy.filter(({ file, line }) => file === node.file && line === node.line)
    if (alike.length < node.awaitedBy.length / 10) continue
    const name = node.function ?? 'an anonymous function'
    return `${last.awaits?.suspended ?? 0} functions wait for each other, ${name} (${fileLine(node)}) inside ${name} again and again, ${grown} more than in the first look: a recursion that does not end`
  }
  return null
}
