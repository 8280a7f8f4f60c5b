/** `awaiting/child-message`: a child process that does not answer or end. */
import type { ChildProcess } from '../../model/kernel.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, leafCandidate, leavesOf, loopIsAlive, PATIENCE_MS, type Leaf } from '../view/leaf.js'
import { seconds } from '../view/phrases.js'
import type { View } from '../view/view.js'

export function awaitingChildMessage(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'child-message')
    .map((leaf) => {
      const child = childOf(view, leaf)
      const aged: Leaf = child === null ? leaf : { ...leaf, ageMs: Math.max(leaf.ageMs ?? 0, child.ageMs) }
      return leafCandidate(view, leaf, {
        cause: 'child-message',
        waitsFor: childText(leaf, child),
        signs: signsOf(child),
        cap: capByAge(view, aged),
        weight: 26,
        refutedBy: 'Output of the child, or its end, between two looks.',
        nextStep:
          child === null
            ? 'See what became of that child, and give the call a time-out.'
            : `Look at what pid ${child.pid} waits for${child.wchan ? ` (now: ${child.wchan})` : ''}, and give the call a time-out.`,
      })
    })
}

function childOf(view: View, leaf: Leaf): ChildProcess | null {
  const children = view.last.kernel?.children ?? []
  if (leaf.waits.pid !== undefined) return children.find((child) => child.pid === leaf.waits.pid) ?? null
  return children.length === 1 ? (children[0] ?? null) : null
}

function childText(leaf: Leaf, child: ChildProcess | null): string {
  if (child === null) return `child process ${leaf.waits.pid ?? ''}`.trim()
  return `child process ${child.pid} (${child.command}), state ${child.kernelState}, ${seconds(child.ageMs)} old`
}

function signsOf(child: ChildProcess | null): Sign[] {
  const signs: Sign[] = [strong('it waits for a child process')]
  if (child !== null)
    signs.push((child.ageMs >= PATIENCE_MS ? strong : weak)(`the child is alive for ${seconds(child.ageMs)}`))
  return signs
}
