/**
 * `awaits`: every suspended function with the place of its await, who awaits it, and what it waits for, read from
 * memory. No pause, no code run in the target.
 */
import type { AwaitTree } from '../model/await.js'
import type { Target } from '../model/target.js'
import type { Capturer } from './capturer.js'
import { memoryCapability } from './memory-target.js'

export const awaitsCapturer: Capturer<AwaitTree> = {
  name: 'awaits',
  supports: (target: Target) => memoryCapability(target),
  async capture(session, { deadlineMs }) {
    // A fifth of all code: a look at stacks alone starts without.
    const { readAwaits } = await import('./read-awaits.js')
    const { target, options, earlierScans: earlier } = session
    return readAwaits(session.memory(), { ...options, target, deadlineMs, earlier })
  },
}
