/** `awaiting/file` and `awaiting/dns`: one request in libuv's pool that does not come back, while others still could. */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByLooks, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import type { View } from '../view/view.js'

export function awaitingPoolRequest(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'file' || leaf.cause === 'dns')
    .map((leaf) =>
      leafCandidate(view, leaf, {
        cause: leaf.cause,
        waitsFor: waitText(view, leaf),
        signs: signsOf(view, leaf),
        cap: capByLooks(view, leaf),
        weight: 32,
        refutedBy: 'A pool thread that is elsewhere in a later look.',
        nextStep:
          leaf.cause === 'dns'
            ? `Ask the DNS servers (${(view.last.kernel?.nameservers ?? ['see /etc/resolv.conf']).join(', ')}) for this name by hand, and bound the look-up by a time-out.`
            : 'See what this path is (a FIFO without a writer, a network mount); open it with O_NONBLOCK or not at all.',
      }),
    )
}

function waitText(view: View, leaf: Leaf): string {
  const { waits } = leaf
  const thread = threadOf(view, leaf)
  const doing =
    thread === undefined
      ? ''
      : `, in pool thread ${thread.tid}${thread.syscall === undefined ? '' : ` (${thread.syscall.split('(')[0] ?? ''})`}`
  if (leaf.cause === 'dns') return `the address of ${waits.host ?? 'a host'}${doing}`
  return `${waits.path === undefined ? 'a file' : `the file ${waits.path}`}${doing}`
}

function threadOf(view: View, { waits }: Leaf) {
  const wanted = waits.path ?? waits.host
  return view.last.pool?.running.find((work) => wanted !== undefined && work.what === wanted)
}

function signsOf(view: View, leaf: Leaf): Sign[] {
  const signs: Sign[] = [strong(`it waits for a ${leaf.cause === 'dns' ? 'DNS look-up' : 'file system request'}`)]
  if (threadOf(view, leaf) !== undefined) signs.push(strong('a pool thread is in that very call'))
  else if (leaf.waits.queued === true) signs.push(weak('the request is queued'))
  return signs
}
