/** The catalogue: every family of Node's objects that the world outside can wake, or that says what was asked of it. */
import { isConnected, type ResourceWait } from '../model/wait.js'
import { broadcastChannels } from './broadcast-channel.js'
import { children } from './children.js'
import type { Circumstances, Family } from './family.js'
import { fileHandles, files, watchers } from './files.js'
import { http } from './http.js'
import { http2Sessions, http2Streams } from './http2.js'
import { locks } from './locks.js'
import { lookups } from './lookups.js'
import { fdPart, type NodeObject } from './node-object.js'
import { poolJobs } from './pool-jobs.js'
import { servers, sockets } from './sockets.js'
import { signals } from './signals.js'
import { ports, workers } from './threads.js'
import { timers } from './timers.js'
import { webSockets } from './web-socket.js'

/** Of two that fit a native object's name, the first is meant. */
export const FAMILIES: readonly Family[] = [
  timers,
  sockets,
  servers,
  files,
  fileHandles,
  watchers,
  lookups,
  children,
  workers,
  ports,
  broadcastChannels,
  http,
  webSockets,
  http2Sessions,
  http2Streams,
  signals,
  locks,
  poolJobs,
]

type Names = 'classes' | 'requests' | 'waypoints' | 'natives' | 'guards'

function byName(...lists: readonly Names[]): ReadonlyMap<string, Family> {
  const known = new Map<string, Family>()
  for (const family of FAMILIES)
    for (const list of lists) for (const name of family[list] ?? []) known.set(name, family)
  return known
}

const BY_CLASS = byName('classes', 'guards')
const BY_REQUEST = byName('requests')
const BY_NATIVE = byName('natives')

/** JavaScript classes at which a search for what settles a promise ends. */
export const RESOURCE_CLASSES: ReadonlySet<string> = new Set(byName('classes').keys())
/** Classes on the way that say more than the resource behind them. */
export const WAYPOINT_CLASSES: ReadonlySet<string> = new Set(byName('requests', 'waypoints').keys())
/** Classes that as a rule only bound a wait. */
export const GUARD_CLASSES: ReadonlySet<string> = new Set(byName('guards').keys())

/** The family of a request that is met on the way to its connection. */
export function requestFamily(className: string): Family | null {
  return BY_REQUEST.get(className) ?? null
}

/** Families that know a call of Node's own by its scope. */
export const CALL_FAMILIES: readonly Family[] = FAMILIES.filter((family) => family.call !== undefined)

/** Null for an object of no family. */
export function describeObject(object: NodeObject, at: Circumstances): ResourceWait | null {
  const family = BY_CLASS.get(object.className)
  return family === undefined ? describeNative(object) : family.describe(object, at)
}

/** Whether a class's name alone, as a heap snapshot has it, says that its objects are resources or requests. */
export function isNamed(className: string): boolean {
  return BY_CLASS.has(className) || BY_REQUEST.has(className) || BY_NATIVE.has(className)
}

/** An object by its class's name alone: in a heap snapshot neither its C++ side nor its class's script can be read. */
export function describeByName(object: NodeObject): ResourceWait | null {
  if (!isNamed(object.className)) return null
  const family = BY_CLASS.get(object.className) ?? BY_REQUEST.get(object.className)
  const described = family?.describe(object, { uptimeMs: null }) ?? null
  if (described !== null) return described
  const native = BY_NATIVE.get(object.className)
  return native === undefined ? null : ofNative(native, object, object.className)
}

function describeNative(object: NodeObject): ResourceWait | null {
  const native = object.native()
  if (native === null) return null
  const name = native.className.replace(/<.*$/, '')
  const family =
    BY_NATIVE.get(name) ??
    BY_CLASS.get(name) ??
    FAMILIES.find((each) => each.nativeLike?.test(native.className) === true)
  return ofNative(family, object, object.className === '' ? native.className : object.className)
}

function ofNative(family: Family | undefined, object: NodeObject, label: string): ResourceWait {
  const described = family?.describeNative?.(object) ?? null
  if (described !== null) return described
  const part: ResourceWait = { kind: family?.nativeKind ?? 'unknown', label, owner: label }
  return isConnected(part) ? { ...part, ...fdPart(object.native()) } : part
}
