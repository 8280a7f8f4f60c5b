/**
 * Where bundles go, in a stated order: CONDUCTOR_STALL_DIR; $STATE_DIRECTORY (systemd); $XDG_STATE_HOME;
 * ~/.local/state; the temp folder. The first that can be written is used; the others are said.
 */
import { lstatSync, mkdirSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { StallError } from '../model/stall-error.js'
import { FOLDER_MODE } from './bundle-format.js'
import { codeOf, toDiskError } from './disk-error.js'

const NAME = 'conductor-stall-agent'

export interface DirectoryCandidate {
  readonly path: string
  /** The variable or rule it comes from, for messages. */
  readonly from: string
  /** In a folder that everybody may write: owner and mode are checked, so that nobody else's folder is used. */
  readonly shared: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** All places, best first. `configured` is the setting `dir`. */
export function bundleDirectories(env: Environment, configured: string | null): DirectoryCandidate[] {
  const candidates: DirectoryCandidate[] = []
  const add = (folder: string | undefined, from: string): void => {
    // Relative ones would move with the working directory; the XDG rules say to ignore them.
    if (folder === undefined || !path.isAbsolute(folder)) return
    candidates.push({ path: path.join(folder, NAME), from, shared: false })
  }
  if (configured !== null) {
    candidates.push({ path: path.resolve(configured), from: 'CONDUCTOR_STALL_DIR', shared: false })
  }
  // systemd gives a list; the folder is the service's own already.
  add(env['STATE_DIRECTORY']?.split(':')[0], 'STATE_DIRECTORY')
  add(env['XDG_STATE_HOME'], 'XDG_STATE_HOME')
  const home = env['HOME']
  if (home !== undefined && home !== '') add(path.join(home, '.local/state'), 'HOME')
  const uid = process.getuid?.() ?? 'user'
  const temporary = path.join(
    env['TMPDIR'] && path.isAbsolute(env['TMPDIR']) ? env['TMPDIR'] : os.tmpdir(),
    `${NAME}-${uid}`,
  )
  candidates.push({ path: temporary, from: 'the temp folder', shared: true })
  return candidates
}

/** Makes the folder if needed. Throws ERR_STALL_DIR_UNWRITABLE or ERR_STALL_DISK_FULL. */
export function prepareDirectory(candidate: DirectoryCandidate): void {
  try {
    makeFolders(candidate.path)
  } catch (thrown) {
    throw toDiskError(thrown, candidate.path)
  }
  if (candidate.shared) assertOwned(candidate.path)
}

/**
 * Not mkdirSync's `recursive`: where making a folder fails with ENOENT although its parent is there (/proc does so),
 * Node 20's never returns.
 */
function makeFolders(folder: string): void {
  const parent = path.dirname(folder)
  if (parent !== folder && !isFolder(parent)) makeFolders(parent)
  try {
    mkdirSync(folder, { mode: FOLDER_MODE })
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST' || !isFolder(folder)) throw thrown
  }
}

/** In /tmp anybody may have made the folder, or a link, before us. */
function assertOwned(folder: string): void {
  if (isOwned(folder)) return
  throw new StallError('ERR_STALL_DIR_UNWRITABLE', `${folder} is not a private folder of this user`, {
    help: 'Remove it, or name a folder in CONDUCTOR_STALL_DIR.',
  })
}

function isOwned(folder: string): boolean {
  const uid = process.getuid?.()
  try {
    const stats = lstatSync(folder)
    return stats.isDirectory() && (uid === undefined || stats.uid === uid) && (stats.mode & 0o077) === 0
  } catch {
    // Not there, or a file on the way to it (ENOTDIR): nothing of ours.
    return false
  }
}

/**
 * Places that exist now: a bundle may have gone to any of them. One in the temp folder that is somebody else's is left
 * out: what is in it is not ours to read, and removing old bundles there could be led astray.
 */
export function existingDirectories(candidates: readonly DirectoryCandidate[]): string[] {
  const found = candidates.filter(({ path: folder, shared }) => (shared ? isOwned(folder) : isFolder(folder)))
  return [...new Set(found.map((candidate) => candidate.path))]
}

function isFolder(folder: string): boolean {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
  } catch {
    // ELOOP, EACCES on the way: whoever needs the folder gets its own error.
    return false
  }
}
