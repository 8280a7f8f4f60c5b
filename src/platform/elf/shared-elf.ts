/**
 * An ELF file that is opened and parsed once for all who read it. A file is known by device, inode, size and time of
 * change, since its path (`/proc/PID/exe`) may lead to another one later. The last one stays open when nobody reads it any
 * more: what recognises a process is done before what reads its memory begins.
 */
import { statSync } from 'node:fs'
import { type ElfFile, openElf } from './elf-file.js'

export interface SharedElf {
  readonly elf: ElfFile
  /** Once by each who opened it. */
  readonly release: () => void
}

interface Opened {
  readonly key: string
  readonly elf: ElfFile
  readers: number
}

const opened = new Map<string, Opened>()

/** By what a file is the same file; null when it can't be asked. */
export function identityOf(file: string): string | null {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats ? `${stats.dev}:${stats.ino}:${stats.mtimeMs}:${stats.size}` : null
}

/** @throws StallError as `openElf` */
export function openShared(file: string): SharedElf {
  const key = identityOf(file)
  if (key === null) {
    const elf = openElf(file)
    return { elf, release: () => elf.dispose() }
  }
  const known = opened.get(key)
  const entry = known ?? { key, elf: openElf(file), readers: 0 }
  if (known === undefined) {
    closeIdle()
    opened.set(key, entry)
  }
  entry.readers++
  let released = false
  return {
    elf: entry.elf,
    release() {
      if (released) return
      released = true
      entry.readers--
      // At most one is kept for whoever comes next.
      if (entry.readers === 0 && opened.size > 1) closeIdle()
    },
  }
}

function closeIdle(): void {
  for (const { key, elf, readers } of opened.values()) {
    if (readers > 0) continue
    opened.delete(key)
    elf.dispose()
  }
}
