/**
 * A blocking command of a queue's worker past its own time-out: after that the server answers without anything having
 * come, so it is not what keeps it waiting. Its answer was lost with a connection, or the client sends it again with each new
 * connection, and each is gone before the time-out is over (bullmq up to 5.81.3, whose clients try for ever).
 */
import type { Leaf } from './leaf.js'
import { seconds } from './phrases.js'
import type { View } from './view.js'

export interface PastOwnTimeOut {
  /** `bzpopmin, which the server answers after 5 s at the latest` */
  readonly command: string
  /** `bzpopmin is awaited for 46.4 s, though its own time-out is 5 s` */
  readonly sign: string
  readonly nextStep: string
}

/** For the way there and back, and a server that is slow. */
const SLACK_MS = 2000

/** Only the clock of the library whose command it is tells how long it is awaited: the place alone may be a loop's. */
export function pastOwnTimeOut(view: View, { node, waits }: Leaf): PastOwnTimeOut | null {
  const { blocking, blockingMs } = waits
  const inFlightMs = view.clock?.inFlightMs ?? null
  if (blocking === undefined || blockingMs === undefined || blockingMs === 0 || inFlightMs === null) return null
  if (!view.silent || inFlightMs <= blockingMs + SLACK_MS) return null
  const library = `/node_modules/${view.clock?.name.split(':')[0] ?? ''}`
  if (![node, ...node.awaitedBy].some(({ file }) => file?.includes(library) === true)) return null
  return {
    command: `${blocking}, which the server answers after ${seconds(blockingMs)} at the latest`,
    sign: `${blocking} is awaited for ${seconds(inFlightMs)}, though its own time-out is ${seconds(blockingMs)}`,
    nextStep: `Restart this worker: what it waits for was answered on a connection that is gone, or is sent again with each new one. Keep the client's socket time-out longer than that of ${blocking}, and see whether a newer release of the library gives such a command up.`,
  }
}
