/**
 * One process as native code sees it: its Node binary with the load bias, its memory, its threads' control blocks.
 * Everything in this room reads through it. It owns the ELF file, not the memory.
 */
import { statSync } from 'node:fs'
import { toAddress, type Address } from '../../model/address.js'
import type { ElfFile } from '../../platform/elf/elf-file.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import { type NodeBinary, openNodeBinary } from '../../platform/runtime/node-binary.js'
import { mainThreadId } from '../../platform/procfs/threads.js'
import { binaryFactsOf, type BinaryFacts } from './binary-facts.js'
import { targetClockOffsetMs } from './target-clock.js'
import type { ThreadBlocks } from './thread-block.js'
import { findThreadBlocks, stillCurrent } from './thread-blocks.js'

const PAGE_BYTES = 4096

export interface NativeProcess {
  /** `/proc/PID` or `/proc/self`. */
  readonly root: string
  readonly mainTid: number
  readonly memory: MemoryReader
  readonly elf: ElfFile
  readonly facts: BinaryFacts
  /** True when Node is a libnode.so that the program loaded. */
  readonly isLibrary: boolean
  /** Path of the binary as the target's maps name it. */
  readonly path: string
  /** Added to every address of the file. */
  readonly bias: number
  /** Control blocks of all threads, found at the first call and again after `refresh`. */
  threads(): ThreadBlocks
  /** Forgets what may have changed between looks: cached memory, threads. */
  refresh(): void
  /** CLOCK_MONOTONIC of the target's time namespace now, ms. */
  nowMs(): number
  /** Run-time address of one in the file. */
  at(fileAddress: number): Address
  /** Class by vtable of the C++ object at `address`, null when it is none that is known. */
  classAt(address: Address): string | null
  dispose(): void
}

/**
 * @param memory stays the caller's
 * @param binary the caller's too, when it is given
 * @throws StallError ERR_STALL_NOT_NODE, ERR_STALL_ELF_INVALID, ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS
 */
export function openNativeProcess(root: string, memory: MemoryReader, binary?: NodeBinary): NativeProcess {
  const opened = binary ?? openNodeBinary(root, memory.mappings())
  const release = (): void => (binary === undefined ? opened.release() : undefined)
  const { elf, isLibrary } = opened
  const path = isLibrary ? opened.path : mappedName(root, opened.path, memory.mappings())
  try {
    const facts = binaryFactsOf(elf)
    const bias = loadBias(elf, path, memory.mappings())
    const clockOffsetMs = targetClockOffsetMs(root)
    let threads: ThreadBlocks | null = null
    let checked = false
    const native: NativeProcess = {
      root,
      mainTid: mainThreadId(root),
      memory,
      elf,
      facts,
      isLibrary,
      path,
      bias,
      threads() {
        if (threads === null || (!checked && !stillCurrent(native, threads))) threads = findThreadBlocks(native)
        checked = true
        return threads
      },
      refresh() {
        memory.flush()
        checked = false
      },
      nowMs: () => Number(process.hrtime.bigint() / 1000n) / 1000 + clockOffsetMs,
      at: (fileAddress) => toAddress(fileAddress + bias),
      classAt(address) {
        const vtable = memory.word(address)
        return vtable === 0 ? null : (facts.classes.get(vtable - bias) ?? null)
      },
      dispose: release,
    }
    return native
  } catch (thrown) {
    release()
    throw thrown
  }
}

/** A renamed binary keeps its old name in maps: then the inode tells. */
function mappedName(root: string, executable: string, mappings: readonly Mapping[]): string {
  if (mappings.some((mapping) => mapping.path === executable)) return executable
  const { ino } = statSync(`${root}/exe`)
  return mappings.find((mapping) => mapping.inode === ino)?.path ?? executable
}

function loadBias(elf: ElfFile, path: string, mappings: readonly Mapping[]): number {
  if (!elf.positionIndependent) return 0
  const first = mappings.find((mapping) => mapping.path === path && mapping.offset === 0)
  const lowest = elf.segments[0]
  if (!first || !lowest) return 0
  return first.start - Math.floor(lowest.address / PAGE_BYTES) * PAGE_BYTES
}
