/** A line of a stack, of what is known of a function and of a place in it; what is not known is null. */
import type { Frame, FrameTier } from '../../model/frame.js'
import type { FunctionInfo } from '../objects/functions.js'
import type { LineColumn } from '../objects/scripts.js'
import { scriptPath } from '../objects/scripts.js'

export function frameOf(
  info: FunctionInfo | null,
  place: LineColumn | null,
  tier: FrameTier,
  name: string | null = info?.name ?? null,
): Frame {
  return {
    function: name,
    file: scriptPath(info?.script?.name ?? null),
    line: place?.line ?? null,
    column: place?.column ?? null,
    tier,
    async: false,
    native: false,
  }
}
