/** What Conductor's server says of a task type while a worker of it stands still. */

/** A server to ask, and how it is reached. */
export interface ServerToAsk {
  /** `http://10.0.0.5:8080/api`, without credentials. */
  readonly base: string
  /** `10.0.0.5:8080` where a connection of the worker's shows it; else the name has to be looked up. */
  readonly peer: string | null
  readonly taskTypes: readonly string[]
}

/** One row of `polldata`: the server keeps one a task type and domain, overwritten by whoever polls. */
export interface PollRow {
  readonly workerId: string
  readonly domain?: string
  /** How long ago by the server's own clock, ms. */
  readonly agoMs: number
}

/** As the server answered; null where it did not. */
export interface ServerAnswer {
  readonly server: string
  readonly taskType: string
  readonly polls: readonly PollRow[] | null
  /** Tasks that wait to be polled. */
  readonly queued: number | null
  readonly tookMs: number
  /** Why there is less: `ECONNREFUSED`, `answered 401`. */
  readonly problem?: string
}

/**
 * `nobody`: nobody polls it. `somebody-else`: somebody polled since this worker did. `this-worker`: the last poll that the
 * server saw is this worker's own. Null: the server did not say.
 */
export type PolledBy = 'nobody' | 'somebody-else' | 'this-worker'

export interface ServerView extends ServerAnswer {
  readonly clock: string
  readonly polledBy: PolledBy | null
  /** Tasks wait for this type; null: the server did not say. */
  readonly scheduled: boolean | null
  /** One sentence. */
  readonly summary: string
}
