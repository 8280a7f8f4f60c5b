/**
 * Whether starting a binary starts plain node and nothing else. A single-executable application, or one made by pkg or
 * nexe, is a node binary too, and would start the application a second time.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import type { ElfFile } from '../../platform/elf/elf-file.js'

const NODE_START = '_ZN4node5StartEiPPc'
/** deps/postject and src/node_sea.cc: the digit turns to 1 when an application is put in. */
const SEA_FUSE = Buffer.from('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:')
const CHUNK = 4 << 20
const MAX_FILE = 1 << 30

export type PlainNode = 'yes' | { readonly no: string }

/**
 * @param path to read it by (`/proc/PID/exe`)
 * @param name as the kernel names it
 */
export function plainNode(elf: ElfFile, path: string, name: string): PlainNode {
  if (isSingleExecutable(path)) return { no: 'it is a single-executable application, which would be started again' }
  if (!elf.symbols.find([NODE_START]).has(NODE_START)) return { no: 'its symbols do not say that it is node' }
  if (!/^node(js)?[-\d.]*$/.test(basename(name.replace(/ \(deleted\)$/, '')))) {
    return { no: `${name} is not called node, so it may hold an application` }
  }
  return 'yes'
}

/** True when the fuse says that an application was put into the binary, and when the file can't be read. */
export function isSingleExecutable(path: string): boolean {
  const overlap = SEA_FUSE.length + 1
  const buffer = Buffer.alloc(CHUNK + overlap)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return true
  }
  try {
    let kept = 0
    for (let at = 0; at < MAX_FILE;) {
      const got = readSync(file, buffer, kept, CHUNK, at)
      if (got === 0) return false
      const text = buffer.subarray(0, kept + got)
      for (let found = text.indexOf(SEA_FUSE); found >= 0; found = text.indexOf(SEA_FUSE, found + 1)) {
        if (text[found + SEA_FUSE.length] === 0x31) return true
      }
      at += got
      kept = Math.min(overlap, text.length)
      text.copy(buffer, 0, text.length - kept)
    }
    return true
  } catch {
    return true
  } finally {
    closeSync(file)
  }
}
