/** JSON Pointers into a dump. The bundle's writer puts the artifact's name before the hash. */
import type { View } from './view.js'

export type PointerList = 'threads' | 'awaits' | 'sockets' | 'clocks'

/** `#/threads/0`, or nothing when the item is not in the last look. */
export function pointerTo(list: PointerList, index: number): readonly string[] {
  return index < 0 ? [] : [`#/${list}/${index}`]
}

/** Pointers to the sockets and other parts that one await leads to. */
export function pointersOfAwait(view: View, index: number): readonly string[] {
  const node = view.last.awaits?.awaits[index]
  const fd = node?.waitsFor?.fd
  const socket = fd === undefined ? -1 : (view.last.kernel?.sockets.findIndex((each) => each.fd === fd) ?? -1)
  return [...pointerTo('awaits', index), ...pointerTo('sockets', socket)]
}
