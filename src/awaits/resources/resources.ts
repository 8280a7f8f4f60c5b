/**
 * Which objects are resources: what the world outside (the kernel, a timer, another thread) can wake. A search for
 * what settles a promise ends at one. Node's own classes only: a user's class called `Socket` is none.
 */
import { GUARD_CLASSES, RESOURCE_CLASSES, WAYPOINT_CLASSES } from '../../resources/families.js'
import type { HeapMaps } from '../../v8/heap/map-scan.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { portOver } from './closed-ports.js'
import type { NativeObjects } from './native-objects.js'
import { isClosed } from './stream-states.js'
import { isUndiciRequest } from './undici-request.js'

/** Streams and emitters on the way, which may be anybody's. */
const WAYPOINTS: ReadonlySet<string> = new Set([
  ...WAYPOINT_CLASSES,
  'EventEmitter',
  'EventTarget',
  'Interface',
  'PassThrough',
  'Readable',
  'Transform',
  'Duplex',
])
/** Constructors, as a root map names them, whose objects are looked at: classes that derive from EventEmitter share its. */
const PICKED = new Set([...RESOURCE_CLASSES, 'EventEmitter', 'Duplex', 'Readable', 'Writable'])
const SOCKETS = new Set(['Socket', 'TLSSocket'])
const FILE_STREAMS = new Set(['ReadStream', 'WriteStream'])
/** A parser is bound to its socket, which says more. */
const NO_RESOURCE = new Set(['HTTPParser'])

/** Resources that as a rule only bound a wait. */
export function isGuardClass(name: string): boolean {
  return GUARD_CLASSES.has(name)
}

export type ResourceKind = 'class' | 'native'

export class Resources {
  readonly #objects: Objects
  readonly #natives: NativeObjects
  readonly #kinds = new Map<Tagged, ResourceKind | null>()

  constructor(objects: Objects, natives: NativeObjects) {
    this.#objects = objects
    this.#natives = natives
  }

  flush(): void {
    this.#kinds.clear()
  }

  /** Null when the object is none, or none any more (a cleared timer, a request whose handle is gone). */
  kindOf(object: Tagged): ResourceKind | null {
    const known = this.#kinds.get(object)
    if (known !== undefined) return known
    const kind = this.#read(object)
    this.#kinds.set(object, kind)
    return kind
  }

  isWaypoint(object: Tagged): boolean {
    const objects = this.#objects
    if (!objects.heap.is(object, 'JS_OBJECT')) return false
    const name = objects.className(object)
    if (WAYPOINTS.has(name)) return true
    if (isUndiciRequest(objects, object)) return true
    return objects.get(object, '_events') !== undefined
  }

  #read(object: Tagged): ResourceKind | null {
    const objects = this.#objects
    const { heap } = objects
    const type = heap.typeOf(object)
    if (!objects.isObjectType(type)) return null
    const name = objects.className(object)
    if (NO_RESOURCE.has(name)) return null
    if (objects.isApiType(type)) return this.#natives.of(object)?.handle === 'strong' ? 'native' : null
    if (type !== heap.types.JS_OBJECT || !RESOURCE_CLASSES.has(name)) return null
    if (objects.classScript(object)?.startsWith('node:') !== true) return null
    if (name === 'Timeout') return objects.getBoolean(object, ['_destroyed']) === false ? 'class' : null
    if (name === 'ChildProcess' && isOverChild(objects, object)) return null
    // A file's stream that has emitted close has no more to do with its file.
    if (FILE_STREAMS.has(name) && isClosed(objects, object)) return null
    if (portOver({ objects, natives: this.#natives }, object) !== null) return null
    if (name === 'Server' && isOverServer(objects, object)) return null
    return SOCKETS.has(name) && !this.#hasHandle(object) ? null : 'class'
  }

  /**
   * Whether a socket has a handle of libuv's: one that was destroyed, or not yet opened, wakes nobody. (Its class's own
   * function refers to its map too: what follows there looks like a socket full of other objects' words.)
   */
  #hasHandle(socket: Tagged): boolean {
    const objects = this.#objects
    const handle = objects.getObject(socket, ['_handle', '[kHandle]'])
    if (handle !== 0) return this.#natives.of(handle) !== null
    // dgram keeps its handle in a state object.
    const state = objects.getObject(socket, ['[state symbol]'])
    const inner = state === 0 ? 0 : objects.getObject(state, ['handle'])
    return inner !== 0 && this.#natives.of(inner) !== null
  }
}

/** One that does not listen, yet or any more, and has no connections: nobody from outside can reach it. */
function isOverServer(objects: Objects, server: Tagged): boolean {
  if (objects.oddball(objects.getAny(server, ['_handle']) ?? 0) !== 'null') return false
  return (objects.getNumber(server, ['_connections']) ?? 1) === 0
}

/**
 * Of a child that has ended, and whose streams have, nothing comes any more: lib/internal/child_process.js counts both
 * (`maybeClose`) and then emits its last event.
 */
function isOverChild(objects: Objects, child: Tagged): boolean {
  if (objects.getObject(child, ['_handle']) !== 0) return false
  const needed = objects.getNumber(child, ['_closesNeeded'])
  return needed !== null && objects.getNumber(child, ['_closesGot']) === needed
}

/**
 * Maps whose objects may be resources, those of native contexts (which a walk over the heap must know), and those of the
 * `further` classes that somebody looks for.
 */
export function pickResourceMaps(
  objects: Objects,
  maps: HeapMaps,
  nativeContextType: number,
  further: ReadonlySet<string>,
): number[] {
  const { heap } = objects
  const picked: number[] = []
  // Thousands of maps have a few hundred constructors, `Object` for the most part.
  const constructors = new Map<Tagged, boolean>()
  for (const [map, type] of maps) {
    if (type === nativeContextType || objects.isApiType(type)) picked.push(map)
    else if (type === heap.types.JS_OBJECT) {
      const made = objects.constructorOf(map)
      let wanted = constructors.get(made)
      if (wanted === undefined) {
        const name = objects.functions.ofFunction(made)?.name ?? ''
        wanted = PICKED.has(name) || further.has(name)
        constructors.set(made, wanted)
      }
      if (wanted) picked.push(map)
    }
  }
  return picked
}
