/** A thread without JavaScript on its stack, as profilers call it. */
import type { Frame } from '../../model/frame.js'

export function idle(): Frame {
  return { function: '(idle)', file: null, line: null, column: null, tier: null, async: false, native: false }
}
