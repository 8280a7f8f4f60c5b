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
      summary: `child process${file === null ? '' : ` ${file}`}${pid === null ? '' : `, pid ${pid}`}`,
      ...(pid === null ? {} : { pid }),
    }
  },
  describeNative(object) {
    const pid = object.native()?.pid
    return {
      kind: 'child',
      summary: `child process${pid === undefined ? '' : `, pid ${pid}`}`,
      ...(pid === undefined ? {} : { pid }),
    }
  },
}
