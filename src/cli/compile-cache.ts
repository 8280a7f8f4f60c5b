/**
 * V8's compiled code of the command line, kept from one run to the next: a start that need not compile takes two thirds of
 * the time. Code that is run must come from nobody else: the file, its folder, and each folder above up to the user's
 * cache are ours alone, or there is no cache. Node's own cache (22.1 on) keeps less of what was compiled, and decides that
 * at the first command that is ever run.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'

/** More than all code of the package has. */
const MAX_BYTES = 16 << 20
/** Offset and length of the head, so that it can be read before it is known. */
const HEAD_BYTES = 4096
/** What lies behind the head begins where V8 need not copy it. */
const ALIGN = 64
/** A file as old as this may be of a version that is gone; one that is in use is made again in a moment. */
const KEPT_DAYS = 30

/** Compiled code of one source file. */
export interface CompiledPart {
  readonly file: string
  /** Of the source, when it was compiled. */
  readonly identity: string
  readonly code: Uint8Array
}

/** `$XDG_CACHE_HOME/conductor-stall-agent/compiled`, else under `~/.cache`; null where it can't be ours alone. */
export function prepareCompileCache(env: NodeJS.ProcessEnv, uid = process.geteuid?.()): string | null {
  const given = env['XDG_CACHE_HOME']
  try {
    // As root with another user's HOME (sudo): that user could change what root would run.
    let folder = given?.startsWith('/') ? given : path.join(homeOf(env), '.cache')
    for (const name of ['', 'conductor-stall-agent', 'compiled']) {
      folder = path.join(folder, name)
      const { uid: owner, mode } = lstatSync(folder, { throwIfNoEntry: false }) ?? makeFolder(folder)
      const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR
      if (!isFolder || owner !== uid || (mode & 0o022) !== 0) return null
    }
    return folder
  } catch {
    // No home, or none that can be written.
    return null
  }
}

function homeOf(env: NodeJS.ProcessEnv): string {
  return env['HOME'] ?? process.getBuiltinModule('node:os').homedir()
}

function makeFolder(folder: string): Stats {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  }
  return lstatSync(folder)
}

/** Changes with every other text: whoever writes or replaces a file can't keep the time of its change. */
export function identityOfSource(file: string): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(file)
  return [dev, ino, size, mtimeMs, ctimeMs].join(':')
}

/** None when there is no such file, when others may have written it, or when it is not whole. Never throws. */
export function readCompiled(file: string): CompiledPart[] {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      // Checked on what was opened, not on a name that may be another file's by the next call.
      const { uid, mode, size } = fstatSync(fd)
      const isFile = (mode & constants.S_IFMT) === constants.S_IFREG
      if (!isFile || uid !== process.geteuid?.() || (mode & 0o022) !== 0 || size > MAX_BYTES) return []
      return parse(readFileSync(fd))
    } finally {
      closeSync(fd)
    }
  } catch {
    return []
  }
}

interface Head {
  readonly parts: readonly (Omit<CompiledPart, 'code'> & { readonly at: number; readonly length: number })[]
  readonly size: number
  /** As `sumOf` has it. */
  readonly sum: number
}

function parse(bytes: Buffer): CompiledPart[] {
  const head = JSON.parse(bytes.toString('utf8', 0, bytes.indexOf(0))) as Head
  if (head.size !== bytes.length || head.sum !== sumOf(bytes)) return []
  return head.parts.map(({ file, identity, at, length }) => ({
    file,
    identity,
    code: bytes.subarray(at, at + length),
  }))
}

/**
 * Of one word of each 64 bytes. V8 checks nothing but a head, and would crash on a block that a disk has lost, again and
 * again; a sum of all words would cost as much as the cache saves.
 */
function sumOf(bytes: Buffer): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
  let sum = 0
  for (let at = HEAD_BYTES / 4; at < words.length; at += ALIGN / 4) sum = (Math.imul(sum, 31) + (words[at] ?? 0)) >>> 0
  return sum
}

/** Best effort: without it the next start is as slow as this one. */
export function writeCompiled(file: string, parts: readonly CompiledPart[]): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const bytes = join(parts)
    if (bytes === null || bytes.length > MAX_BYTES) return
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
      // Before it has its name: a power failure could leave a name and a length alone.
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, file)
    removeOld(path.dirname(file))
  } catch {
    // A full disk, or one that can't be written.
    rmSync(temporary, { force: true })
  }
}

function join(parts: readonly CompiledPart[]): Buffer | null {
  let end = HEAD_BYTES
  const placed = parts.map(({ file, identity, code }) => {
    const at = end
    end += Math.ceil(code.length / ALIGN) * ALIGN
    return { file, identity, at, length: code.length }
  })
  const bytes = Buffer.alloc(end)
  for (const [index, { code }] of parts.entries()) bytes.set(code, placed[index]?.at)
  const head: Head = { parts: placed, size: end, sum: sumOf(bytes) }
  if (bytes.write(JSON.stringify(head)) >= HEAD_BYTES - 1) return null
  return bytes
}

function removeOld(folder: string): void {
  const before = Date.now() - KEPT_DAYS * 24 * 3600 * 1000
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name)
    if (lstatSync(file).mtimeMs < before) rmSync(file, { force: true, recursive: true })
  }
}
