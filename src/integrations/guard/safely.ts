/** The last line between our hooks and the worker: what fails in here must never reach the code that was hooked. */

let failures = 0
let firstFailure: unknown = null

/** Runs `action`; what it throws is counted, the first one is said and kept, none is passed on. */
export function safely<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    failures += 1
    if (failures === 1) {
      firstFailure = error
      say(error)
    }
    return undefined
  }
}

/** Node's own way: one line on stderr, later, and no stream is set up for it. */
function say(error: unknown): void {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : typeof error
  process.emitWarning(`a poll loop is not watched as it should be (${what}); please report it`, {
    type: 'ConductorStallAgentWarning',
    ...(error instanceof Error && error.stack !== undefined ? { detail: error.stack } : {}),
  })
}

/** For the log and the tests: hooks that failed, and how the first one did. @public (programs of the tests load dist) */
export function hookFailures(): { readonly count: number; readonly first: unknown } {
  return { count: failures, first: firstFailure }
}
