/** A file of its own, since the watch thread needs it and little else: threads.ts loads the names of all system calls. */
import { tryReadLink } from './read.js'

/** The tid of the thread that asks; null off Linux. */
export function ownThreadId(): number | null {
  const match = /\/task\/(\d+)$/.exec(tryReadLink('/proc/thread-self') ?? '')
  return match ? Number(match[1]) : null
}
