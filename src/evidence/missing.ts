/** What was tried and not had, with its reason: the last look counts, because that is the one that is shown. */
import type { Missing } from '../model/evidence.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { CapturedLook } from '../model/look.js'

/** Parts of a look, as reports name them. */
export const PARTS = {
  kernel: 'kernel',
  stacks: 'stacks',
  awaits: 'awaits',
  pool: 'thread-pool',
  heap: 'heap',
  starvation: 'queue-starvation',
  debugger: 'debugger',
} as const satisfies Partial<Record<keyof CapturedLook, string>>

type Part = keyof typeof PARTS

/** A figure in a part that was had: null there, and the reason here. */
const USED_BYTES: Missing = {
  what: 'heap.usedBytes',
  why: 'ERR_STALL_MEMORY_UNREADABLE',
  message: 'the spaces of the heap were not recognised in memory',
}

interface Once {
  readonly samples: CaptureOutcome<unknown> | undefined
  readonly profile: CaptureOutcome<unknown> | undefined
  readonly freshConnections?: CaptureOutcome<unknown> | undefined
  readonly serverAnswers?: CaptureOutcome<unknown> | undefined
  readonly watchedConnections?: CaptureOutcome<unknown> | undefined
  readonly retained?: CaptureOutcome<unknown> | undefined
}

/** A part that failed in the last look although an earlier one had it is listed too: the looks can't be compared. */
export function missingFrom(looks: readonly CapturedLook[], once: Once): Missing[] {
  const last = looks.at(-1)
  const found: Missing[] = []
  for (const part of Object.keys(PARTS) as Part[]) {
    const reason = last === undefined ? null : reasonOf(PARTS[part], last[part])
    if (reason !== null) found.push(reason)
  }
  const heap = last?.heap
  if (heap?.status === 'captured' && heap.evidence.usedBytes === null) found.push(USED_BYTES)
  const samples = reasonOf('stack-samples', once.samples)
  const profile = reasonOf('cpu-profile', once.profile)
  const fresh = reasonOf('fresh-connections', once.freshConnections)
  const server = reasonOf('server-view', once.serverAnswers)
  const watched = reasonOf('connection-watch', once.watchedConnections)
  const retained = reasonOf('retained', once.retained)
  return [...found, ...[samples, profile, fresh, server, watched, retained].filter((each) => each !== null)]
}

function reasonOf(what: string, outcome: CaptureOutcome<unknown> | undefined): Missing | null {
  if (outcome === undefined || outcome.status === 'captured') return null
  if (outcome.status === 'unavailable') return { what, why: outcome.error.code, message: outcome.error.message }
  return { what, why: 'ERR_STALL_TIMEOUT', message: `gave up after ${Math.round(outcome.elapsedMs)} ms` }
}
