/**
 * A snapshot knows where a function was defined, not where it is suspended. V8 tells that of one object at a time
 * (`[[GeneratorLocation]]`), and each question walks the target's heap: so one is asked for every distinct place, up
 * to a bound.
 */
import type { InspectorSession } from './inspector-session.js'

export interface SuspendedAt {
  readonly scriptId: string
  /** From 0, as V8 counts. */
  readonly line: number
  readonly column: number
}

interface RemoteObject {
  readonly objectId?: string
  readonly value?: unknown
}

interface InternalProperty {
  readonly name: string
  readonly value?: RemoteObject
}

const GROUP = 'conductor-stall-agent'

/** Null when the object is gone or not suspended any more. */
export async function locateGenerator(session: InspectorSession, snapshotId: number): Promise<SuspendedAt | null> {
  let object: { readonly result: RemoteObject }
  try {
    object = (await session.send('HeapProfiler.getObjectByHeapObjectId', {
      objectId: String(snapshotId),
      objectGroup: GROUP,
    })) as typeof object
  } catch {
    // "Object is not available": it was collected after the snapshot, which is an answer.
    return null
  }
  if (object.result.objectId === undefined) return null
  const properties = (await session.send('Runtime.getProperties', {
    objectId: object.result.objectId,
    ownProperties: true,
  })) as { readonly internalProperties?: readonly InternalProperty[] }
  const internal = new Map(
    (properties.internalProperties ?? []).map((property) => [property.name, property.value?.value]),
  )
  if (internal.get('[[GeneratorState]]') !== 'suspended') return null
  const location = internal.get('[[GeneratorLocation]]') as
    | { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number }
    | undefined
  if (location === undefined) return null
  return { scriptId: location.scriptId, line: location.lineNumber, column: location.columnNumber ?? 0 }
}

/** Lets the target forget the objects that we asked about. */
export async function releaseLocated(session: InspectorSession): Promise<void> {
  await session.send('Runtime.releaseObjectGroup', { objectGroup: GROUP })
}
