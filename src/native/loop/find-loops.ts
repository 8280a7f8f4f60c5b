/** Where the event loops of a process are: the main thread's by symbol, workers' on their own stacks. */
import { toAddress, type Address } from '../../model/address.js'
import { LOOP, LOOP_SIGNATURE, UV_ASYNC, UV_SIGNAL } from '../layouts/libuv.js'
import type { NativeProcess } from '../process/native-process.js'
import type { ThreadBlock } from '../process/thread-block.js'
import { isolatesByThread } from '../thread/thread-isolate.js'

/** A worker's loop is a local of Worker::StartThread's lambda: 3.3 to 4.1 KB below the thread's control block. */
const WORKER_STACK_BYTES = 64 << 10
/** The program's own data without a symbol table: .data and .bss. */
const MAX_DATA_BYTES = 4 << 20

/** Loop of each thread that has one, by tid. */
export function findLoops(native: NativeProcess): ReadonlyMap<number, Address> {
  const loops = new Map<number, Address>()
  const main = mainLoop(native)
  if (main !== null) loops.set(native.mainTid, main)
  const { byTid } = native.threads()
  for (const tid of isolatesByThread(native).keys()) {
    const block = byTid.get(tid)
    if (tid === native.mainTid || !block) continue
    const [own] = loopsOfThread(native, block)
    if (own !== undefined) loops.set(tid, own)
  }
  return loops
}

/** Loops that a thread keeps on its own stack, below its control block. */
export function loopsOfThread(native: NativeProcess, block: ThreadBlock): Address[] {
  return loopsIn(native, Math.max(block.stack.low, block.address - WORKER_STACK_BYTES), block.address)
}

/** Null when nothing with a loop's signature is where it should be. */
export function mainLoop(native: NativeProcess): Address | null {
  const { defaultLoop } = native.facts
  if (defaultLoop !== null) {
    const address = native.at(defaultLoop)
    return isLoop(native, address) ? address : null
  }
  // Stripped: the signature in the program's own data, which for .bss is anonymous memory right behind the file's.
  const mappings = native.memory.mappings()
  const own = mappings.filter((mapping) => mapping.path === native.path)
  for (const mapping of mappings) {
    const isOwn =
      mapping.path === native.path || (mapping.inode === 0 && own.some((part) => part.end === mapping.start))
    if (!mapping.writable || !isOwn || mapping.end - mapping.start > MAX_DATA_BYTES) continue
    const [found] = loopsIn(native, mapping.start, mapping.end)
    if (found !== undefined) return found
  }
  return null
}

export function isLoop(native: NativeProcess, address: Address): boolean {
  const { memory } = native
  return (
    memory.word(toAddress(address + LOOP_SIGNATURE.asyncLoop)) === address &&
    memory.u32(toAddress(address + LOOP_SIGNATURE.asyncType)) === UV_ASYNC &&
    memory.word(toAddress(address + LOOP_SIGNATURE.signalLoop)) === address &&
    memory.u32(toAddress(address + LOOP_SIGNATURE.signalType)) === UV_SIGNAL
  )
}

function loopsIn(native: NativeProcess, from: number, to: number): Address[] {
  const start = Math.ceil(from / 8) * 8
  const bytes = new Uint8Array(Math.floor((to - start) / 8) * 8)
  if (bytes.length < LOOP.size || !native.memory.read(toAddress(start), bytes)) return []
  const words = new Uint32Array(bytes.buffer)
  const found: Address[] = []
  const pointsTo = (index: number, address: number): boolean =>
    (words[index] ?? 0) + (words[index + 1] ?? 0) * 0x1_0000_0000 === address
  for (let at = 0; at + LOOP.size <= bytes.length; at += 8) {
    if (words[(at + LOOP_SIGNATURE.asyncType) >> 2] !== UV_ASYNC) continue
    if (words[(at + LOOP_SIGNATURE.signalType) >> 2] !== UV_SIGNAL) continue
    const address = start + at
    if (!pointsTo((at + LOOP_SIGNATURE.asyncLoop) >> 2, address)) continue
    if (pointsTo((at + LOOP_SIGNATURE.signalLoop) >> 2, address)) found.push(toAddress(address))
  }
  return found
}
