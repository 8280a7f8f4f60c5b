/** One piece of work for libuv's pool: what it does, on what, for which C++ object. */
import { toAddress, type Address } from '../../model/address.js'
import type { PoolWork } from '../../model/loop.js'
import { readDescriptor } from '../../platform/procfs/descriptors.js'
import {
  ADDRESS_REQUEST,
  FS_OPERATIONS,
  FS_REQUEST,
  NAME_REQUEST,
  RANDOM_REQUEST,
  REQUEST_DATA,
  WORK,
  WORK_REQUEST,
  type WORK_FUNCTIONS,
} from '../layouts/libuv.js'
import type { NativeProcess } from '../process/native-process.js'

const MAX_TEXT_BYTES = 1024
/** A node::ThreadPoolWork lies behind the start of its owner: this far at most. */
const OWNER_BYTES = 640

export interface WorkReading extends PoolWork {
  /** The uv__work. */
  readonly address: Address
  /** The C++ object (a BaseObject) that asked, whose JavaScript object leads to the user; null when unknown. */
  readonly owner: Address | null
  /** The loop that waits for it: tells which thread asked. */
  readonly loop: Address
}

/** Linked to itself: a pool thread has taken it and not finished. */
export function isRunning(native: NativeProcess, work: Address): boolean {
  const node = work + WORK.queue
  const { memory } = native
  return (
    memory.word(toAddress(node)) === node && memory.word(toAddress(node + 8)) === node && kindOf(native, work) !== null
  )
}

/** Null when `work` names none of the pool's work functions: then it is no work. */
export function describeWork(native: NativeProcess, work: Address): WorkReading | null {
  const kind = kindOf(native, work)
  if (kind === null) return null
  const loop = toAddress(native.memory.word(toAddress(work + WORK.loop)))
  switch (kind) {
    case 'fs':
      return { address: work, loop, ...fileWork(native, work - FS_REQUEST.work) }
    case 'address': {
      const request = work - ADDRESS_REQUEST.work
      const what = textAt(native, native.memory.word(toAddress(request + ADDRESS_REQUEST.host)))
      return { address: work, loop, kind: 'getaddrinfo', what, owner: ownerByData(native, request), slow: true }
    }
    case 'name': {
      const owner = ownerByData(native, work - NAME_REQUEST.work)
      return { address: work, loop, kind: 'getnameinfo', what: null, owner, slow: true }
    }
    case 'random':
      return { address: work, loop, kind: 'random', what: null, owner: ownerByData(native, work - RANDOM_REQUEST.work) }
    case 'work': {
      const owner = ownerBefore(native, work - WORK_REQUEST.work)
      return { address: work, loop, kind: owner?.name ?? 'work', what: null, owner: owner?.address ?? null }
    }
  }
}

function kindOf(native: NativeProcess, work: Address): keyof typeof WORK_FUNCTIONS | null {
  const word = native.memory.word(toAddress(work + WORK.function))
  if (word === 0) return null
  for (const [kind, address] of Object.entries(native.facts.workFunctions)) {
    if (native.at(address) === word) return kind as keyof typeof WORK_FUNCTIONS
  }
  return null
}

function fileWork(native: NativeProcess, request: number): Omit<WorkReading, 'address' | 'loop'> {
  const operation = FS_OPERATIONS[native.memory.i32(toAddress(request + FS_REQUEST.operation))] ?? 'unknown'
  const path = textAt(native, native.memory.word(toAddress(request + FS_REQUEST.path)))
  const fd = native.memory.i32(toAddress(request + FS_REQUEST.file))
  // Only requests without a path work on the descriptor; in the others the field was never written.
  const onDescriptor = path === null && fd >= 0
  return {
    kind: 'fs',
    operation,
    what: path ?? (onDescriptor ? readDescriptor(native.root, fd) : null),
    ...(onDescriptor ? { fd } : {}),
    owner: ownerByData(native, request),
  }
}

/** node::ReqWrap puts itself into the request's data; it is a C++ object with a known vtable. */
function ownerByData(native: NativeProcess, request: number): Address | null {
  const data = toAddress(native.memory.word(toAddress(request + REQUEST_DATA)))
  return data !== 0 && native.classAt(data) !== null ? data : null
}

/**
 * node::ThreadPoolWork embeds the uv_work_t in its owner, behind an AsyncWrap: the nearest known vtable before the
 * request that is the start of a BaseObject. ThreadPoolWork's own vtable comes first and names the job, too.
 */
function ownerBefore(native: NativeProcess, request: number): { address: Address; name: string } | null {
  for (let back = 8; back <= OWNER_BYTES; back += 8) {
    const address = toAddress(request - back)
    const name = native.classAt(address)
    if (name !== null) return { address, name }
  }
  return null
}

function textAt(native: NativeProcess, address: number): string | null {
  if (address === 0 || !native.memory.mappingOf(toAddress(address))?.readable) return null
  let text = ''
  while (text.length < MAX_TEXT_BYTES) {
    // Piece by piece: a text near the end of a mapping must not read beyond it.
    const piece = native.memory.latin1(toAddress(address + text.length), 64 - ((address + text.length) % 64))
    if (piece === '') return null
    const end = piece.indexOf('\0')
    text += end < 0 ? piece : piece.slice(0, end)
    if (end >= 0) break
  }
  return text === '' ? null : Buffer.from(text, 'latin1').toString('utf8')
}
