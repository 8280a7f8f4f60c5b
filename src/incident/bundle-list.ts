/** Which bundles there are, and which one a person means. */
import { existsSync, lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { decodeTime } from 'ulid'
import { StallError } from '../model/stall-error.js'
import { MANIFEST_FILE, parseFolderName } from './bundle-format.js'
import { readBundle } from './bundle-reader.js'
import { codeOf } from './disk-error.js'

/** What the folder's name and its files' sizes say; no manifest is read. */
export interface BundleEntry {
  readonly id: string
  readonly path: string
  readonly state: 'sealed' | 'partial'
  /** ms since the epoch, from the id. */
  readonly createdAtMs: number
  readonly sizeBytes: number
}

export interface ListOptions {
  /** False: `sizeBytes` is 0, and no file is asked for its size; for folders of a thousand bundles. */
  readonly sizes?: boolean
}

/** Newest first. Folders that don't exist or can't be read count as empty. */
export function listBundles(directories: readonly string[], { sizes = true }: ListOptions = {}): BundleEntry[] {
  const entries: BundleEntry[] = []
  for (const directory of directories) {
    for (const name of readNames(directory)) {
      const parsed = parseFolderName(name)
      if (parsed === null || parsed.state === 'deleting') continue
      const folder = path.join(directory, name)
      const sizeBytes = sizes ? folderBytes(folder) : isFolder(folder) ? 0 : null
      if (sizeBytes === null) continue
      entries.push({ id: parsed.id, path: folder, state: parsed.state, createdAtMs: decodeTime(parsed.id), sizeBytes })
    }
  }
  return entries.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
}

/** Names in a folder; none when it can't be read. */
export function readNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'EPERM') return []
    throw thrown
  }
}

function isFolder(folder: string): boolean {
  try {
    return lstatSync(folder).isDirectory()
  } catch {
    // Gone by now.
    return false
  }
}

/** Bytes on disk; null for what is no folder, or is gone by now. */
export function folderBytes(folder: string): number | null {
  try {
    if (!lstatSync(folder).isDirectory()) return null
    let bytes = 0
    for (const name of readdirSync(folder)) {
      const stats = lstatSync(path.join(folder, name), { throwIfNoEntry: false })
      // What it takes on disk, which is what a limit on disk space is about.
      bytes += stats === undefined ? 0 : Math.max(stats.size, stats.blocks * 512)
    }
    return bytes
  } catch {
    // Removed, or sealed under its other name, since it was listed.
    return null
  }
}

/**
 * The bundle that `reference` means: `latest`, an id, the beginning of one, or a path.
 * Throws ERR_STALL_BUNDLE_NOT_FOUND, or ERR_STALL_USAGE when several begin so.
 */
export function findBundle(directories: readonly string[], reference: string): BundleEntry {
  if (reference.includes('/')) return bundleAt(path.resolve(reference))
  const all = listBundles(directories)
  if (reference.toLowerCase() === 'latest') {
    const newest = all.find((entry) => entry.state === 'sealed') ?? all[0]
    if (newest === undefined) throw nothingFound('There is no bundle yet', directories)
    return newest
  }
  const prefix = reference.toUpperCase()
  const matches = prefix === '' ? [] : all.filter((entry) => entry.id.startsWith(prefix))
  const [first] = matches
  if (first === undefined) throw nothingFound(`no bundle begins with ${reference}`, directories)
  if (matches.length > 1 && first.id !== prefix) {
    const some = matches.slice(0, 5).map((entry) => entry.id)
    throw new StallError('ERR_STALL_USAGE', `${matches.length} bundles begin with ${reference}: ${some.join(', ')}`, {
      help: 'Type more of the id.',
    })
  }
  return first
}

function bundleAt(folder: string): BundleEntry {
  const parsed = parseFolderName(path.basename(folder)) ?? unpackedAt(folder)
  const sizeBytes = folderBytes(folder)
  if (parsed === null || parsed.state === 'deleting' || sizeBytes === null) {
    throw new StallError('ERR_STALL_BUNDLE_NOT_FOUND', `there is no bundle at ${folder}`, {
      help: 'A bundle is a folder with an incident.json, as `conductor-diag ls` lists them.',
    })
  }
  return { id: parsed.id, path: folder, state: parsed.state, createdAtMs: decodeTime(parsed.id), sizeBytes }
}

/** A bundle under another name, as it comes out of a ticket's attachment: its manifest says what it is. */
function unpackedAt(folder: string): { readonly id: string; readonly state: 'sealed' } | null {
  if (!existsSync(path.join(folder, MANIFEST_FILE))) return null
  return { id: readBundle(folder).id, state: 'sealed' }
}

function nothingFound(what: string, directories: readonly string[]): StallError {
  const where = directories.length === 0 ? 'no folder of bundles exists' : `looked in ${directories.join(', ')}`
  return new StallError('ERR_STALL_BUNDLE_NOT_FOUND', `${what} (${where})`, {
    help: '`conductor-diag ls` lists the bundles; --dir names another folder.',
  })
}
