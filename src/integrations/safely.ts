/** The last line between our hooks and the worker: what fails in here must never reach the code that was hooked. */

let failures = 0
let firstFailure: unknown = null

/** Runs `action`; what it throws is counted and kept, not passed on. */
export function safely<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    failures += 1
    firstFailure ??= error
    return undefined
  }
}

/** For the log and the tests: hooks that failed, and how the first one did. @public (programs of the tests load dist) */
export function hookFailures(): { readonly count: number; readonly first: unknown } {
  return { count: failures, first: firstFailure }
}
