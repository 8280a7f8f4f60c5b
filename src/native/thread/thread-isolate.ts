/**
 * Which isolate a thread runs: V8 keeps it in thread-local storage (g_current_isolate_ of src/execution/isolate.cc),
 * at a fixed distance below the thread pointer. True also for a thread that runs, whose registers can't be seen.
 */
import { ADDRESS_LIMIT, toAddress, type Address } from '../../model/address.js'
import type { NativeProcess } from '../process/native-process.js'
import type { ThreadBlock } from '../process/thread-block.js'

export type IsolateAnswer =
  | { readonly isolate: Address }
  /** The thread runs no isolate, now. */
  | { readonly isolate: null }
  /** It can't be told from here, and why. */
  | { readonly unknown: string }

export function isolateOfThread(native: NativeProcess, block: ThreadBlock): IsolateAnswer {
  const { tls, machine } = native.elf
  const offset = native.facts.isolateTlsOffset
  if (offset === null || tls === null) return { unknown: 'the binary is stripped of the symbol g_current_isolate_' }
  if (machine !== 'x64') return { unknown: 'thread-local storage is laid out differently on this architecture' }
  // The distance is known for the main program only: a library's block is placed by the loader.
  if (native.isLibrary) return { unknown: 'Node is a shared library here, whose thread-local block the loader places' }
  const word = native.memory.word(toAddress(block.address - tls.bytesBelowThreadPointer + offset))
  if (word === 0) return { isolate: null }
  if (word % 8 !== 0 || word >= ADDRESS_LIMIT || !native.memory.mappingOf(toAddress(word))?.writable) {
    return { unknown: 'the thread-local slot holds no address of writable memory' }
  }
  return { isolate: toAddress(word) }
}

/** Every thread that runs an isolate. */
export function isolatesByThread(native: NativeProcess): ReadonlyMap<number, Address> {
  const found = new Map<number, Address>()
  for (const block of native.threads().byTid.values()) {
    const answer = isolateOfThread(native, block)
    if ('isolate' in answer && answer.isolate !== null) found.set(block.tid, answer.isolate)
  }
  return found
}
