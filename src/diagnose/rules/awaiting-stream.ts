/** `awaiting/stream`: `for await` or a reader on a stream that brings no data. */
import { strong, type Candidate, type Sign } from '../candidate.js'
import { capByAge, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../leaf.js'
import type { View } from '../view.js'

export function awaitingStream(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'stream')
    .map((leaf) =>
      leafCandidate(view, leaf, {
        cause: 'stream',
        waitsFor: streamText(leaf),
        signs: signsOf(leaf),
        cap: capByAge(view, leaf),
        weight: 24,
        refutedBy: 'Data on the stream between two looks; or that silence is normal for this stream.',
        nextStep:
          'See who should write into this stream and whether it still does; end or destroy the stream on silence.',
      }),
    )
}

function streamText({ waits }: Leaf): string {
  const from = waits.peer ?? waits.path
  const what = waits.owner ?? 'a stream'
  return `data from ${what}${from === undefined ? '' : ` (${from})`}`
}

function signsOf({ waits }: Leaf): Sign[] {
  return [strong(waits.event === undefined ? 'it reads from a stream' : `it waits for the event ${waits.event}`)]
}
