/** What a profile calls a frame: one that may have returned before the sample says so, in every format. */
import type { Frame } from '../model/frame.js'

export function frameName(frame: Frame): string {
  const name = frame.function ?? '(anonymous)'
  return frame.probable === true ? `${name} (probable)` : name
}
