/**
 * Where an agent's control socket is: seen from inside, to make it, and from outside, to find it. Who may connect is
 * decided by the folder: private (0700) and owned by the process's user, both checked on either side, so that only
 * that user and root get through. A socket's path is at most 107 bytes (sun_path, less the closing zero).
 */
import { closeSync, constants, lstatSync, mkdirSync, openSync, readdirSync, type Stats } from 'node:fs'
import path from 'node:path'
import { StallError } from '../../model/stall-error.js'
import { readEnvironment, readNamespace } from '../procfs/process.js'
import { readStatus } from '../procfs/status.js'

const NAME = 'conductor-stall-agent'
const MAX_PATH_BYTES = 107

type Environment = Readonly<Record<string, string | undefined>>

/** Folders for the sockets of a user, best first. The temp folder is `/tmp` on purpose: TMPDIR differs between shells. */
export function controlFolders(env: Environment, uid: number): string[] {
  const runtime = env['XDG_RUNTIME_DIR']
  const shared = `/tmp/${NAME}-${uid}`
  return runtime !== undefined && path.isAbsolute(runtime) ? [path.join(runtime, NAME), shared] : [shared]
}

function socketName(pid: number): string {
  return `${pid}.sock`
}

function fits(file: string): boolean {
  return Buffer.byteLength(file) <= MAX_PATH_BYTES
}

function isPrivate(stats: Stats, uid: number): boolean {
  return stats.isDirectory() && stats.uid === uid && (stats.mode & 0o077) === 0
}

/** From inside: the path to listen on, its folder made and checked. Throws ERR_STALL_CONTROL_UNAVAILABLE. */
export function prepareSocketPath(env: Environment, uid: number, pid: number): string {
  const reasons: string[] = []
  for (const folder of controlFolders(env, uid)) {
    const file = path.join(folder, socketName(pid))
    const fault = fits(file) ? makePrivateFolder(folder, uid) : `its path is longer than ${MAX_PATH_BYTES} bytes`
    if (fault === null) return file
    reasons.push(`${folder}: ${fault}`)
  }
  throw new StallError('ERR_STALL_CONTROL_UNAVAILABLE', `no place for the control socket: ${reasons.join('; ')}`, {
    help: 'Give the worker an XDG_RUNTIME_DIR, or make /tmp writable. `conductor-diag dump` works without the socket.',
  })
}

/** Null when the folder is there, private and ours; else why not. Never follows a link that somebody put there. */
function makePrivateFolder(folder: string, uid: number): string | null {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) return String(thrown)
  }
  try {
    return isPrivate(lstatSync(folder), uid) ? null : 'it is not a private folder of this user'
  } catch (thrown) {
    return String(thrown)
  }
}

export interface FoundSocket {
  /** To connect to. */
  readonly path: string
  /** The pid as the process numbers itself: its status must say the same. */
  readonly innerPid: number
  /** Closes what finding it opened; after connecting. */
  dispose(): void
}

/**
 * From outside: the socket of process `pid`, through `/proc/PID/root` when it has another mount namespace.
 * Null when there is none; throws ERR_STALL_PERMISSION when that can't be looked at.
 */
export function findControlSocket(pid: number): FoundSocket | null {
  const root = `/proc/${pid}`
  let uid: number
  let innerPid: number
  try {
    const status = readStatus(root)
    uid = status.effectiveUid
    innerPid = status.namespacePids.at(-1) ?? pid
  } catch (cause) {
    throw new StallError('ERR_STALL_NO_SUCH_PROCESS', `there is no process ${pid}`, { cause })
  }
  const prefix = readNamespace(root, 'mnt') === readNamespace('/proc/self', 'mnt') ? '' : `${root}/root`
  for (const folder of candidateFolders(root, prefix, uid)) {
    const found = socketIn(prefix + folder, uid, innerPid)
    if (found !== null) return found
  }
  return null
}

/** Whether an agent has made a socket in there; whether it answers is another question. Another user's counts as none. */
export function hasControlSocket(pid: number): boolean {
  try {
    const found = findControlSocket(pid)
    found?.dispose()
    return found !== null
  } catch {
    // Not ours to ask, or gone by now.
    return false
  }
}

/** In a user namespace the process calls its user by another number: then any of our folders there may be its. */
function candidateFolders(root: string, prefix: string, uid: number): string[] {
  const folders = controlFolders(environmentOf(root), uid)
  try {
    for (const name of readdirSync(`${prefix}/tmp`)) {
      if (name.startsWith(`${NAME}-`) && folders.length < 16) folders.push(`/tmp/${name}`)
    }
  } catch {
    // No /tmp, or not to be listed: the documented places are tried.
  }
  return [...new Set(folders)]
}

function environmentOf(root: string): Environment {
  try {
    return readEnvironment(root)
  } catch {
    // Another user's: its /tmp folder may still be found, and connecting will say what is not allowed.
    return {}
  }
}

function socketIn(folder: string, uid: number, innerPid: number): FoundSocket | null {
  const file = path.join(folder, socketName(innerPid))
  try {
    if (!isPrivate(lstatSync(folder), uid) || !lstatSync(file).isSocket()) return null
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES') {
      throw new StallError('ERR_STALL_PERMISSION', `${folder} belongs to another user`, {
        cause,
        help: `Run it as the worker's user (uid ${uid}) or as root.`,
      })
    }
    return null
  }
  if (fits(file)) return { path: file, innerPid, dispose: () => undefined }
  // Too long through /proc/PID/root: its folder, opened, gives a short name.
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  return { path: `/proc/self/fd/${fd}/${socketName(innerPid)}`, innerPid, dispose: () => closeSync(fd) }
}
