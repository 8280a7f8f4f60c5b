/** Child processes. */
import type { Family } from './family.js'

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
    }
  },
  describeNative(object) {
    const pid = object.native()?.pid
    return { kind: 'child', ...(pid === undefined ? {} : { pid }) }
  },
}
