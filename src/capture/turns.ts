/**
 * The clock of everything that is sampled: turns counted from the start, so that a late one does not put off the next.
 * Turns that went by, because the machine was busy or a sample took long, are missed and counted, never made up for.
 */
export interface TurnOptions {
  readonly durationMs: number
  /** Turns a second. */
  readonly rate: number
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/**
 * Calls `take` at each turn with the ms since the start; it answers false to end it.
 * @returns turns that were missed
 */
export async function forEachTurn(
  { durationMs, rate, signal }: TurnOptions,
  take: (atMs: number) => boolean,
): Promise<number> {
  const intervalMs = 1000 / rate
  const turns = Math.ceil(durationMs / intervalMs)
  const startedMs = performance.now()
  let missed = 0
  for (let turn = 0; turn < turns;) {
    const atMs = performance.now() - startedMs
    if (atMs >= durationMs || signal?.aborted === true || !take(atMs)) break
    // Timers may wake us a little early: each turn is taken once all the same.
    const due = Math.max(turn, Math.floor((performance.now() - startedMs) / intervalMs)) + 1
    // What is over is no longer missed.
    missed += Math.max(0, Math.min(due, turns) - turn - 1)
    turn = due
    await untilTurn(startedMs + turn * intervalMs, signal)
  }
  return missed
}

/** Timers come up to this much too late, and a turn of 1 ms can't wait for that. */
const TIMER_SLACK_MS = 2
const cell = new Int32Array(new SharedArrayBuffer(4))

/** Asleep to the moment, but the event loop has its turn before. */
async function untilTurn(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  await loopUntil(atMs - TIMER_SLACK_MS, signal)
  const waitMs = atMs - performance.now()
  if (waitMs > 0 && signal?.aborted !== true) Atomics.wait(cell, 0, 0, waitMs)
}

function loopUntil(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = Math.floor(atMs - performance.now())
  if (waitMs <= 0 || signal?.aborted === true) return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => {
    const timer = setTimeout(done, waitMs)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
  })
}
