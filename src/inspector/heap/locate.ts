/**
 * A snapshot knows where a function was defined, not where it is suspended. V8 tells that of one object at a time
 * (`[[GeneratorLocation]]`), and each question walks the target's heap: so one is asked for every distinct place, up
 * to a bound.
 */
import type { CdpConnection } from '../connection/cdp-connection.js'

export interface SuspendedAt {
  readonly scriptId: string
  /** From 0, as V8 counts. */
  readonly line: number
  readonly column: number
}

const GROUP = 'conductor-stall-agent'

/** Null when the object is gone or not suspended any more. */
export async function locateGenerator(
  session: CdpConnection,
  snapshotId: number,
  deadlineMs: number,
): Promise<SuspendedAt | null> {
  let objectId: string | undefined
  try {
    const asked = { objectId: String(snapshotId), objectGroup: GROUP }
    objectId = (await session.send('HeapProfiler.getObjectByHeapObjectId', asked, deadlineMs)).result.objectId
  } catch {
    // "Object is not available": it was collected after the snapshot, which is an answer.
    return null
  }
  if (objectId === undefined) return null
  const properties = await session.send('Runtime.getProperties', { objectId, ownProperties: true }, deadlineMs)
  const internal = new Map<string, unknown>(
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
export async function releaseLocated(session: CdpConnection, deadlineMs: number): Promise<void> {
  await session.send('Runtime.releaseObjectGroup', { objectGroup: GROUP }, deadlineMs)
}
