/** Child processes. */
import type { WaitOf } from '../model/wait.js'
import type { Family } from './family.js'
import type { NodeObject } from './node-object.js'

export const children: Family = {
  classes: ['ChildProcess'],
  nativeKind: 'child',
  natives: ['ProcessWrap', 'Process'],
  describe(object) {
    const pid = object.number('pid')
    const file = object.text('spawnfile')
    return {
      kind: 'child',
      ...(file === null ? {} : { file }),
      ...(pid === null ? {} : { pid }),
      ...endPart(object),
    }
  },
  describeNative(object) {
    const pid = object.native()?.pid
    return { kind: 'child', ...(pid === undefined ? {} : { pid }) }
  },
}

/**
 * lib/internal/child_process.js: `exitCode` and `signalCode` are null while it runs, and the last event, `close`, comes when
 * as many of its streams have closed as it has.
 */
function endPart(child: NodeObject): Pick<WaitOf<'child'>, 'ended' | 'outputOpen'> {
  const signal = child.text('signalCode')
  const code = child.number('exitCode')
  if (signal === null && code === null) return {}
  const open = (child.number('_closesGot') ?? 0) < (child.number('_closesNeeded') ?? 0)
  const ended = signal === null ? `exited with code ${code}` : `been ended by ${signal}`
  return { ended, ...(open ? { outputOpen: true } : {}) }
}
