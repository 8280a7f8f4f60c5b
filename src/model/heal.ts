/** A dead connection that the agent closed from inside, and what came of it. */
import type { ConnectionEnds } from './connection-ends.js'
import type { Frame } from './frame.js'
import type { VerdictPlace } from './verdict.js'

/**
 * `answered`: a poll was answered after it was closed. `no-answer`: it was closed, and none was in time. `alive`: it answered when
 * it was asked, and was left open. `not-found`: no socket, or more than one, had these ends. `failed`: it could not be closed.
 */
export type HealOutcome = 'answered' | 'no-answer' | 'alive' | 'not-found' | 'failed'

export interface Heal {
  readonly outcome: HealOutcome
  readonly connection: ConnectionEnds
  /** The incident whose evidence named the connection; it was sealed before anything was closed. */
  readonly incident: string
  /** In their order; `atMs`: ms since the first. */
  readonly steps: readonly { readonly atMs: number; readonly text: string }[]
  /** What that incident said of its cause. */
  readonly verdict: {
    readonly summary: string
    readonly where: VerdictPlace | null
    readonly chain: readonly Frame[]
  }
}
