/**
 * Layouts that were learnt once, by build id, in the user's own cache folder: 0700, ours alone, written atomically.
 * A file that is not exactly a layout of this schema for that build is discarded, never half used.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type FolderHandle, openFolder } from '../../platform/files/folder-handle.js'
import { LAYOUT_SCHEMA } from './layout.js'
import type { V8Layout } from './layout.js'

const MAX_BYTES = 1 << 20

/** `$XDG_CACHE_HOME/conductor-stall-agent/layouts`, else under `~/.cache`. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_CACHE_HOME']
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'conductor-stall-agent', 'layouts')
}

function fileOf(folder: string, buildId: string): string | null {
  return /^[0-9a-f]{8,64}$/.test(buildId) ? join(folder, `${buildId}.json`) : null
}

/** Null when there is none, when it is somebody else's, or when it is broken: the last is removed. */
export function readCachedLayout(folder: string, buildId: string): V8Layout | null {
  const file = fileOf(folder, buildId)
  if (file === null) return null
  try {
    const text = readOurs(file)
    if (text === null) return null
    const layout: unknown = JSON.parse(text)
    if (isLayout(layout) && layout.buildId === buildId) return layout
    rmSync(file, { force: true })
    return null
  } catch (thrown) {
    if (thrown instanceof SyntaxError) rmSync(file, { force: true })
    // Not there, or not readable: learnt anew.
    return null
  }
}

/** Checked on what was opened, not on a name that may be another file's by the next call. A FIFO is not waited for. */
function readOurs(file: string): string | null {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    const ours = stat.isFile() && stat.uid === process.geteuid?.() && (stat.mode & 0o022) === 0
    return ours && stat.size <= MAX_BYTES ? readFileSync(fd, 'utf8') : null
  } finally {
    closeSync(fd)
  }
}

/** `.cache`, our own folder, `layouts`. */
const NEW_LEVELS = 3

/** Not by `recursive`: under a parent where nothing can be made (/proc) Node's own loop never ends. */
function makeFolder(folder: string, levels: number): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || levels <= 1) throw thrown
    makeFolder(dirname(folder), levels - 1)
    mkdirSync(folder, { mode: 0o700 })
  }
}

/** Best effort: a home that can't be written only costs the next dump its time. True when it is written. */
export function writeCachedLayout(folder: string, layout: V8Layout): boolean {
  const file = layout.buildId === null ? null : fileOf(folder, layout.buildId)
  if (file === null) return false
  let handle: FolderHandle | null = null
  let temporary = ''
  try {
    makeFolder(folder, NEW_LEVELS)
    // Held open: as root in another user's cache a link could take its place before the next call.
    handle = openFolder(folder)
    if (handle.uid !== process.geteuid?.()) return false
    if ((handle.mode & 0o077) !== 0) chmodSync(handle.inside, 0o700)
    const name = basename(file)
    temporary = join(handle.inside, `${name}.${process.pid}.tmp`)
    writeFileSync(temporary, JSON.stringify(layout), { mode: 0o600, flag: 'wx' })
    renameSync(temporary, join(handle.inside, name))
    return true
  } catch {
    if (temporary !== '') rmSync(temporary, { force: true })
    return false
  } finally {
    handle?.dispose()
  }
}

/** Whether a value has the shape of a layout of this schema; every offset a number. */
export function isLayout(value: unknown): value is V8Layout {
  if (typeof value !== 'object' || value === null) return false
  const layout = value as Partial<V8Layout>
  if (layout.schema !== LAYOUT_SCHEMA) return false
  const groups = [
    layout.types,
    layout.frameTypes,
    layout.ranges,
    layout.frame,
    layout.map,
    layout.jsFunction,
    layout.shared,
    layout.script,
    layout.bytecode,
    layout.isolate,
    layout.promise,
    layout.generator,
    layout.reaction,
    layout.context,
  ]
  const numbers = groups.every(
    (group) => typeof group === 'object' && group !== null && Object.values(group).every(Number.isInteger),
  )
  return (
    numbers &&
    isNumbers(layout.page?.heap) &&
    isNumbers(layout.page?.end) &&
    (layout.positions === 'signed' || layout.positions === 'unsigned') &&
    (layout.translation === null || isNumbers(layout.translation)) &&
    (layout.bytecodeSizes === null || isNumbers(layout.bytecodeSizes)) &&
    typeof layout.code === 'object' &&
    isNumbers(layout.code.streamToCode)
  )
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => Number.isInteger(item))
}
