/** `awaiting/child-message`: a child process that does not answer or end. */
import type { ChildProcess } from '../../model/kernel.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, capByLooks, leafCandidate, leavesOf, loopIsAlive, PATIENCE_MS, type Leaf } from '../view/leaf.js'
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
        waitsFor: outlived(view, leaf) ? outlivedText(leaf) : isDead(leaf) ? deadText(leaf) : childText(leaf, child),
        signs: outlived(view, leaf)
          ? [strong('no child of that pid is left, and its output has not ended')]
          : isDead(leaf)
            ? [strong(`its child process has ${leaf.waits.ended}`), strong('its resolver is still kept for a reply')]
            : signsOf(child),
        // A write that blocks in every look is no matter of age, nor is what a dead child is to answer.
        cap: stuckWriting(view, child) || isDead(leaf) ? capByLooks(view, aged) : capByAge(view, aged),
        weight: stuckWriting(view, child) || isDead(leaf) ? 46 : 26,
        refutedBy: 'Output of the child, or its end, between two looks.',
        nextStep:
          child?.writing !== undefined
            ? `Read what the child writes (resume() or pipe its ${streamName(child.writing.fd)}), or start it with that stream ignored or inherited.`
            : outlived(view, leaf)
              ? "See what that child started and left running: it has the child's output as its own. Start it with its output redirected, or wait for the event exit instead of close."
              : child !== null && waitsForInput(child)
                ? "End the child's stdin (child.stdin.end()) when all is written, or start it without one: stdio: ['ignore', 'pipe', 'pipe']."
                : isDead(leaf)
                  ? 'Reject what is pending when the child ends (its exit event), start it anew, and see why it ended.'
                  : child === null
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

/** As many as are listed at most: with more of them, one that is missing may just not be among those. */
const ALL_LISTED = 60

/** The event `close` comes when a child has ended and its output has: here the child has, in every look. */
function outlived(view: View, { waits }: Leaf): boolean {
  if (waits.kind !== 'child' || waits.pid === undefined) return false
  if (waits.event !== 'close' && waits.outputOpen !== true) return false
  return view.evidence.looks.every(
    ({ kernel }) =>
      kernel !== null && kernel.children.length < ALL_LISTED && kernel.children.every(({ pid }) => pid !== waits.pid),
  )
}

function outlivedText({ waits }: Leaf): string {
  return `the output of child process ${waits.pid ?? ''} to end: the child has ended, and something that it started still holds its output open`
}

/** It has ended, and its output too: what it was to answer never comes. */
function isDead({ waits }: Leaf): boolean {
  return waits.ended !== undefined && waits.outputOpen === undefined && waits.event === undefined
}

function deadText({ waits }: Leaf): string {
  const kept = waits.owner === undefined ? '' : `, kept in ${waits.owner}`
  return `a reply${kept}, of child process ${waits.pid ?? ''} (${waits.file ?? 'unknown program'}), which has ${waits.ended}`
}

function childText(leaf: Leaf, child: ChildProcess | null): string {
  if (child === null) return `child process ${leaf.waits.pid ?? ''}`.trim()
  const what = `child process ${child.pid} (${child.command})`
  if (waitsForInput(child))
    return `${what}, ${seconds(child.ageMs)} old, which waits for input on its stdin: this process (its own fd ${child.reading?.ours.join(', ') ?? ''}) neither writes any nor ends it`
  if (child.writing === undefined) return `${what}, state ${child.kernelState}, ${seconds(child.ageMs)} old`
  const { fd, ours } = child.writing
  const here = ours.length === 0 ? 'nobody reads' : `this process does not read (its own fd ${ours.join(', ')})`
  return `${what}, ${seconds(child.ageMs)} old, which is blocked writing to its ${streamName(fd)}: what ${here}`
}

/** It sleeps in a read of its stdin, whose other end is this process's. */
function waitsForInput({ reading }: ChildProcess): boolean {
  return reading?.fd === 0 && reading.ours.length > 0
}

function streamName(fd: number): string {
  return fd === 1 ? 'stdout' : fd === 2 ? 'stderr' : `descriptor ${fd}`
}

/** In every look, and into what we hold the other end of. */
function stuckWriting(view: View, child: ChildProcess | null): boolean {
  if (child?.writing === undefined || child.writing.ours.length === 0) return false
  const { fd } = child.writing
  return view.evidence.looks.every(
    (look) =>
      look.kernel === null ||
      look.kernel.children.some(
        (each) => each.pid === child.pid && each.writing !== undefined && each.writing.fd === fd,
      ),
  )
}

function signsOf(child: ChildProcess | null): Sign[] {
  const signs: Sign[] = [strong('it waits for a child process')]
  if (child?.writing !== undefined)
    signs.push(strong(`the child sleeps in a write to its ${streamName(child.writing.fd)}`))
  if (child !== null && waitsForInput(child)) signs.push(strong('the child sleeps in a read of its stdin'))
  if (child !== null)
    signs.push((child.ageMs >= PATIENCE_MS ? strong : weak)(`the child is alive for ${seconds(child.ageMs)}`))
  return signs
}
