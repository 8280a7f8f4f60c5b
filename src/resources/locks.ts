/**
 * `navigator.locks` (Node 24 and later; lib/internal/locks.js, src/node_locks.cc): a request is an async function of Node's
 * own that awaits what C++ settles. C++ keeps the function that calls the user back in its queue until the lock is granted,
 * and gives it up then: what it no longer holds runs under the lock. With an AbortSignal the request waits in another way,
 * and is not told.
 */
import type { Family } from './family.js'

const OWNER = 'navigator.locks'

export const locks: Family = {
  describe: () => null,
  call: { script: 'node:internal/locks', function: 'request', callback: 'wrapCallback' },
  describeCall(scope) {
    const name = scope.text('name')
    if (name === null) return null
    if (scope.native() === null) return { kind: 'await', until: 'lock-released', owner: OWNER, name }
    return { kind: 'lock', owner: OWNER, name, mode: scope.text('mode') === 'shared' ? 'shared' : 'exclusive' }
  },
}
