/** What a profile calls a frame: one that may have returned before the sample says so, in every format. */
import type { Frame } from '../model/frame.js'

export function frameName(frame: Frame): string {
  const name = frame.function ?? '(anonymous)'
  return frame.probable === true ? `${name} (probable)` : name
}

/** Tells one function of a profile from the next: where it has no name, by the line. */
export function functionKey(frame: Frame, name: string | null = frameName(frame)): string {
  return `${name ?? ''}\n${frame.file ?? ''}\n${frame.function === null ? frame.line : ''}`
}
