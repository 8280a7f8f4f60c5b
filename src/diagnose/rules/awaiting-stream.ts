/** `awaiting/stream`: a stream that brings no data, or one that is written to and whose consumer takes nothing. */
import { strong, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import type { View } from '../view/view.js'

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
        ...ADVICE[directionOf(leaf)],
      }),
    )
}

type Direction = 'reads' | 'writes' | 'either'

const ADVICE: Readonly<Record<Direction, { readonly refutedBy: string; readonly nextStep: string }>> = {
  reads: {
    refutedBy: 'Data on the stream between two looks; or that silence is normal for this stream.',
    nextStep: 'See who should write into this stream and whether it still does; end or destroy the stream on silence.',
  },
  writes: {
    refutedBy: 'A write that completes between two looks; or that so slow a consumer is normal for this stream.',
    nextStep:
      'See who should take what is written into this stream: a reader that has stopped, or a write that never calls its callback; destroy the stream when nothing is taken.',
  },
  either: {
    refutedBy: 'The event between two looks; or that it is not due yet.',
    nextStep: 'See who should end or close it and whether that still happens; destroy it on silence.',
  },
}

const WRITER = /Writ|Sink/

/** `drain` and `finish` are events of what is written to; `close` belongs to both sides, to servers and threads. */
function directionOf({ waits }: Leaf): Direction {
  if (waits.event === 'drain' || waits.event === 'finish') return 'writes'
  if (waits.event !== 'close') return 'reads'
  return WRITER.test(waits.owner ?? '') ? 'writes' : 'either'
}

function streamText(leaf: Leaf): string {
  const { waits } = leaf
  const from = waits.peer ?? waits.path
  const what = `${waits.owner ?? 'a stream'}${from === undefined ? '' : ` (${from})`}`
  return directionOf(leaf) === 'reads' ? `data from ${what}` : `${what} to ${waits.event}`
}

function signsOf({ waits }: Leaf): Sign[] {
  return [strong(waits.event === undefined ? 'it reads from a stream' : `it waits for the event ${waits.event}`)]
}
