/** The handles of an event loop, with node's wrapper classes: what keeps it alive and what it could wake for. */
import { toAddress, type Address } from '../../model/address.js'
import type { LoopHandle } from '../../model/loop.js'
import { HANDLE, HANDLE_TYPES, LOOP } from '../layouts/libuv.js'
import type { NativeProcess } from '../process/native-process.js'

/** A server with more connections than this is cut; the count in LoopState is whole. */
const MAX_HANDLES = 4096

export interface HandleReading extends LoopHandle {
  /** The uv_handle_t. */
  readonly address: Address
  /** The C++ wrapper object (`handle->data`), null for internal handles. */
  readonly wrapperAddress: Address | null
}

/** In the order of the loop's queue. The walk races with a running loop: it ends at the first node that is not one. */
export function readHandles(native: NativeProcess, loop: Address, limit = MAX_HANDLES): HandleReading[] {
  const handles: HandleReading[] = []
  const head = loop + LOOP.handleQueue
  const bytes = new Uint8Array(HANDLE.size)
  const view = new DataView(bytes.buffer)
  const seen = new Set<number>()
  let node = native.memory.word(toAddress(head))
  while (node !== head && node !== 0 && handles.length < limit && !seen.has(node)) {
    seen.add(node)
    const address = toAddress(node - HANDLE.queue)
    if (!native.memory.read(address, bytes) || wordAt(view, HANDLE.loop) !== loop) break
    handles.push(handleOf(native, address, view))
    node = wordAt(view, HANDLE.queue)
  }
  return handles
}

function handleOf(native: NativeProcess, address: Address, view: DataView): HandleReading {
  const type = HANDLE_TYPES[view.getUint32(HANDLE.type, true)] ?? 'unknown'
  const flags = view.getUint32(HANDLE.flags, true)
  const data = toAddress(wordAt(view, HANDLE.data))
  const wrapper = data === 0 ? null : native.classAt(data)
  return {
    address,
    wrapperAddress: wrapper === null ? null : data,
    type,
    wrapper,
    active: (flags & HANDLE.flagActive) !== 0,
    referenced: (flags & HANDLE.flagReferenced) !== 0,
    ...details(native, type, view),
  }
}

function details(native: NativeProcess, type: string, view: DataView): Partial<LoopHandle> {
  const fd = (at: number): Partial<LoopHandle> => {
    const value = view.getInt32(at, true)
    return value >= 0 ? { fd: value } : {}
  }
  switch (type) {
    case 'tcp':
    case 'pipe':
    case 'tty':
      return { ...fd(HANDLE.streamFd), queuedBytes: wordAt(view, HANDLE.streamQueuedBytes) }
    case 'udp':
      return fd(HANDLE.udpFd)
    case 'poll':
      return fd(HANDLE.pollFd)
    case 'process':
      return { pid: view.getInt32(HANDLE.processPid, true) }
    case 'timer':
      return { dueMs: wordAt(view, HANDLE.timerDueMs) - native.nowMs() }
    default:
      return {}
  }
}

function wordAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000
}
