/**
 * Files that are either there in full or not at all, whenever the process or the machine ends: written beside under
 * another name, fsynced, renamed, and the folder fsynced. Synchronous on purpose: libuv's pool belongs to the worker.
 */
import type { Hash } from 'node:crypto'
import { closeSync, constants, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import path from 'node:path'
import { StallError } from '../model/stall-error.js'
import { FILE_MODE, WRITING_SUFFIX } from './bundle-format.js'
import { codeOf, toDiskError } from './disk-error.js'
import { createSha256 } from './sha256.js'

export interface DurableFile {
  /** Throws a StallError (disk full, not writable); the file is then gone. */
  write(chunk: string | Uint8Array): void
  /** Makes the file appear under its name, safe on disk. */
  commit(): { readonly sizeBytes: number; readonly sha256: string }
  /** Leaves nothing behind. */
  abort(): void
}

export interface DurableOptions {
  /** Other processes may write a file of this name at the same time: the last one stands, whole. */
  readonly shared?: boolean
}

/** A new file in `folder`; replaces one of the same name at `commit`. */
export function createDurableFile(folder: string, name: string, options: DurableOptions = {}): DurableFile {
  const target = path.join(folder, name)
  const temporary = `${target}${options.shared === true ? `.${process.pid}` : ''}${WRITING_SUFFIX}`
  let fd: number | null = openNew(temporary)
  let over = false
  const hash: Hash = createSha256()
  let sizeBytes = 0

  function abort(): void {
    if (over) return
    over = true
    if (fd !== null) closeQuietly(fd)
    fd = null
    unlinkQuietly(temporary)
  }

  function guarded<T>(act: (fd: number) => T): T {
    if (fd === null) throw new StallError('ERR_STALL_INTERNAL', `${name} is closed already`)
    try {
      return act(fd)
    } catch (thrown) {
      abort()
      throw toDiskError(thrown, target)
    }
  }

  return {
    write(chunk) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      guarded((file) => {
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
      })
      hash.update(bytes)
      sizeBytes += bytes.length
    },
    commit() {
      guarded((file) => {
        fsyncSync(file)
        // A close that fails has closed all the same: the number may belong to the worker a moment later.
        fd = null
        closeSync(file)
        renameSync(temporary, target)
        syncFolder(folder)
        over = true
      })
      return { sizeBytes, sha256: hash.digest('hex') }
    },
    abort,
  }
}

/** One small file at once. */
export function writeDurably(
  folder: string,
  name: string,
  data: string,
  options: DurableOptions = {},
): { sizeBytes: number; sha256: string } {
  const file = createDurableFile(folder, name, options)
  file.write(data)
  return file.commit()
}

function openNew(temporary: string): number {
  // O_EXCL: what is there already (a link, a FIFO, somebody else's file with our name) is never written into.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  try {
    return openSync(temporary, flags, FILE_MODE)
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw toDiskError(thrown, temporary)
  }
  // Left by one of ours that was killed in the middle.
  unlinkQuietly(temporary)
  try {
    return openSync(temporary, flags, FILE_MODE)
  } catch (thrown) {
    throw toDiskError(thrown, temporary)
  }
}

/** Makes new, renamed and removed names in a folder survive a crash of the machine. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } catch (thrown) {
    // Some file systems (FUSE, SMB) can't fsync a folder; the files themselves are safe.
    const code = codeOf(thrown)
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EBADF') throw thrown
  } finally {
    closeSync(fd)
  }
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // The write that failed before is what gets reported; there is nothing to add.
  }
}

export function unlinkQuietly(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // Gone already, or a disk that is failing: reported by whoever needed the file.
  }
}
