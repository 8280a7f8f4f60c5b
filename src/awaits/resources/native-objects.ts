/**
 * The C++ side of an API object: node's BaseObject behind its embedder field, its class by vtable, whether node holds
 * the object by a strong handle, and the libuv handle or request inside, whose `data` points back to the C++ object
 * (so no offset of node's is needed). Structures: libuv's include/uv.h and include/uv/unix.h, alike in 1.46 to 1.52.
 */
import { toAddress, type Address } from '../../model/address.js'
import { FS_OPERATIONS, FS_REQUEST, HANDLE, HANDLE_TYPES, REQUEST, REQUEST_TYPES } from '../../native/layouts/libuv.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

/** What `native/` knows of C++ objects: the only thing needed of it here. */
export interface NativeClasses {
  /** Class by vtable of the C++ object at `address`, without namespaces; null when it is none that is known. */
  classAt(address: Address): string | null
  /** The thread that runs the isolate at `address`; null for any other address, and where that is not known. */
  tidAt?(address: Address): number | null
}

export interface NativeObject {
  /** The BaseObject. */
  readonly address: Address
  readonly className: string
  /** `weak`: only JavaScript keeps it alive. `unknown`: the handle was gone or not understood. */
  readonly handle: 'strong' | 'weak' | 'unknown'
  readonly uv: UvHandle | UvRequest | null
  /** Of a Worker, the thread that it runs. */
  readonly tid?: number
}

export interface UvHandle {
  readonly kind: 'tcp' | 'pipe' | 'tty' | 'udp' | 'process' | 'other'
  readonly fd?: number
  readonly pid?: number
}

export interface UvRequest {
  readonly kind: 'fs' | 'work' | 'getaddrinfo' | 'getnameinfo' | 'request'
  readonly address: Address
  readonly path?: string
  readonly fd?: number
}

const FIRST_EMBEDDER_WORD = 3
const LAST_EMBEDDER_WORD = 7
/** Our classes' uv structures begin within this many bytes. */
const MAX_UV_OFFSET = 640
const MAX_PATH = 4096
/** Types of handles that no handle has. */
const NO_HANDLES: ReadonlySet<string> = new Set(['unknown', 'file'])

export class NativeObjects {
  readonly #objects: Objects
  readonly #classes: NativeClasses
  readonly #known = new Map<Tagged, NativeObject | null>()

  constructor(objects: Objects, classes: NativeClasses) {
    this.#objects = objects
    this.#classes = classes
  }

  flush(): void {
    this.#known.clear()
  }

  of(object: Tagged): NativeObject | null {
    const known = this.#known.get(object)
    if (known !== undefined) return known
    const found = this.#read(object)
    this.#known.set(object, found)
    return found
  }

  #read(object: Tagged): NativeObject | null {
    const { heap } = this.#objects
    const map = heap.field(object, 0)
    if (!this.#objects.isApiType(heap.typeOfMap(map))) return null
    const words = heap.uint32(map, heap.layout.map.sizeInWords) & 0xff
    for (let i = FIRST_EMBEDDER_WORD; i <= Math.min(words - 1, LAST_EMBEDDER_WORD); i++) {
      const pointer = heap.field(object, 8 * i)
      if (!(pointer > 65_536 && pointer % 8 === 0 && pointer < 2 ** 47)) continue
      const address = toAddress(pointer)
      const className = this.#classes.classAt(address)
      if (className === null) continue
      const tid = className === 'Worker' ? this.#threadOf(address) : null
      return {
        address,
        className,
        handle: this.#handle(address, object),
        uv: this.#uv(address),
        ...(tid === null ? {} : { tid }),
      }
    }
    return null
  }

  /** node's Worker keeps the isolate that its thread runs (src/node_worker.h, isolate_): no offset of it is needed. */
  #threadOf(address: Address): number | null {
    const { memory } = this.#objects.heap
    for (let offset = 16; offset < MAX_UV_OFFSET; offset += 8) {
      const word = memory.word(toAddress(address + offset))
      const tid = word > 65_536 && word % 8 === 0 ? this.#classes.tidAt?.(toAddress(word)) : null
      if (tid != null) return tid
    }
    return null
  }

  /** BaseObject keeps its object by a v8::Global: the word after the vtable is a GlobalHandles node, whose flags are at 11. */
  #handle(address: Address, object: Tagged): NativeObject['handle'] {
    const { memory } = this.#objects.heap
    const node = memory.word(toAddress(address + 8))
    if (!(node > 65_536) || memory.word(toAddress(node)) !== object) return 'unknown'
    const state = memory.u8(toAddress(node + 11)) & 3
    return state === 1 ? 'strong' : state === 2 ? 'weak' : 'unknown'
  }

  #uv(address: Address): UvHandle | UvRequest | null {
    const { memory } = this.#objects.heap
    for (let offset = 16; offset < MAX_UV_OFFSET; offset += 8) {
      const at = toAddress(address + offset)
      if (memory.word(at) !== address) continue
      const loop = memory.word(toAddress(at + HANDLE.loop))
      const handleType = HANDLE_TYPES[memory.u32(toAddress(at + HANDLE.type))]
      if (loop > 65_536 && loop % 8 === 0 && handleType !== undefined && !NO_HANDLES.has(handleType)) {
        return this.#uvHandle(at, handleType)
      }
      const requestType = REQUEST_TYPES[memory.u32(toAddress(at + REQUEST.type))]
      if (requestType === undefined || requestType === 'unknown') continue
      const request = this.#uvRequest(at, requestType)
      if (request !== null) return request
    }
    return null
  }

  #uvHandle(at: Address, type: (typeof HANDLE_TYPES)[number]): UvHandle {
    const { memory } = this.#objects.heap
    switch (type) {
      case 'tcp':
      case 'pipe':
      case 'tty':
        return withFd(type, memory.i32(toAddress(at + HANDLE.streamFd)))
      case 'udp':
        return withFd(type, memory.i32(toAddress(at + HANDLE.udpFd)))
      case 'process':
        return { kind: 'process', pid: memory.i32(toAddress(at + HANDLE.processPid)) }
      default:
        return { kind: 'other' }
    }
  }

  #uvRequest(at: Address, type: (typeof REQUEST_TYPES)[number]): UvRequest | null {
    const { memory } = this.#objects.heap
    if (type !== 'fs') {
      const kind = type === 'work' || type === 'getaddrinfo' || type === 'getnameinfo' ? type : 'request'
      return { kind, address: at }
    }
    const operation = memory.i32(toAddress(at + FS_REQUEST.operation))
    if (operation < 0 || operation >= FS_OPERATIONS.length || !(memory.word(toAddress(at + FS_REQUEST.loop)) > 65_536))
      return null
    const path = memory.word(toAddress(at + FS_REQUEST.path))
    if (path > 65_536) {
      const text = this.#cString(toAddress(path))
      return { kind: 'fs', address: at, ...(text === '' ? {} : { path: text }) }
    }
    return { kind: 'fs', address: at, fd: memory.i32(toAddress(at + FS_REQUEST.file)) }
  }

  #cString(address: Address): string {
    const { memory } = this.#objects.heap
    const bytes: number[] = []
    for (let i = 0; i < MAX_PATH; i++) {
      const byte = memory.u8(toAddress(address + i))
      if (byte === 0) break
      bytes.push(byte)
    }
    return Buffer.from(bytes).toString('utf8')
  }
}

function withFd(kind: 'tcp' | 'pipe' | 'tty' | 'udp', fd: number): UvHandle {
  return fd >= 0 ? { kind, fd } : { kind }
}
