import type { PathPart } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'

/** A part of the way from where a search ended to the promise, with the object in the heap that it is. */
export interface HeapPathPart extends PathPart {
  readonly object: Tagged
}
